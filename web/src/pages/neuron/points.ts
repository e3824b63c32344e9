/** The points of a moment: their inputs, classes, and what the model answers at them. */

import type { Domain } from "../../canvas";
import type { Frame, Values } from "../../engines/session";
import type { Slice } from "./model";

export interface PointSet {
  readonly count: number;
  readonly inputs: number;
  /** [count, inputs]. */
  readonly x: Float32Array;
  readonly d: Float32Array;
  readonly outputs: Float32Array;
}

const NONE: PointSet = { count: 0, inputs: 0, x: new Float32Array(0), d: new Float32Array(0), outputs: new Float32Array(0) };

/** The training points, or those kept for the test. */
export function readPoints(frame: Frame | null, isTest = false): PointSet {
  const suffix = isTest ? "_test" : "";
  const x = frame?.arrays[`x${suffix}`];
  const d = frame?.arrays[`d${suffix}`];
  if (!x || !d) return NONE;
  const outputs = frame?.arrays[`outputs${suffix}`]?.data ?? new Float32Array(d.data.length);
  return { count: d.data.length, inputs: x.shape[1] ?? 0, x: x.data, d: d.data, outputs };
}

/** The square that is drawn: a truth table's, the 2-D sets', or about points of the reader's own. */
export function domainOf(config: Values, points: PointSet, slice: Slice): Domain {
  if (config["data"] === "truth_table") return { left: -0.5, bottom: -0.5, size: 2 };
  const isDrawn = String(config["csv"]).startsWith("points:") && config["scale"] === "none";
  if (config["data"] !== "csv" || isDrawn) return { left: -6, bottom: -6, size: 12 };
  const [a, b] = [extentOf(points, slice.axes[0]), slice.axes[1] < 0 ? [0, 1] as const : extentOf(points, slice.axes[1])];
  const size = 1.2 * Math.max(a[1] - a[0], b[1] - b[0], 1e-9);
  return { left: (a[0] + a[1] - size) / 2, bottom: (b[0] + b[1] - size) / 2, size };
}

function extentOf({ count, inputs, x }: PointSet, input: number): readonly [number, number] {
  let [least, most] = [Infinity, -Infinity];
  for (let point = 0; point < count; point++) {
    least = Math.min(least, x[point * inputs + input]!);
    most = Math.max(most, x[point * inputs + input]!);
  }
  return least <= most ? [least, most] : [0, 1];
}

/** Two inputs along the axes, the others in the middle of their points. */
export function sliceOf(points: PointSet, axes: readonly [number, number] = [0, 1]): Slice {
  const held = Array.from({ length: points.inputs }, (_, input) => {
    const [least, most] = extentOf(points, input);
    return (least + most) / 2;
  });
  const last = points.inputs - 1;
  return { axes: [Math.min(axes[0], last), last < 1 ? -1 : Math.min(axes[1], last)], held };
}

/** The places [n, 2] on a plane of the points of one class; one input alone lies at the middle of y. */
export function placesOf(set: PointSet, slice: Slice, kind: number, middle: number): Float32Array {
  const places: number[] = [];
  for (let point = 0; point < set.count; point++) {
    if (set.d[point] === kind) places.push(...placeOf(set, slice, point, middle));
  }
  return Float32Array.from(places);
}

export function placeOf({ x, inputs }: PointSet, { axes }: Slice, point: number, middle: number): [number, number] {
  return [x[point * inputs + axes[0]]!, axes[1] < 0 ? middle : x[point * inputs + axes[1]]!];
}

/** How many points of each class are answered as each: true 1, false 1, false 0, true 0. */
export interface Confusion {
  readonly trueOnes: number;
  readonly falseOnes: number;
  readonly falseZeros: number;
  readonly trueZeros: number;
}

export function countConfusion({ count, d, outputs }: PointSet): Confusion {
  let [trueOnes, falseOnes, falseZeros, trueZeros] = [0, 0, 0, 0];
  for (let point = 0; point < count; point++) {
    const says = outputs[point]! > 0.5;
    if (d[point] === 1) says ? trueOnes++ : falseZeros++;
    else says ? falseOnes++ : trueZeros++;
  }
  return { trueOnes, falseOnes, falseZeros, trueZeros };
}

/** The share of points on their right side, 0 to 1; NaN of none. */
export function accuracyOf({ trueOnes, falseOnes, falseZeros, trueZeros }: Confusion): number {
  return (trueOnes + trueZeros) / (trueOnes + trueZeros + falseOnes + falseZeros);
}

/** The point nearest to a place of the plane, within a distance; −1 if there is none. */
export function nearestPoint(set: PointSet, slice: Slice, [x, y]: readonly [number, number], within: number, middle: number): number {
  let [best, least] = [-1, within];
  for (let point = 0; point < set.count; point++) {
    const [px, py] = placeOf(set, slice, point, middle);
    const distance = Math.hypot(px - x, py - y);
    if (distance < least) [best, least] = [point, distance];
  }
  return best;
}
