import type { Token } from "../canvas/theme";

export type Dash = "solid" | "dashed" | "dotted" | "dashdot";

/** A curve: its points in ascending x. */
export interface Series {
  /** Its column in a CSV. */
  readonly name: string;
  /** What a reader calls it. */
  readonly label: string;
  readonly color: Token;
  /** Colour is never alone: curves of one picture differ in their dash too. */
  readonly dash?: Dash;
  readonly x: ArrayLike<number>;
  /** NaN where there is no value. */
  readonly y: ArrayLike<number>;
  /** The value at the moment that is shown, where it is not the curve's. */
  readonly now?: number;
}

/** A level that is worth knowing, such as 2 ln 2. */
export interface Reference {
  readonly value: number;
  readonly label: string;
}

export const DASHES: Readonly<Record<Dash, readonly number[]>> = {
  solid: [],
  dashed: [6, 3],
  dotted: [1.5, 3],
  dashdot: [6, 3, 1.5, 3],
};

/** The looks of the first ten series of a picture. */
export const LOOKS: readonly { readonly color: Token; readonly dash: Dash }[] = (["solid", "dashed"] as const).flatMap(
  (dash) => (["blue", "vermilion", "green", "purple", "ink"] as const).map((color) => ({ color, dash })),
);

/** The place of the last x that is at most a value, or −1. */
export function placeOf(x: ArrayLike<number>, value: number): number {
  let [low, high] = [0, x.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (x[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The value of a curve at x: the last one that was taken there or before; NaN before the first. */
export function valueAt({ x, y }: Series, at: number): number {
  for (let i = placeOf(x, at); i >= 0; i--) if (!Number.isNaN(y[i]!)) return y[i]!;
  return NaN;
}

/** The newest value of a curve, NaN where it has none. */
export function lastValue(series: Series): number {
  return valueAt(series, Infinity);
}

/** The least and greatest x of some curves; null where they have no points. */
export function extentOf(series: readonly Series[]): readonly [number, number] | null {
  let [least, most] = [Infinity, -Infinity];
  for (const { x } of series) {
    if (!x.length) continue;
    least = Math.min(least, x[0]!);
    most = Math.max(most, x[x.length - 1]!);
  }
  return least <= most ? [least, most] : null;
}
