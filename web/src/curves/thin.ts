/** Never more points than pixels: of each pixel's column the least and the greatest value stay. */

import { placeOf, type Series } from "./series";

/** Curves over one x, as uPlot takes them; null where a curve has no value. */
export interface Aligned {
  readonly x: number[];
  readonly ys: (number | null)[][];
}

/**
 * Returns curves between two x, two points a column: each column's least and greatest value in the
 * order in which they were taken, so that no peak is lost. Of a column with one value there is one.
 */
export function thinSeries(series: readonly Series[], from: number, to: number, columns: number): Aligned {
  const width = (to - from) / columns || 1;
  const x = Array.from({ length: 2 * columns }, (_, i) => from + (i / 2 + 0.25) * width);
  return { x, ys: series.map((curve) => thinCurve(curve, from, width, columns)) };
}

function thinCurve({ x, y }: Series, from: number, width: number, columns: number): (number | null)[] {
  const values: (number | null)[] = new Array<number | null>(2 * columns).fill(null);
  // The neighbours outside the picture too: the line goes on to its edges.
  const first = Math.max(0, placeOf(x, from) - 1);
  const end = Math.min(x.length, placeOf(x, from + width * columns) + 2);
  let [column, least, most, leastAt, mostAt] = [-1, Infinity, -Infinity, -1, -1];
  const close = () => {
    if (column < 0 || leastAt < 0) return;
    values[2 * column] = leastAt <= mostAt ? least : most;
    if (leastAt !== mostAt) values[2 * column + 1] = leastAt <= mostAt ? most : least;
  };
  for (let i = first; i < end; i++) {
    const value = y[i]!;
    if (!Number.isFinite(value)) continue;
    const own = Math.min(columns - 1, Math.max(0, Math.floor((x[i]! - from) / width)));
    if (own !== column) {
      close();
      [column, least, most, leastAt, mostAt] = [own, value, value, i, i];
      continue;
    }
    if (value < least) [least, leastAt] = [value, i];
    if (value > most) [most, mostAt] = [value, i];
  }
  close();
  return values;
}

/**
 * Smooths by an exponential moving average without its bias towards the start (Kingma and Ba 2014,
 * section 3).
 *
 * @param weight of the values before, 0 (none) to below 1.
 */
export function smooth(y: ArrayLike<number>, weight: number): Float64Array {
  const smoothed = new Float64Array(y.length);
  let [mean, power] = [0, 1];
  for (let i = 0; i < y.length; i++) {
    const value = y[i]!;
    if (Number.isFinite(value)) {
      mean = weight * mean + (1 - weight) * value;
      power *= weight;
    }
    smoothed[i] = Number.isFinite(value) ? mean / (1 - power) : NaN;
  }
  return smoothed;
}
