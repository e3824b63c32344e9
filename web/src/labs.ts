/** The labs: their settings and recipes, of the page itself or, for others, of the server. */

import { loadExportedLab } from "./exported-labs";
import { readSchema, type Schema, type Values, defaultValues } from "./form/schema";
import { BROWSER_LABS } from "./engines/prepare";
import { addressIn, loadSite } from "./engines/site";
import { language, type Language, t } from "./i18n";
import { readViews, type View } from "./views/views";

export interface Recipe {
  /** "gan2d/ring". */
  readonly name: string;
  readonly lab: string;
  readonly title: string;
  readonly shows: string;
  readonly minutes: number;
  /** Every setting. */
  readonly config: Values;
}

export interface LabDetails {
  readonly name: string;
  readonly title: string;
  readonly schema: Schema;
  /** What its page draws. */
  readonly views: readonly View[];
  /** Result or metric to a reader's words for it. */
  readonly labels: Readonly<Record<string, string>>;
  readonly recipes: readonly Recipe[];
}

const loaded = new Map<string, Promise<LabDetails>>();

/** A lab in the language in use; rejects where nothing knows it. */
export function loadLab(name: string, tongue: Language = language()): Promise<LabDetails> {
  const id = `${tongue}/${name}`;
  let lab = loaded.get(id);
  if (!lab) {
    lab = BROWSER_LABS.includes(name as (typeof BROWSER_LABS)[number]) ? readExported(name, tongue) : askServer(name, tongue);
    loaded.set(id, lab);
    lab.catch(() => loaded.delete(id));
  }
  return lab;
}

async function readExported(name: string, tongue: Language): Promise<LabDetails> {
  const { title = name, labels = {}, schema = {}, recipes = [] } = await loadExportedLab(name, tongue);
  const read = readSchema(schema);
  const base = defaultValues(read);
  const whole = recipes.map((recipe) => ({ ...recipe, lab: name, config: { ...base, ...recipe.config } }));
  return { name, title, schema: read, views: readViews(schema), labels, recipes: whole };
}

interface LabInfo {
  readonly name: string;
  readonly title: string;
  readonly labels: Readonly<Record<string, string>>;
}

async function askServer(name: string, tongue: Language): Promise<LabDetails> {
  if (!(await loadSite()).server) throw new Error(t("This lab is computed on a server, and this page has none: epoque studio serves it."));
  const [labs, schema, recipes] = await Promise.all([
    getJson<readonly LabInfo[]>(addressIn(tongue, "labs")),
    getJson<unknown>(addressIn(tongue, `labs/${encodeURIComponent(name)}/schema`)),
    getJson<readonly Recipe[]>(addressIn(tongue, "recipes")),
  ]);
  const { title, labels } = labs.find((lab) => lab.name === name) ?? { title: name, labels: {} };
  const own = recipes.filter((recipe) => recipe.lab === name);
  return { name, title, schema: readSchema(schema), views: readViews(schema), labels, recipes: own };
}

/** Asks the server, which answers in the language in use where it refuses. */
export function ask(address: string, init: RequestInit = {}): Promise<Response> {
  return fetch(address, { ...init, headers: { ...init.headers, "Accept-Language": language() } });
}

/** What an address of the server answers; rejects with its sentence. */
export async function getJson<T>(address: string): Promise<T> {
  const response = await ask(address);
  if (!response.ok) throw new Error(await readRefusal(response));
  return (await response.json()) as T;
}

/** Why the server refused, in its own sentence. */
export async function readRefusal(response: Response): Promise<string> {
  try {
    const body = (await response.json()) as { detail?: unknown };
    if (typeof body.detail === "string") return body.detail;
  } catch {
    // No JSON: what follows says all there is.
  }
  return `${response.status} ${response.statusText}`;
}
