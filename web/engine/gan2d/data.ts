// The real points: the formulas of gan2d.data.distributions, and the user's own points.

import { addProduct, exp4, log4, splat, storeCosSin4 } from "../functions";
import { Key, randomBits, splitKey } from "../threefry";
import { drawNormal, drawUniform } from "./draws";

const DATA_LINE = 0;
const DATA_GAUSSIANS = 1;
const DATA_RING = 2;
const DATA_DISJOINT = 3;
const DATA_GRID = 4;
const DATA_CIRCLE = 5;
const DATA_MOONS = 6;
const DATA_SPIRAL = 7;
const DATA_CHECKERBOARD = 8;
const DATA_PINWHEEL = 9;

const TAU: f32 = 6.283185307179586;
const PI: f32 = 3.141592653589793;

/** The user's points, f32 [count, columns]: x, y and, in a third column, the jitter. */
export let userPoints: usize = 0;
export let userCount: i32 = 0;
let userColumns: i32 = 0;

export function setUserPoints(address: usize, count: i32, columns: i32): void {
  userPoints = address;
  userCount = count;
  userColumns = columns;
}

export function needsUserPoints(data: i32): bool {
  return data > DATA_PINWHEEL;
}

/**
 * Draws real points.
 *
 * @param x where their x go, rows of whole eights @param y their y
 * @param scratch three rows of `count`, rounded up to eights
 */
export function drawReal(
  key: Key, data: i32, x: usize, y: usize, count: i32, scratch: usize,
): void {
  if (needsUserPoints(data)) {
    drawUser(key, x, y, count, scratch);
    return;
  }
  const row = <usize>((count + 7) & ~7) * 4;
  const u0 = scratch;
  const u1 = u0 + row;
  const u2 = u1 + row;
  drawUniform(key, u0, count, 0, 1);
  drawUniform(key, u1, count, count, 1);
  drawUniform(key, u2, count, 2 * count, 1);
  if (data != DATA_CHECKERBOARD) {
    for (let p: usize = 0; p < row; p += 16) toNormals(u1 + p, u2 + p);
  }
  switch (data) {
    case DATA_LINE:
      for (let p: usize = 0; p < row; p += 16) placeLine(u0 + p, u1 + p, u2 + p, x + p, y + p);
      break;
    case DATA_RING:
      for (let p: usize = 0; p < row; p += 16) placeRing(u0 + p, u1 + p, u2 + p, x + p, y + p);
      break;
    case DATA_MOONS:
      for (let p: usize = 0; p < row; p += 16) placeMoons(u0 + p, u1 + p, u2 + p, x + p, y + p);
      break;
    case DATA_SPIRAL:
      for (let p: usize = 0; p < row; p += 16) placeSpiral(u0 + p, u1 + p, u2 + p, x + p, y + p);
      break;
    case DATA_CHECKERBOARD:
      for (let p: usize = 0; p < row; p += 16) placeSquare(u0 + p, u1 + p, u2 + p, x + p, y + p);
      break;
    case DATA_PINWHEEL:
      for (let p: usize = 0; p < row; p += 16) placeBlade(u0 + p, u1 + p, u2 + p, x + p, y + p);
      break;
    default:
      for (let p: usize = 0; p < row; p += 4) placeMode(data, u0 + p, u1 + p, u2 + p, x + p, y + p);
  }
}

/** Turns uniform numbers into standard normal ones, in place (Box and Muller 1958). */
// @ts-ignore: decorator
@inline
function toNormals(u: usize, v: usize): void {
  const angle = f32x4.mul(splat(TAU), v128.load(v));
  const radius = f32x4.sqrt(f32x4.mul(splat(-2), log4(f32x4.sub(splat(1), v128.load(u)))));
  storeCosSin4(angle, u, v);
  v128.store(u, f32x4.mul(radius, v128.load(u)));
  v128.store(v, f32x4.mul(radius, v128.load(v)));
}

/** From (.8, .6) to (.05, .9), sd .01. */
// @ts-ignore: decorator
@inline
function placeLine(u: usize, across: usize, along: usize, x: usize, y: usize): void {
  const way = v128.load(u);
  const sd = splat(0.01);
  v128.store(x, addProduct(addProduct(splat(0.8), splat(-0.75), way), sd, v128.load(across)));
  v128.store(y, addProduct(addProduct(splat(0.6), splat(0.3), way), sd, v128.load(along)));
}

/** An ellipse around (.5, .45), radii .3 and .25, sd .025. */
// @ts-ignore: decorator
@inline
function placeRing(u: usize, across: usize, along: usize, x: usize, y: usize): void {
  const angle = f32x4.mul(splat(TAU), v128.load(u));
  const sd = splat(0.025);
  storeCosSin4(angle, x, y);
  const ellipseX = addProduct(splat(0.5), splat(0.3), v128.load(x));
  const ellipseY = addProduct(splat(0.45), splat(0.25), v128.load(y));
  v128.store(x, addProduct(ellipseX, sd, v128.load(across)));
  v128.store(y, addProduct(ellipseY, sd, v128.load(along)));
}

/** Two half circles of radius .27 that reach into each other, sd .02. */
// @ts-ignore: decorator
@inline
function placeMoons(u: usize, across: usize, along: usize, x: usize, y: usize): void {
  const way = v128.load(u);
  const lower = f32x4.ge(way, splat(0.5));
  const one = splat(1);
  const twice = f32x4.sub(f32x4.add(way, way), v128.and(one, lower));
  const angle = f32x4.mul(splat(PI), twice);
  storeCosSin4(angle, x, y);
  const cosine = v128.load(x);
  const sine = v128.load(y);
  const moonX = v128.bitselect(f32x4.sub(one, cosine), cosine, lower);
  const moonY = v128.bitselect(f32x4.sub(splat(0.5), sine), sine, lower);
  const radius = splat(0.27);
  const sd = splat(0.02);
  const placeX = addProduct(splat(0.5), radius, f32x4.sub(moonX, splat(0.5)));
  const placeY = addProduct(splat(0.5), radius, f32x4.sub(moonY, splat(0.25)));
  v128.store(x, addProduct(placeX, sd, v128.load(across)));
  v128.store(y, addProduct(placeY, sd, v128.load(along)));
}

/** Two turns out to a radius of .4, about as dense everywhere along the arm, sd .01. */
// @ts-ignore: decorator
@inline
function placeSpiral(u: usize, across: usize, along: usize, x: usize, y: usize): void {
  const way = f32x4.sqrt(v128.load(u));
  const angle = f32x4.mul(splat(2 * TAU), way);
  const radius = splat(0.4);
  const sd = splat(0.01);
  storeCosSin4(angle, x, y);
  const armX = addProduct(splat(0.5), radius, f32x4.mul(way, v128.load(x)));
  const armY = addProduct(splat(0.5), radius, f32x4.mul(way, v128.load(y)));
  v128.store(x, addProduct(armX, sd, v128.load(across)));
  v128.store(y, addProduct(armY, sd, v128.load(along)));
}

/** The eight dark squares of a 4×4 board from .1 to .9, evenly filled. */
// @ts-ignore: decorator
@inline
function placeSquare(u: usize, v: usize, w: usize, x: usize, y: usize): void {
  const half = splat(0.5);
  const which = f32x4.floor(f32x4.mul(splat(8), v128.load(u)));
  const row = f32x4.floor(f32x4.mul(which, half));
  const odd = f32x4.sub(which, f32x4.add(row, row));
  const oddRow = f32x4.sub(row, f32x4.mul(splat(2), f32x4.floor(f32x4.mul(row, half))));
  const column = f32x4.add(f32x4.add(f32x4.add(odd, odd), oddRow), v128.load(v));
  v128.store(x, addProduct(splat(0.1), splat(0.2), column));
  v128.store(y, addProduct(splat(0.1), splat(0.2), f32x4.add(row, v128.load(w))));
}

/** Five bent blades (Johnson et al. 2016, arXiv:1603.06277), scaled into the square. */
// @ts-ignore: decorator
@inline
function placeBlade(u: usize, across: usize, along: usize, x: usize, y: usize): void {
  const bladeX = addProduct(splat(1), splat(0.3), v128.load(across));
  const bladeY = f32x4.mul(splat(0.1), v128.load(along));
  const blade = f32x4.floor(f32x4.mul(splat(5), v128.load(u)));
  const start = f32x4.mul(splat(TAU / 5), blade);
  const angle = addProduct(start, splat(0.25), exp4(bladeX));
  storeCosSin4(angle, x, y);
  const cosine = v128.load(x);
  const sine = v128.load(y);
  const turnedX = f32x4.sub(f32x4.mul(bladeX, cosine), f32x4.mul(bladeY, sine));
  const turnedY = f32x4.add(f32x4.mul(bladeX, sine), f32x4.mul(bladeY, cosine));
  v128.store(x, addProduct(splat(0.5), splat(0.24), turnedX));
  v128.store(y, addProduct(splat(0.5), splat(0.24), turnedY));
}

/** One point of a mixture of equally likely Gaussians. */
function placeMode(data: i32, u: usize, across: usize, along: usize, x: usize, y: usize): void {
  const share = load<f32>(u);
  let centerX: f32 = 0;
  let centerY: f32 = 0;
  let sdX: f32 = 0.1;
  let sdY: f32 = 0.1;
  if (data == DATA_GAUSSIANS) {
    const second = floor<f32>(share * 2) == 1;
    centerX = second ? 0.7 : 0.3;
    centerY = second ? 0.4 : 0.7;
    sdX = second ? 0.05 : 0.1;
    sdY = second ? 0.2 : 0.1;
  } else if (data == DATA_DISJOINT) {
    const which = <i32>floor<f32>(share * 3);
    centerX = which == 0 ? 0.35 : which == 1 ? 0.75 : 0.45;
    centerY = which == 0 ? 0.75 : which == 1 ? 0.6 : 0.35;
    sdX = sdY = 0.025;
  } else if (data == DATA_GRID) {
    const which = <i32>floor<f32>(share * 25);
    centerX = 0.1 + 0.2 * <f32>(which / 5);
    centerY = 0.1 + 0.2 * <f32>(which % 5);
    sdX = sdY = 0.015;
  } else {
    const which = <i32>floor<f32>(share * 8);
    centerX = <f32>(0.5 + 0.35 * unchecked(EIGHTHS[(which + 2) & 7]));
    centerY = <f32>(0.5 + 0.35 * unchecked(EIGHTHS[which]));
    sdX = sdY = 0.02;
  }
  store<f32>(x, centerX + sdX * load<f32>(across));
  store<f32>(y, centerY + sdY * load<f32>(along));
}

const DIAGONAL: f64 = 0.7071067811865476;
/** Sines of the eighths of a turn. */
const EIGHTHS: StaticArray<f64> = [0, DIAGONAL, 1, DIAGONAL, 0, -DIAGONAL, -1, -DIAGONAL];

/** Draws from the user's points with replacement, each moved by the jitter. */
function drawUser(key: Key, x: usize, y: usize, count: i32, scratch: usize): void {
  const which = splitKey(key, 0);
  const high = splitKey(which, 0);
  const low = splitKey(which, 1);
  const span = <u32>userCount;
  const power = (65536 % span) * (65536 % span) % span;
  for (let i = 0; i < count; i++) {
    const offset = ((randomBits(high, i) % span) * power + (randomBits(low, i) % span)) % span;
    const from = userPoints + <usize>(offset * userColumns) * 4;
    store<f32>(x + <usize>i * 4, load<f32>(from));
    store<f32>(y + <usize>i * 4, load<f32>(from, 4));
  }
  const jitter: f32 = userColumns > 2 ? load<f32>(userPoints, 8) : 0;
  if (jitter == 0) return;
  const noise = splitKey(key, 1);
  addNormals(noise, x, count, 0, 2, jitter, scratch);
  addNormals(noise, y, count, 1, 2, jitter, scratch);
}

/** Adds normal numbers, number first, first + step, … of the key's, times `sd`. */
export function addNormals(
  key: Key, to: usize, count: i32, first: u32, step: u32, sd: f32, scratch: usize,
): void {
  drawNormal(key, scratch, count, first, step);
  const row = <usize>((count + 7) & ~7) * 4;
  for (let p: usize = 0; p < row; p += 16) {
    v128.store(to + p, addProduct(v128.load(to + p), splat(sd), v128.load(scratch + p)));
  }
}
