/** The changes of settings and weights during a training, written as the setting `changes` takes them. */

import { writeValue } from "../form/write";

import type { Values } from "./session";
import { separateWeights } from "./weight-edits";

export interface Change {
  /** After so many iterations. */
  readonly step: number;
  readonly values: Values;
}

/** The changes of a training. */
export interface Timeline {
  readonly made: readonly Change[];
  /** Those to come, each made when its iteration is reached. */
  readonly planned: readonly Change[];
}

export const NO_CHANGES: Timeline = { made: [], planned: [] };

/** "500:loss=hinge,d_steps=5;800:…"; values with commas stand in brackets. */
export function writeChanges(changes: readonly Change[]): string {
  return changes.map(({ step, values }) => `${step}:${writePairs(values)}`).join(";");
}

function writePairs(values: Values): string {
  const pairs = Object.entries(values).map(([path, value]) => `${path}=${writeValue(value)}`);
  return pairs.join(",");
}

/** Adds a change; one at the same iteration joins the last. */
export function addChange(changes: readonly Change[], change: Change): Change[] {
  const last = changes.at(-1);
  if (last?.step !== change.step) return [...changes, change];
  return [...changes.slice(0, -1), { step: change.step, values: { ...last.values, ...change.values } }];
}

/** What a hand changed after an iteration, all together. */
export interface HandChange extends Change {
  /** What it took the place of, path by path. */
  readonly before: Values;
  /** The changes as they were without it. */
  readonly timeline: Timeline;
}

/** The changes with those of a hand; what it took back is none, and it ends what was planned for later. */
export function addHandChange({ step, values, before, timeline }: HandChange): Timeline {
  const others = Object.entries(values).filter(([path, value]) => JSON.stringify(value) !== JSON.stringify(before[path]));
  if (others.length === 0) return timeline;
  return { made: addChange(timeline.made, { step, values: Object.fromEntries(others) }), planned: [] };
}

/** Reads changes; a part that is none is passed over. */
export function readChanges(text: unknown, config: Values): Change[] {
  const changes = splitChanges(text).flatMap((part) => readChange(part, config) ?? []);
  return changes.sort((a, b) => a.step - b.step);
}

/** The parts of a text of changes that are none. */
export function findNoChanges(text: unknown): string[] {
  return splitChanges(text).filter((part) => readChange(part, {}) === null);
}

function splitChanges(text: unknown): string[] {
  return String(text ?? "").split(";").filter((part) => part.trim());
}

function readChange(part: string, config: Values): Change | null {
  const [head = "", ...rest] = part.split(":");
  const step = Number(head);
  const pairs = rest.join(":").split(",").map((pair) => pair.split("="));
  const isChange = pairs.every(([path, value]) => path?.trim() && value !== undefined);
  if (head.trim() === "" || !Number.isSafeInteger(step) || step < 0 || !isChange) return null;
  const typed = pairs.map(([path = "", value = ""]) => [path.trim(), typeLike(config[path.trim()], value.trim())]);
  return { step, values: Object.fromEntries(typed) as Values };
}

/** A text as a value of the type that the setting has now. */
function typeLike(now: unknown, text: string): unknown {
  if (text.toLowerCase() === "none" && typeof now !== "string") return null;
  if (typeof now === "boolean") return text.toLowerCase() === "true";
  if (typeof now === "string") return text;
  return Number.isNaN(Number(text)) ? text : Number(text);
}

/** The settings after some changes. */
export function applyChanges(config: Values, changes: readonly Change[]): Values {
  return Object.assign({}, config, ...changes.map((change) => separateWeights(change.values).settings)) as Values;
}
