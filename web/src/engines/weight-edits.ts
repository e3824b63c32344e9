/** Weights that a change sets or holds beside settings, as Python reads them (`epoque.bench.weight_edits`). */

import type { Values } from "./session";

/** Before the name of an array whose numbers say which weights are held: 1, else 0. */
export const HELD = "held.";

export interface WeightEdit {
  /** "w1.0.2", or "held.w1.0.2". */
  readonly path: string;
  /** "w1", or "held.w1". */
  readonly array: string;
  /** Where the number stands in the array, counted from 0. */
  readonly place: readonly number[];
  readonly value: number;
}

const PATH = /^((?:held\.)?[a-z]+\d*)((?:\.\d{1,9})+)$/;

/** Separates the weights of a change from its settings. */
export function separateWeights(values: Values): { readonly settings: Values; readonly edits: readonly WeightEdit[] } {
  const settings: [string, unknown][] = [];
  const edits: WeightEdit[] = [];
  for (const [path, value] of Object.entries(values)) {
    const [, array, places] = PATH.exec(path) ?? [];
    if (!array || !places) settings.push([path, value]);
    else edits.push({ path, array, place: places.slice(1).split(".").map(Number), value: Number(value) });
  }
  return { settings: Object.fromEntries(settings), edits };
}

/** The place of a number in the data of its array, counted from 0; −1 where there is none. */
export function flatPlace(shape: readonly number[], place: readonly number[]): number {
  if (place.length !== shape.length || place.some((index, axis) => index >= shape[axis]!)) return -1;
  return place.reduce((flat, index, axis) => flat * shape[axis]! + index, 0);
}

/** The path of a number by its place in the data of its array. */
export function pathOfPlace(array: string, shape: readonly number[], flat: number): string {
  const place: number[] = [];
  for (const size of [...shape].reverse()) {
    place.unshift(flat % size);
    flat = Math.floor(flat / size);
  }
  return [array, ...place].join(".");
}
