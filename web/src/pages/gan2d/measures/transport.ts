/** The sliced Wasserstein-1 distance: `epoque.gan2d.measures.transport`, in the client. */

export const DIRECTIONS = 16;
/** Points whose projections are compared. */
export const SORTED = 2048;

/**
 * Returns the mean, over evenly spaced directions, of the Wasserstein-1 distance between the projections
 * of two equally large samples [n, 2] (Rabin et al. 2011).
 */
export function slicedW1(a: Float32Array, b: Float32Array, directions = DIRECTIONS): number {
  let sum = 0;
  for (let direction = 0; direction < directions; direction++) {
    const angle = (Math.PI * (direction + 0.5)) / directions;
    const [left, right] = [project(a, angle), project(b, angle)];
    for (let i = 0; i < left.length; i++) sum += Math.abs(left[i]! - right[i]!);
  }
  return sum / (directions * (a.length / 2));
}

function project(points: Float32Array, angle: number): Float32Array {
  const [cos, sin] = [Math.fround(Math.cos(angle)), Math.fround(Math.sin(angle))];
  const places = new Float32Array(points.length / 2);
  for (let i = 0; i < places.length; i++) places[i] = cos * points[2 * i]! + sin * points[2 * i + 1]!;
  return places.sort();
}
