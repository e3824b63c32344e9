/** The experiment in words: a command line, Python, a recipe. Each gives the same bytes. */

import { findUncovered } from "../engines/manifests";
import { applyChanges, readChanges } from "../engines/timeline";
import { findUnmet, isSame, type Schema, type Values } from "../form/schema";
import { writeValue } from "../form/values";
import { differences } from "../link/link";

/** What is repeated. */
export interface Experiment {
  readonly lab: string;
  readonly schema: Schema;
  readonly recipe: string | null;
  readonly base: Values;
  readonly config: Values;
  /** As the setting `changes` takes them. */
  readonly changes: string;
  readonly iterations: number;
}

/** The settings that a run needs besides the recipe's to be the same: those that have an effect at some time. */
export function settingsOf(experiment: Experiment): Record<string, unknown> {
  const { lab, schema, base, config, changes, iterations } = experiment;
  // What is planned for later belongs to no training that ends here.
  const made = changes || iterations > 0 ? changes : config["changes"];
  const planned = readChanges(made, config);
  const moments = [config, ...planned.map((_, i) => applyChanges(config, planned.slice(0, i + 1)))];
  const hasEffect = (path: string) => moments.some((moment) => findUnmet(schema, path, moment) === null);
  const values = Object.fromEntries(Object.entries(differences(schema, base, config)).filter(([path]) => hasEffect(path)));
  // What the live engine does not compute was computed on the server, and is by a command too.
  if (schema.byPath.has("engine") && findUncovered(lab, config) === null) values["engine"] = "wasm";
  if (schema.byPath.has("iterations") && iterations > 0) {
    // A decay without an end of its own ends at the last iteration, which is another one now.
    const decays = schema.byPath.has("lr_decay_until") && config["lr_decay"] !== "none";
    if (decays && config["lr_decay_until"] === null) values["lr_decay_until"] = config["iterations"];
    values["iterations"] = iterations;
  }
  if (schema.byPath.has("changes")) {
    if (isSame(base["changes"], made)) delete values["changes"];
    else values["changes"] = made;
  }
  return values;
}

/** `epoque run gan2d/ring --seed 7 …` */
export function commandLine(experiment: Experiment): string {
  const name = experiment.recipe ?? `${experiment.lab}.yaml`;
  const options = Object.entries(settingsOf(experiment)).map(
    ([path, value]) => `--${path.replaceAll("_", "-")} ${quoteShell(writeValue(value))}`,
  );
  return ["epoque run", quoteShell(name), ...options].join(" ");
}

function quoteShell(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'"'"'`)}'`;
}

/** The same through `epoque.run`. */
export function pythonCode(experiment: Experiment): string {
  const name = experiment.recipe ?? `${experiment.lab}.yaml`;
  const pairs = Object.entries(settingsOf(experiment)).map(([path, value]) => `    ${JSON.stringify(path)}: ${writePython(value)},\n`);
  return `import epoque\n\nrun = epoque.run(${JSON.stringify(name)}, **{\n${pairs.join("")}})\nprint(run.results)\n`;
}

function writePython(value: unknown): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `(${value.map((each) => `${writePython(each)},`).join(" ")})`;
  return JSON.stringify(value);
}

/** A recipe of one's own: `epoque run FILE.yaml` gives the same bytes. */
export function recipeYaml(experiment: Experiment, title: string): string {
  const own: Experiment = { ...experiment, base: defaultsOf(experiment.schema) };
  const lines = Object.entries(settingsOf(own)).map(([path, value]) => `  ${path}: ${quoteYaml(writeValue(value))}\n`);
  return `lab: ${experiment.lab}\ntitle: ${quoteYaml(title)}\nconfig:\n${lines.join("")}`;
}

function defaultsOf(schema: Schema): Values {
  return Object.fromEntries(schema.settings.map((setting) => [setting.path, setting.default]));
}

/** Every scalar is read as text, so quotes are needed only where YAML would see more than one. */
function quoteYaml(text: string): string {
  return /^[\w.][\w.,+-]*$/.test(text) ? text : JSON.stringify(text);
}
