/** Curves in fewer points, over one x: of each stretch the lowest and the highest value stay. */

import type { RawCurves } from "./run-curves.svelte";

/** Thins curves of more than `most` points to at most `points`; others are returned as they are. */
export function thinPairs(curves: RawCurves, most: number, points: number): RawCurves {
  const count = curves.steps.length;
  if (count <= most) return curves;
  const stretches = Math.floor(points / 2);
  const edges = Array.from({ length: stretches + 1 }, (_, i) => Math.floor((i * count) / stretches));
  const ends = (values: readonly number[]) =>
    edges.slice(0, -1).flatMap((start, i) => [values[start]!, values[edges[i + 1]! - 1]!]);
  return {
    steps: ends(curves.steps),
    seconds: curves.seconds && ends(curves.seconds),
    values: new Map([...curves.values].map(([name, values]) => [name, extremes(values, edges)])),
  };
}

function extremes(values: readonly number[], edges: readonly number[]): number[] {
  return edges.slice(0, -1).flatMap((start, i) => {
    let [least, most, leastAt, mostAt] = [NaN, NaN, -1, -1];
    for (let k = start; k < edges[i + 1]!; k++) {
      const value = values[k]!;
      if (Number.isNaN(value)) continue;
      if (!(least <= value)) [least, leastAt] = [value, k];
      if (!(most >= value)) [most, mostAt] = [value, k];
    }
    return leastAt <= mostAt ? [least, most] : [most, least];
  });
}
