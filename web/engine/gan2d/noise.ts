// The noise that the generator turns into points, and the lattice that shows what it does to it.

import { addProduct, splat } from "../functions";
import { Key } from "../threefry";
import { drawNormal, drawTruncated, drawUniform } from "./draws";

const NOISE_UNIFORM = 0;
const NOISE_GAUSSIAN = 1;
const NOISE_NORMAL = 2;
// GAN Lab's truncated normal: no farther than two standard deviations from ½, so 0 to 1.
const MEAN: f32 = 0.5;
const SD: f32 = 0.25;
const CUT: f32 = 2;
export const LATTICE_SIDE = 21;

/**
 * Draws noise of number `first` and after, of a draw [·, dims].
 *
 * @param to rows of the dimensions, `stride` bytes each
 */
export function drawNoise(
  key: Key, kind: i32, dims: i32, to: usize, stride: usize, first: i32, count: i32,
): void {
  for (let i = 0; i < dims; i++) {
    const row = to + <usize>i * stride;
    const start = <u32>(first * dims + i);
    if (kind == NOISE_UNIFORM) {
      drawUniform(key, row, count, start, dims);
    } else if (kind == NOISE_NORMAL) {
      drawNormal(key, row, count, start, dims);
    } else {
      drawTruncated(key, row, count, start, dims);
      const end = row + <usize>((count + 7) & ~7) * 4;
      for (let p = row; p < end; p += 16) {
        v128.store(p, addProduct(splat(MEAN), splat(SD), v128.load(p)));
      }
    }
  }
}

/** Coordinate `axis` of point `index` of the lattice. */
export function latticeCoordinate(kind: i32, dims: i32, index: i32, axis: i32): f32 {
  const low: f32 = kind == NOISE_NORMAL ? -CUT : 0;
  const high: f32 = kind == NOISE_NORMAL ? CUT : 1;
  const points = LATTICE_SIDE * LATTICE_SIDE;
  if (dims == 1) return between(low, high, index, points);
  if (axis == 0) return between(low, high, index / LATTICE_SIDE, LATTICE_SIDE);
  if (axis == 1) return between(low, high, index % LATTICE_SIDE, LATTICE_SIDE);
  return (low + high) / 2;
}

function between(low: f32, high: f32, index: i32, count: i32): f32 {
  return <f32>(<f64>low + (<f64>index * <f64>(high - low)) / <f64>(count - 1));
}
