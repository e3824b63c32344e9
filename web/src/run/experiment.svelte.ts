/** What a live page opens: the lab in the language in use, the recipe and link of its address, a run. */

import { untrack } from "svelte";

import { engines } from "../engines/open";
import { leaveOutConflicts } from "../form/conflicts";
import { writeProblem } from "../form/problems";
import { defaultValues, type Values } from "../form/schema";
import { language, LANGUAGES, type Language, useLanguage } from "../i18n";
import { type LabDetails, loadLab } from "../labs";
import { differences, type Link, readLink, writeLink } from "../link/link";
import { rememberPlace } from "../shell/last-place";
import { currentPlace, noteQuery, onLeave, replaceQuery, visitCount } from "../shell/router.svelte";
import { LiveRun } from "./live-run.svelte";

export class Experiment {
  readonly run: LiveRun;
  /** Of its page: "/gan2d". */
  readonly path: string;
  /** What a teacher's link hides, locks and says, and which layers it shows. */
  readonly link: Link;
  /** One sentence for each thing of the link that could not be used. */
  readonly notices: readonly string[];
  /** Whether the address says how fast it plays; else the page chooses. */
  readonly hasPace: boolean;
  /** Names of the layers that are shown; null as the page chooses. */
  shown = $state.raw<readonly string[] | null>(null);

  constructor(run: LiveRun, path: string, link: Link, notices: readonly string[], hasPace: boolean) {
    this.run = run;
    this.path = path;
    this.link = link;
    this.notices = notices;
    this.hasPace = hasPace;
    this.shown = link.show;
  }

  /** The query of the address that opens what is here now. */
  query(): string {
    const { run } = this;
    const own = valuesOf(run);
    return writeLink(run.schema, {
      recipe: run.recipe,
      values: differences(run.schema, run.base, own),
      second: run.rival && differences(run.schema, own, valuesOf(run.rival)),
      at: run.step,
      pace: Number.isFinite(run.pace) ? run.pace : null,
      show: this.shown,
      language: language(),
      hide: this.link.hide,
      lock: this.link.lock,
      say: this.link.say,
    });
  }

}

/** What a training began with, and what was changed on the way or is still to be. */
function valuesOf({ begun, timeline, schema }: LiveRun): Values {
  return schema.byPath.has("changes") ? { ...begun, changes: timeline } : begun;
}

/** Opens what the address names, of a lab; rejects with one sentence. */
export async function openExperiment(lab: string, usual: string | null): Promise<Experiment> {
  const { path, query } = currentPlace();
  const details = await loadLab(lab);
  const names = details.recipes.map((recipe) => recipe.name);
  const { link, notices } = readLink(details.schema, names, query);
  if (isLanguage(link.language) && link.language !== language()) await useLanguage(link.language);
  // What a page of ours wrote names its recipe or means none; "?lang=fr" alone asks for the usual one.
  const isWhole = new URLSearchParams(query).has("v");
  const recipe = link.recipe ?? (isWhole ? null : usual);
  const base = baseOf(details, recipe);
  const { values, problems } = leaveOutConflicts(details.schema, base, link.values);
  const run = new LiveRun({ lab, schema: details.schema, recipe, base, config: { ...base, ...values }, engines });
  run.pace = link.pace ?? Infinity;
  const said = [...notices, ...problems.map(({ field, message }) => writeProblem(field, message))];
  // One that a page of ours wrote names no pace where it plays as fast as it goes.
  return new Experiment(run, path, { ...link, recipe }, said, isWhole || link.pace !== null);
}

/** The settings of a recipe, or the lab's defaults. */
export function baseOf(details: LabDetails, recipe: string | null): Values {
  return details.recipes.find((each) => each.name === recipe)?.config ?? defaultValues(details.schema);
}

function isLanguage(text: string | null): text is Language {
  return LANGUAGES.includes(text as Language);
}

/** How often the address follows, in milliseconds: some browsers refuse more than 100 in 30 s. */
const ADDRESS_MS = 500;

/**
 * Keeps the address at what is shown, and notes where the page stood for whoever comes back; returns
 * how to stop. Called in an effect.
 */
export function followExperiment(experiment: Experiment): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const { path, run } = experiment;
  const visit = untrack(visitCount);
  const remember = (query: string) => rememberPlace({ path, query, title: document.title.replace(/ · [^·]*$/, "") });
  $effect(() => {
    void [run.config, run.step, run.pace, run.recipe, run.frames, run.rival?.config, run.rival?.frames, experiment.shown, language()];
    timer ??= setTimeout(() => {
      timer = undefined;
      // A page that was left, or to which another link was opened, stays until the next one is there.
      if (path !== currentPlace().path || visit !== visitCount()) return;
      const query = experiment.query();
      replaceQuery(path, query);
      remember(query);
    }, ADDRESS_MS);
  });
  // The address followed it, but not in the last moments, nor on a page left at once.
  const stop = onLeave((next) => {
    if (next.path === path || !run.session) return;
    const query = experiment.query();
    noteQuery(path, query);
    remember(query);
  });
  return () => {
    clearTimeout(timer);
    stop();
  };
}
