/** What labs call their settings and results, in the language in use, for pages that show runs of any. */

import { BROWSER_LABS } from "./engines/prepare";
import { addressIn, hasRuns, loadSite } from "./engines/site";
import { readSchema, type Setting } from "./form/schema";
import { language, type Language } from "./i18n";
import { getJson, loadLab } from "./labs";
import { findLabel, type Labels } from "./result-labels";
import { readViews, type View } from "./views/views";

/** A lab's words: none are there before they arrive, nor of a lab that nobody knows. */
export interface LabWords {
  readonly labels: Labels;
  /** Of figures. */
  readonly captions: Labels;
  readonly settings: ReadonlyMap<string, Setting>;
  readonly views: readonly View[];
}

interface LabInfo {
  readonly name: string;
  readonly headline: readonly string[];
  readonly captions: Labels;
  readonly labels: Labels;
}

interface Kept<T> {
  readonly current: T;
}

const NONE: LabWords = { labels: {}, captions: {}, settings: new Map(), views: [] };
const infos = new Map<Language, Promise<readonly LabInfo[]>>();
const loaded = new Map<string, Promise<LabWords>>();

/** The words of a lab; empty until they are there, or for no lab. */
export function useLabWords(lab: () => string): Kept<LabWords> {
  let current = $state.raw(NONE);
  $effect(() => {
    const [name, tongue] = [lab(), language()];
    if (!name) return;
    let isOver = false;
    const take = (words: LabWords) => isOver || (current = words);
    loadWords(name, tongue).then(take, () => take(NONE));
    return () => (isOver = true);
  });
  return {
    get current() {
      return current;
    },
  };
}

/** The words of every lab that there is, by its name. */
export function useAllWords(): Kept<ReadonlyMap<string, LabWords>> {
  let current = $state.raw<ReadonlyMap<string, LabWords>>(new Map());
  $effect(() => {
    const tongue = language();
    let isOver = false;
    void loadAll(tongue).then((words) => isOver || (current = words));
    return () => (isOver = true);
  });
  return {
    get current() {
      return current;
    },
  };
}

/** What is shown of a setting or a result: the words of the first of these labs that has some; else its name. */
export function nameColumn(words: Iterable<LabWords>, name: string, isSetting: boolean): string {
  for (const { labels, settings } of words) {
    const found = isSetting ? settings.get(name)?.title : findLabel(labels, name);
    if (found) return found;
  }
  return name;
}

/** The results that labs show first. */
export async function loadHeadlines(): Promise<readonly string[]> {
  const labs = await loadInfos("en").catch(() => []);
  return [...new Set(labs.flatMap(({ headline }) => headline.slice(0, 1)))].slice(0, 5);
}

async function loadAll(tongue: Language): Promise<ReadonlyMap<string, LabWords>> {
  const labs = await loadInfos(tongue).catch(() => []);
  const names = labs.map(({ name }) => name);
  const words = await Promise.allSettled(names.map((name) => loadWords(name, tongue)));
  return new Map(words.flatMap((result, i) => (result.status === "fulfilled" ? [[names[i]!, result.value] as const] : [])));
}

function loadWords(name: string, tongue: Language): Promise<LabWords> {
  const id = `${tongue}/${name}`;
  let words = loaded.get(id);
  if (!words) {
    words = BROWSER_LABS.includes(name as (typeof BROWSER_LABS)[number]) ? readOwn(name, tongue) : askFor(name, tongue);
    loaded.set(id, words);
    words.catch(() => loaded.delete(id));
  }
  return words;
}

async function readOwn(name: string, tongue: Language): Promise<LabWords> {
  const [{ labels, schema, views }, labs] = await Promise.all([loadLab(name, tongue), loadInfos(tongue).catch(() => [])]);
  const captions = labs.find((lab) => lab.name === name)?.captions ?? {};
  return { labels, captions, settings: schema.byPath, views };
}

/** A site without a server has what the server would answer about labs beside its recordings. */
async function askFor(name: string, tongue: Language): Promise<LabWords> {
  const lab = (await loadInfos(tongue)).find((info) => info.name === name);
  if (!lab) return NONE;
  const schema = await getJson<unknown>(addressIn(tongue, `labs/${encodeURIComponent(name)}/schema`));
  return { labels: lab.labels, captions: lab.captions, settings: readSchema(schema).byPath, views: readViews(schema) };
}

/** What a server says of its labs, or a site with recordings; none where neither is behind the page. */
function loadInfos(tongue: Language): Promise<readonly LabInfo[]> {
  let answer = infos.get(tongue);
  if (!answer) {
    answer = loadSite().then((site) => (hasRuns(site) ? getJson<readonly LabInfo[]>(addressIn(tongue, "labs")) : []));
    infos.set(tongue, answer);
    answer.catch(() => infos.delete(tongue));
  }
  return answer;
}
