/**
 * What engine.json says of a lab: its settings as slots, its metrics and arrays, what it covers. The
 * page has them all (`manifests.ts`), its worker is sent the one that it needs.
 */

import type { Values } from "./session";

export interface Slot {
  readonly path: string;
  readonly kind: string;
  readonly choices?: readonly string[];
  readonly max?: number;
  /** Of digits: words that stand for some. */
  readonly names?: Readonly<Record<string, string>>;
}

interface Named {
  readonly name: string;
}

/** A rule of what the engine computes: the value is this one, or a number or list within limits. */
export interface Rule {
  readonly path: string;
  readonly reason: string;
  readonly is?: unknown;
  readonly at_most?: number;
  readonly max_length?: number;
}

export interface Manifest {
  /** The lab's name: the engine's exports begin with it. */
  readonly lab: string;
  readonly settings: readonly Slot[];
  readonly points?: { readonly columns: readonly string[]; readonly data: readonly string[] };
  readonly metrics: readonly string[];
  readonly snapshot: readonly Named[];
  readonly phases: readonly { readonly name: string; readonly arrays: readonly Named[] }[];
  readonly weights: readonly Named[];
  readonly failures: readonly string[];
  readonly covers: readonly Rule[];
  readonly numbers: Readonly<Record<string, string>>;
}

/** The settings as the engine takes them; throws the path of one that it does not take. */
export function encodeSettings(manifest: Manifest, values: Values): Float64Array {
  return Float64Array.from(manifest.settings.flatMap((slot) => encodeSlot(slot, values[slot.path])));
}

/** A value that the engine does not take. */
export class UntakenError extends Error {
  constructor(readonly path: string) {
    super(`the live engine does not take this value of ${path}`);
  }
}

function encodeSlot(slot: Slot, value: unknown): number[] {
  switch (slot.kind) {
    case "choice": {
      const index = slot.choices?.indexOf(String(value)) ?? -1;
      if (index < 0) throw new UntakenError(slot.path);
      return [index];
    }
    case "list":
      return encodeList(slot, value);
    case "digits": {
      const text = String(value);
      return encodeList(slot, Array.from(slot.names?.[text.toLowerCase()] ?? text, Number));
    }
    case "optional number":
      return [value === null || value === undefined ? NaN : encodeNumber(slot, value)];
    case "boolean":
      return [value ? 1 : 0];
    default:
      return [encodeNumber(slot, value)];
  }
}

function encodeList(slot: Slot, value: unknown): number[] {
  const most = slot.max ?? 0;
  if (!Array.isArray(value) || value.length > most) throw new UntakenError(slot.path);
  const numbers = value.map((each) => encodeNumber(slot, each));
  return [numbers.length, ...numbers, ...new Array<number>(most - numbers.length).fill(0)];
}

function encodeNumber(slot: Slot, value: unknown): number {
  if (typeof value !== "number" || !Number.isFinite(value)) throw new UntakenError(slot.path);
  return value;
}

/** The path of the setting that a slot, counted from 0, belongs to. */
export function pathOfSlot(manifest: Manifest, slot: number): string {
  let rest = slot;
  for (const setting of manifest.settings) {
    const width = 1 + (setting.max ?? 0);
    if (rest < width) return setting.path;
    rest -= width;
  }
  return "";
}
