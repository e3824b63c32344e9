/** Keeping a training: the server computes it again and writes a run; without one it is a file. */

import { saveFile } from "../canvas/export";
import { loadSite } from "../engines/site";
import type { Values } from "../form/schema";
import { t } from "../i18n";
import { ask, readRefusal } from "../labs";
import { type Experiment, recipeYaml, settingsOf } from "./commands";
import { metricsCsv, pointsCsv } from "./exports";
import type { LiveRun } from "./live-run.svelte";
import { ownPointsCsv, sendOwnPoints, withPointsAt } from "../data/own-points";
import { makeZip } from "./zip";

/** What became of it: a run that is there, a run that is trained anew, or a file that was saved. */
export type Kept =
  | { readonly kind: "run"; readonly id: string }
  | { readonly kind: "training"; readonly id: string }
  | { readonly kind: "file"; readonly name: string };

/** The experiment that a training is now. */
export function experimentOf(run: LiveRun): Experiment {
  const { lab, schema, recipe, base, config } = run;
  // `config` is what it is now; a run begins with what it began with, and changes on the way.
  return { lab, schema, recipe, base, config: run.begun ?? config, changes: run.session?.changes() ?? "", iterations: run.done };
}

/** Keeps a training under a name; rejects with one sentence. */
export async function keep(run: LiveRun, name: string): Promise<Kept> {
  if (run.changedNow) throw new Error(t("The last change has had no effect yet: do one more iteration first."));
  const experiment = experimentOf(run);
  const digest = await run.session?.digest().catch(() => "");
  const { server } = await loadSite();
  // Only the live engine's state has a digest; what cannot be compared is trained from the start.
  if (server && !digest) return { kind: "training", id: await train(experiment, name) };
  if (run.done === 0) throw new Error(t("Nothing was trained yet: play first."));
  if (server && digest) return { kind: "run", id: await post(experiment, digest, name) };
  // Own points come along in a zip; a recipe alone would name a file that is not there.
  if (ownPointsCsv(experiment.lab, experiment.config) !== null) return keepZip(run, name);
  const file = `${stemOf(name)}.yaml`;
  saveFile(new Blob([recipeYaml(experiment, name)], { type: "application/yaml" }), file);
  return { kind: "file", name: file };
}

/** Saves the recipe with the numbers of the page: metrics, points, the digest of the state. */
export async function keepZip(run: LiveRun, name: string): Promise<Kept> {
  const experiment = experimentOf(run);
  const csv = ownPointsCsv(experiment.lab, experiment.config);
  const own = csv === null ? experiment : { ...experiment, config: withPointsAt(experiment.lab, experiment.config, "data.csv") };
  const digest = await run.session?.digest().catch(() => "");
  const texts: Record<string, string> = {
    "run.yaml": recipeYaml(own, name),
    "metrics.csv": metricsCsv(run.metrics),
    ...(digest ? { "digest.txt": `${digest} after ${run.done} iterations (SHA-256 of the state)\n` } : {}),
    ...(run.frame ? { "points.csv": pointsCsv(run.frame) } : {}),
    ...(csv === null ? {} : { "data.csv": csv }),
  };
  const entries = Object.entries(texts).map(([file, text]) => ({ name: `${stemOf(name)}/${file}`, data: new TextEncoder().encode(text) }));
  const file = `${stemOf(name)}.zip`;
  saveFile(new Blob([makeZip(entries)], { type: "application/zip" }), file);
  return { kind: "file", name: file };
}

/** A run's folder has letters a to z, digits, `.`, `_` and `-` alone; null where nothing is left. */
export function runNameOf(name: string): string | null {
  const plain = stemOf(name).normalize("NFD").replace(/[^\w.-]+/g, "").replace(/^[._-]+|\.+$/g, "");
  return plain.slice(0, 100) || null;
}

function stemOf(name: string): string {
  return name.replace(/[^\p{L}\p{N}._-]+/gu, "-") || "run";
}

/** What the server is told to compute, its own points sent before. */
function configOf(experiment: Experiment): Promise<Values> {
  return sendOwnPoints(experiment.lab, experiment.config, settingsOf(experiment));
}

async function post(experiment: Experiment, digest: string, name: string): Promise<string> {
  const { lab, recipe, changes, iterations } = experiment;
  return begin("./api/runs", { lab, recipe, config: await configOf(experiment), changes, iterations, digest, name: runNameOf(name) });
}

/** Has the server train these settings from the start, as a run in the background. */
async function train(experiment: Experiment, name: string): Promise<string> {
  const { lab, recipe } = experiment;
  return begin("./api/trainings", { lab, recipe, config: await configOf(experiment), name: runNameOf(name) });
}

async function begin(address: string, body: unknown): Promise<string> {
  const response = await ask(address, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(await readRefusal(response));
  return ((await response.json()) as { id: string }).id;
}
