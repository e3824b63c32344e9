/**
 * An experiment as the query of an address: only what differs from its recipe, under short names.
 * Whoever opens it has the same settings, seed and iteration, and so the same bytes.
 */

import { findNoChanges } from "../engines/timeline";
import { isSame, type Schema, type Setting, type Values } from "../form/schema";
import { writeProblem } from "../form/problems";
import { readText, writeValue } from "../form/values";
import { t } from "../i18n";

export const VERSION = 1;
/** Longer links are offered as a file: mail and chat programs cut them. */
export const MAX_LINK = 8192;
/** More is not read: nobody writes it by hand, and no page of ours did. */
const MAX_READ = 2 ** 20;
export const MAX_SAY = 500;
const MAX_STEP = 10_000_000;

/** What a link says. */
export interface Link {
  /** "gan2d/ring"; null for the lab's defaults. */
  readonly recipe: string | null;
  /** Path to value of what differs from the recipe. */
  readonly values: Values;
  /** What the second training, B, has otherwise, where two are compared; null where one is shown. */
  readonly second: Values | null;
  /** The iteration to go to. */
  readonly at: number;
  /** Iterations a second; null as fast as it goes. */
  readonly pace: number | null;
  /** Names of the layers of the picture that are shown; null as the page chooses. */
  readonly show: readonly string[] | null;
  readonly language: string | null;
  /** Settings, groups and parts of the page that a teacher hides. */
  readonly hide: readonly string[];
  /** Settings that a teacher locks. */
  readonly lock: readonly string[];
  /** A teacher's note: plain text, at most 500 characters. */
  readonly say: string;
}

export const EMPTY_LINK: Link = { recipe: null, values: {}, second: null, at: 0, pace: null, show: null, language: null, hide: [], lock: [], say: "" };

/** Words that are no settings; a setting's short name is none of them. */
const WORDS = ["v", "recipe", "at", "pace", "show", "lang", "hide", "lock", "say"];

/** Says that two trainings are compared; before a short name with a dot, a setting of the second: "B.lr". */
const SECOND = "B";

/**
 * Path of each setting to its name in links: the first letters of its words ("glr" for
 * `generator.learning_rate`), or its path where an earlier setting has these letters.
 */
export function shortNames(schema: Schema): ReadonlyMap<string, string> {
  const taken = new Set(WORDS);
  const names = new Map<string, string>();
  const paths = schema.settings.map((setting) => setting.path);
  // The seed stands in nearly every link: it is "s" in each lab.
  for (const path of paths.includes("seed") ? ["seed", ...paths.filter((other) => other !== "seed")] : paths) {
    const letters = path
      .split(/[._]/)
      .map((word) => word.replace(/^(.)[^\d]*(\d*)$/, "$1$2"))
      .join("");
    const name = taken.has(letters) ? path : letters;
    taken.add(name);
    names.set(path, name);
  }
  return names;
}

/** Writes a link's query; what is as usual is left out. */
export function writeLink(schema: Schema, link: Link): string {
  const names = shortNames(schema);
  const pairs: [string, string][] = [["v", String(VERSION)]];
  if (link.recipe) pairs.push(["recipe", link.recipe.split("/").at(-1) ?? link.recipe]);
  for (const { path } of schema.settings) {
    if (path in link.values) pairs.push([names.get(path) ?? path, writeValue(link.values[path])]);
  }
  if (link.second) pairs.push([SECOND, "1"]);
  for (const { path } of link.second ? schema.settings : []) {
    if (path in link.second!) pairs.push([`${SECOND}.${names.get(path) ?? path}`, writeValue(link.second![path])]);
  }
  if (link.at > 0) pairs.push(["at", String(link.at)]);
  if (link.pace !== null) pairs.push(["pace", String(link.pace)]);
  if (link.show) pairs.push(["show", link.show.join(",")]);
  if (link.language) pairs.push(["lang", link.language]);
  if (link.hide.length) pairs.push(["hide", link.hide.join(",")]);
  if (link.lock.length) pairs.push(["lock", link.lock.join(",")]);
  if (link.say) pairs.push(["say", link.say.slice(0, MAX_SAY)]);
  return pairs.map(([name, value]) => `${encode(name)}=${encode(value)}`).join("&");
}

/** Percent-encodes but what a fragment may hold and a reader can read. */
function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(/%(2C|3A|3B|2F|40)/g, (code) => decodeURIComponent(code));
}

/** A link, and a sentence for each thing of it that could not be used. */
export interface ReadLink {
  readonly link: Link;
  readonly notices: readonly string[];
}

/** Reads a query. Nothing in it can fail: what is unknown, doubled or not allowed is said and left out. */
export function readLink(schema: Schema, recipes: readonly string[], query: string): ReadLink {
  const notices: string[] = [];
  if (query.length > MAX_READ) return { link: EMPTY_LINK, notices: [t("This link is too long to be read.")] };
  const pairs = splitQuery(query, notices);
  const take = (name: string) => {
    const value = pairs.get(name) ?? null;
    pairs.delete(name);
    return value;
  };
  noteVersion(take("v"), notices);
  const link = {
    recipe: readRecipe(take("recipe"), recipes, notices),
    at: readCount(take("at"), "at", MAX_STEP, notices) ?? 0,
    pace: readCount(take("pace"), "pace", 1e6, notices),
    show: readNames(take("show")),
    language: take("lang"),
    hide: readNames(take("hide")) ?? [],
    lock: readNames(take("lock")) ?? [],
    say: (take("say") ?? "").slice(0, MAX_SAY).toWellFormed(),
  };
  const second = takeSecond(pairs);
  return { link: { ...link, values: readValues(schema, pairs, notices), second: second && readValues(schema, second, notices) }, notices };
}

/** Takes what is said of the second training out of the pairs; null where there is none. */
function takeSecond(pairs: Map<string, string>): Map<string, string> | null {
  const isThere = [...pairs.keys()].filter((name) => name === SECOND || name.startsWith(`${SECOND}.`));
  const own = isThere.filter((name) => name !== SECOND).map((name) => [name.slice(SECOND.length + 1), pairs.get(name)!] as const);
  for (const name of isThere) pairs.delete(name);
  return isThere.length ? new Map(own) : null;
}

function splitQuery(query: string, notices: string[]): Map<string, string> {
  const pairs = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(query)) {
    if (!pairs.has(name)) pairs.set(name, value);
    else notices.push(t("The link says “{name}” twice; the first one counts.", { name: shorten(name) }));
  }
  return pairs;
}

function noteVersion(version: string | null, notices: string[]): void {
  if (version !== null && Number(version) > VERSION) {
    notices.push(t("This link comes from a newer version; what this one does not know is left out."));
  }
}

function readRecipe(name: string | null, recipes: readonly string[], notices: string[]): string | null {
  if (name === null) return null;
  const known = recipes.find((recipe) => recipe === name || recipe.endsWith(`/${name}`));
  if (!known) notices.push(t("There is no recipe “{name}”.", { name: shorten(name) }));
  return known ?? null;
}

function readCount(text: string | null, name: string, most: number, notices: string[]): number | null {
  if (text === null) return null;
  const value = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && value > 0 && value <= most) return name === "at" ? Math.floor(value) : value;
  notices.push(t("“{value}” is not allowed for “{name}” in a link.", { name, value: shorten(text) }));
  return null;
}

function readNames(text: string | null): string[] | null {
  if (text === null) return null;
  return text.split(",").map((name) => name.trim()).filter(Boolean).slice(0, 200);
}

function readValues(schema: Schema, pairs: ReadonlyMap<string, string>, notices: string[]): Values {
  const byName = new Map<string, Setting>();
  for (const [path, name] of shortNames(schema)) byName.set(name, schema.byPath.get(path) as Setting);
  for (const setting of schema.settings) byName.set(setting.path, setting);
  const values: [string, unknown][] = [];
  for (const [name, text] of pairs) {
    const setting = byName.get(name);
    if (!setting) {
      notices.push(t("The link names “{name}”, a setting that does not exist or no longer does.", { name: shorten(name) }));
      continue;
    }
    const reading = readText(setting, text);
    if (setting.path === "changes") {
      for (const value of findNoChanges(text)) notices.push(t("“{value}” is not allowed for “{name}” in a link.", { name, value: shorten(value) }));
    }
    if ("problem" in reading) notices.push(writeProblem(setting.path, shorten(reading.problem, 300)));
    else if (!values.some(([path]) => path === setting.path)) values.push([setting.path, reading.value]);
  }
  return Object.fromEntries(values);
}

function shorten(text: string, most = 40): string {
  return text.length > most ? `${text.slice(0, most)}…` : text;
}

/** The settings that differ from a recipe's. */
export function differences(schema: Schema, base: Values, config: Values): Values {
  const changed = schema.settings.filter(({ path }) => !isSame(base[path], config[path]));
  return Object.fromEntries(changed.map(({ path }) => [path, config[path]]));
}
