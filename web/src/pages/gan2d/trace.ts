/** Single points of a snapshot: which one lies near a place, and its way through a training. */

import type { Point } from "../../canvas";
import type { Frame } from "../../engines/session";

/** The number of the point nearest to a place, null where none is within a radius. */
export function nearestPoint(points: Float32Array, [x, y]: Point, radius: number): number | null {
  let [nearest, least]: [number | null, number] = [null, radius * radius];
  for (let i = 0; i < points.length; i += 2) {
    const squared = (points[i]! - x) ** 2 + (points[i + 1]! - y) ** 2;
    if (squared <= least) [nearest, least] = [i / 2, squared];
  }
  return nearest;
}

/** The places of one generated point in the kept frames up to an iteration [n, 2]. */
export function tracePath(frames: readonly Frame[], point: number, step: number): Float32Array {
  const places = frames.filter((frame) => frame.step <= step).flatMap(({ arrays: { fake } }) => {
    const [x, y] = [fake?.data[2 * point], fake?.data[2 * point + 1]];
    return x === undefined || y === undefined ? [] : [x, y];
  });
  return Float32Array.from(places);
}
