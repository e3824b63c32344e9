// The three products of a layer, in four lanes.
//
// Points stand in blocks of twelve, which are three vectors: in a block the features follow one
// another, and a block follows the one before. So what a kernel reads lies at fixed distances from
// one address. Inside, nine sums stay in registers, and no addition waits for the one before it: a
// tile of three features of twelve points takes six reads for nine products. Larger ones do not fit
// into sixteen registers: wasmtime reads all of a round of the loop before it multiplies.

import { addProduct, splat } from "../functions";

/** Bytes of a feature of the points of a block. */
export const BLOCK: usize = 48;
const POINTS_OF_BLOCK = 12;
export const MOST_NEURONS = 64;
/** The most features of a tile. */
const MOST_ROWS = 3;

/** The bytes of so many points in whole blocks. */
export function rowBytes(points: i32): usize {
  return <usize>((points + POINTS_OF_BLOCK - 1) / POINTS_OF_BLOCK) * BLOCK;
}

/** How many features the next tile takes, of those that are left: tiles are about equally large. */
function tileRows(left: i32): i32 {
  const tiles = (left + MOST_ROWS - 1) / MOST_ROWS;
  return (left + tiles - 1) / tiles;
}

// Rows and blocks

/** Puts rows of points, `stride` bytes each, into blocks. */
export function pack(rows: usize, features: i32, stride: usize, to: usize): void {
  const step = <usize>features * BLOCK;
  for (let end = to + step; to < end; to += BLOCK) {
    let at = to;
    for (const next = rows + stride; rows < next; rows += BLOCK) {
      v128.store(at, v128.load(rows));
      v128.store(at, v128.load(rows, 16), 16);
      v128.store(at, v128.load(rows, 32), 32);
      at += step;
    }
  }
}

/** Puts blocks of points into rows, `stride` bytes each. */
export function unpack(from: usize, features: i32, stride: usize, rows: usize): void {
  const step = <usize>features * BLOCK;
  for (let end = from + step; from < end; from += BLOCK) {
    let at = from;
    for (const next = rows + stride; rows < next; rows += BLOCK) {
      v128.store(rows, v128.load(at));
      v128.store(rows, v128.load(at, 16), 16);
      v128.store(rows, v128.load(at, 32), 32);
      at += step;
    }
  }
}

// Forward, and backward to a layer's inputs: one kernel, as both multiply features by a matrix. The
// activation that it applies itself bends at 0: of slope 1 above it, and below it of 1 (linear),
// 0 (relu) or 0.2 (leaky relu). Others are a pass of their own.

// @ts-ignore: decorator
@inline
function applyActivation(x: v128, slope: v128, isRelu: bool): v128 {
  return f32x4.pmax(x, isRelu ? slope : f32x4.mul(x, slope));
}

// @ts-ignore: decorator
@inline
function multiplyDerivative(delta: v128, y: v128, slope: v128, isRelu: bool): v128 {
  if (isRelu) return v128.and(delta, f32x4.gt(y, slope));
  const above = v128.and(splat(1), f32x4.gt(y, splat(0)));
  return f32x4.mul(delta, f32x4.pmax(above, slope));
}

/**
 * y = f(w·x + b), f of slope `slopeBelow` below 0.
 *
 * @param w [outputs, inputs] @param b [outputs] @param x [inputs, points] @param y [outputs, points]
 * @param blocks how many there are of the points
 */
export function forward(
  w: usize, b: usize, x: usize, y: usize, inputs: i32, outputs: i32, blocks: i32, slopeBelow: f32,
): void {
  const row = <usize>inputs * 4;
  if (slopeBelow == 0) multiply(true, true, w, 4, row, b, x, inputs, 0, y, outputs, blocks, slopeBelow);
  else multiply(true, false, w, 4, row, b, x, inputs, 0, y, outputs, blocks, slopeBelow);
}

/**
 * The gradient at a layer's inputs, wᵀ·delta, times the slope of the activation that made them.
 *
 * @param w [outputs, inputs] @param delta [outputs, points] @param x the inputs [inputs, points]
 * @param to [inputs, points]
 */
export function backward(
  w: usize, delta: usize, x: usize, to: usize, inputs: i32, outputs: i32, blocks: i32,
  slopeBelow: f32,
): void {
  const row = <usize>inputs * 4;
  if (slopeBelow == 0) {
    multiply(false, true, w, row, 4, 0, delta, outputs, x, to, inputs, blocks, slopeBelow);
  } else {
    multiply(false, false, w, row, 4, 0, delta, outputs, x, to, inputs, blocks, slopeBelow);
  }
}

/**
 * Multiplies features by a matrix.
 *
 * @param w its number of `from` and `to` stands at w + from·fromStep + to·toStep
 * @param x the `from` features @param b what the sums begin with, forward
 * @param values what was activated, backward @param slopeBelow 0 where `isRelu`
 */
// @ts-ignore: decorator
@inline
function multiply(
  isForward: bool, isRelu: bool, w: usize, fromStep: usize, toStep: usize, b: usize, x: usize,
  from: i32, values: usize, y: usize, to: i32, blocks: i32, slopeBelow: f32,
): void {
  const slope = splat(slopeBelow);
  const length = <usize>from * BLOCK;
  const step = <usize>to * BLOCK;
  const end = x + <usize>blocks * length;
  const toValues = values - y;
  for (let left = to; left > 0; ) {
    const rows = tileRows(left);
    spreadWeights(w, fromStep, toStep, b, from, rows);
    switch (rows) {
      case 1: multiplyTile(1, isForward, isRelu, x, length, end, toValues, y, step, slope); break;
      case 2: multiplyTile(2, isForward, isRelu, x, length, end, toValues, y, step, slope); break;
      default: multiplyTile(3, isForward, isRelu, x, length, end, toValues, y, step, slope);
    }
    left -= rows;
    w += <usize>rows * toStep;
    if (isForward) b += <usize>rows * 4;
    y += <usize>rows * BLOCK;
  }
}

/** The weights of a tile, each in all four lanes, in the order in which they are read. */
const weights = memory.data((MOST_NEURONS + 1) * MOST_ROWS * 16, 16);

/** Writes a tile's biases, where there are some, and after them its weights to each of `from` features. */
function spreadWeights(
  w: usize, fromStep: usize, toStep: usize, b: usize, from: i32, rows: i32,
): void {
  let to = weights;
  if (b) to = spread(b, 4, rows, to);
  for (let i = 0; i < from; i++) {
    to = spread(w, toStep, rows, to);
    w += fromStep;
  }
}

/** Writes numbers, each in four lanes; returns the address after them. */
// @ts-ignore: decorator
@inline
function spread(from: usize, step: usize, count: i32, to: usize): usize {
  const end = to + <usize>count * 16;
  do {
    v128.store(to, v128.load32_splat(from));
    from += step;
    to += 16;
  } while (to < end);
  return to;
}

/** What a sum begins with: a bias is added to it forward. */
// @ts-ignore: decorator
@inline
function firstTerm(isForward: bool, bias: v128, u: v128, x: v128): v128 {
  const product = f32x4.mul(u, x);
  return isForward ? f32x4.add(bias, product) : product;
}

/**
 * Up to three features of every block.
 *
 * @param length of a block of x @param step from a block of y to the next
 */
// @ts-ignore: decorator
@inline
function multiplyTile(
  rows: i32, isForward: bool, isRelu: bool, x: usize, length: usize, end: usize, toValues: usize,
  y: usize, step: usize, slope: v128,
): void {
  const first = isForward ? weights + <usize>rows * 16 : weights;
  do {
    let x0 = v128.load(x);
    let x1 = v128.load(x, 16);
    let x2 = v128.load(x, 32);
    let u = v128.load(first);
    let bias = isForward ? v128.load(weights) : u;
    let a0 = firstTerm(isForward, bias, u, x0);
    let a1 = firstTerm(isForward, bias, u, x1);
    let a2 = firstTerm(isForward, bias, u, x2);
    let b0 = a0;
    let b1 = a1;
    let b2 = a2;
    let c0 = a0;
    let c1 = a1;
    let c2 = a2;
    if (rows > 1) {
      u = v128.load(first, 16);
      if (isForward) bias = v128.load(weights, 16);
      b0 = firstTerm(isForward, bias, u, x0);
      b1 = firstTerm(isForward, bias, u, x1);
      b2 = firstTerm(isForward, bias, u, x2);
    }
    if (rows > 2) {
      u = v128.load(first, 32);
      if (isForward) bias = v128.load(weights, 32);
      c0 = firstTerm(isForward, bias, u, x0);
      c1 = firstTerm(isForward, bias, u, x1);
      c2 = firstTerm(isForward, bias, u, x2);
    }
    const next = x + length;
    x += BLOCK;
    if (x < next) {
      let at = first;
      do {
        at += <usize>rows * 16;
        x0 = v128.load(x);
        x1 = v128.load(x, 16);
        x2 = v128.load(x, 32);
        x += BLOCK;
        u = v128.load(at);
        a0 = addProduct(a0, u, x0);
        a1 = addProduct(a1, u, x1);
        a2 = addProduct(a2, u, x2);
        if (rows > 1) {
          u = v128.load(at, 16);
          b0 = addProduct(b0, u, x0);
          b1 = addProduct(b1, u, x1);
          b2 = addProduct(b2, u, x2);
        }
        if (rows > 2) {
          u = v128.load(at, 32);
          c0 = addProduct(c0, u, x0);
          c1 = addProduct(c1, u, x1);
          c2 = addProduct(c2, u, x2);
        }
      } while (x < next);
    }
    if (isForward) {
      v128.store(y, applyActivation(a0, slope, isRelu));
      v128.store(y, applyActivation(a1, slope, isRelu), 16);
      v128.store(y, applyActivation(a2, slope, isRelu), 32);
      if (rows > 1) {
        v128.store(y, applyActivation(b0, slope, isRelu), 48);
        v128.store(y, applyActivation(b1, slope, isRelu), 64);
        v128.store(y, applyActivation(b2, slope, isRelu), 80);
      }
      if (rows > 2) {
        v128.store(y, applyActivation(c0, slope, isRelu), 96);
        v128.store(y, applyActivation(c1, slope, isRelu), 112);
        v128.store(y, applyActivation(c2, slope, isRelu), 128);
      }
    } else {
      const v = y + toValues;
      v128.store(y, multiplyDerivative(a0, v128.load(v), slope, isRelu));
      v128.store(y, multiplyDerivative(a1, v128.load(v, 16), slope, isRelu), 16);
      v128.store(y, multiplyDerivative(a2, v128.load(v, 32), slope, isRelu), 32);
      if (rows > 1) {
        v128.store(y, multiplyDerivative(b0, v128.load(v, 48), slope, isRelu), 48);
        v128.store(y, multiplyDerivative(b1, v128.load(v, 64), slope, isRelu), 64);
        v128.store(y, multiplyDerivative(b2, v128.load(v, 80), slope, isRelu), 80);
      }
      if (rows > 2) {
        v128.store(y, multiplyDerivative(c0, v128.load(v, 96), slope, isRelu), 96);
        v128.store(y, multiplyDerivative(c1, v128.load(v, 112), slope, isRelu), 112);
        v128.store(y, multiplyDerivative(c2, v128.load(v, 128), slope, isRelu), 128);
      }
    }
    y += step;
  } while (x < end);
}

// The gradient of a layer's parameters: sums over the points, each first as a vector of four sums.

/** Bytes of a sum in four lanes. */
export const LANES: usize = 16;

/**
 * Adds up delta·xᵀ and delta over the points, in four lanes.
 *
 * @param delta [outputs, points] @param x [inputs, points]
 * @param to where the sums of the weights go [outputs, inputs], and after them the biases' [outputs]
 */
export function sumGradient(
  delta: usize, x: usize, to: usize, inputs: i32, outputs: i32, blocks: i32,
): void {
  const row = <usize>inputs * LANES;
  sumOuter(delta, outputs, x, inputs, blocks, to, row);
  const step = <usize>outputs * BLOCK;
  const half = <usize>(blocks >> 1) * step;
  const end = delta + <usize>blocks * step;
  const middle = delta + half;
  to += <usize>outputs * row;
  for (let j = 0; j < outputs; j++) {
    // Real and generated points apart: where they pull a bias with the same force, nothing is left.
    const first = sumFeature(delta, step, middle);
    v128.store(to, f32x4.add(first, sumFeature(delta + half, step, end)));
    delta += BLOCK;
    to += LANES;
  }
}

/** The sums of a·bᵀ: that of features i and j goes to `to + i·toRow + j·LANES`. */
function sumOuter(
  a: usize, aFeatures: i32, b: usize, bFeatures: i32, blocks: i32, to: usize, toRow: usize,
): void {
  const aStep = <usize>aFeatures * BLOCK;
  const bStep = <usize>bFeatures * BLOCK;
  for (let left = aFeatures; left > 0; ) {
    const rows = tileRows(left);
    const end = a + <usize>blocks * aStep;
    let other = b;
    let at = to;
    for (let leftColumns = bFeatures; leftColumns > 0; ) {
      const columns = tileRows(leftColumns);
      if (columns == 3) sumThree(rows, a, aStep, end, other, bStep, at, toRow);
      else if (columns == 2) sumTwo(rows, a, aStep, end, other, bStep, at, toRow);
      else sumOne(rows, a, aStep, end, other, bStep, at, toRow);
      leftColumns -= columns;
      other += <usize>columns * BLOCK;
      at += <usize>columns * LANES;
    }
    left -= rows;
    a += <usize>rows * BLOCK;
    to += <usize>rows * toRow;
  }
}

/** Of up to three features with three others. */
function sumThree(
  rows: i32, a: usize, aStep: usize, end: usize, b: usize, bStep: usize, to: usize, toRow: usize,
): void {
  switch (rows) {
    case 1: sumTile(1, 3, a, aStep, end, b, bStep, to, toRow); break;
    case 2: sumTile(2, 3, a, aStep, end, b, bStep, to, toRow); break;
    default: sumTile(3, 3, a, aStep, end, b, bStep, to, toRow);
  }
}

/** Of up to three features with two others. */
function sumTwo(
  rows: i32, a: usize, aStep: usize, end: usize, b: usize, bStep: usize, to: usize, toRow: usize,
): void {
  switch (rows) {
    case 1: sumTile(1, 2, a, aStep, end, b, bStep, to, toRow); break;
    case 2: sumTile(2, 2, a, aStep, end, b, bStep, to, toRow); break;
    default: sumTile(3, 2, a, aStep, end, b, bStep, to, toRow);
  }
}

/** Of up to three features with another. */
function sumOne(
  rows: i32, a: usize, aStep: usize, end: usize, b: usize, bStep: usize, to: usize, toRow: usize,
): void {
  switch (rows) {
    case 1: sumTile(1, 1, a, aStep, end, b, bStep, to, toRow); break;
    case 2: sumTile(2, 1, a, aStep, end, b, bStep, to, toRow); break;
    default: sumTile(3, 1, a, aStep, end, b, bStep, to, toRow);
  }
}

/**
 * The sums over all blocks of up to three features times up to three others: of the first vectors of
 * the blocks, then of the second and of the third ones.
 */
// @ts-ignore: decorator
@inline
function sumTile(
  rows: i32, columns: i32, a: usize, aStep: usize, end: usize, b: usize, bStep: usize, to: usize,
  toRow: usize,
): void {
  let a0 = splat(0);
  let a1 = a0;
  let a2 = a0;
  let b0 = a0;
  let b1 = a0;
  let b2 = a0;
  let c0 = a0;
  let c1 = a0;
  let c2 = a0;
  for (let vector: usize = 0; vector < BLOCK; vector += 16) {
    let from = a + vector;
    let other = b + vector;
    do {
      const x0 = v128.load(other);
      const x1 = columns > 1 ? v128.load(other, 48) : x0;
      const x2 = columns > 2 ? v128.load(other, 96) : x0;
      let v = v128.load(from);
      a0 = addProduct(a0, v, x0);
      if (columns > 1) a1 = addProduct(a1, v, x1);
      if (columns > 2) a2 = addProduct(a2, v, x2);
      if (rows > 1) {
        v = v128.load(from, 48);
        b0 = addProduct(b0, v, x0);
        if (columns > 1) b1 = addProduct(b1, v, x1);
        if (columns > 2) b2 = addProduct(b2, v, x2);
      }
      if (rows > 2) {
        v = v128.load(from, 96);
        c0 = addProduct(c0, v, x0);
        if (columns > 1) c1 = addProduct(c1, v, x1);
        if (columns > 2) c2 = addProduct(c2, v, x2);
      }
      from += aStep;
      other += bStep;
    } while (from < end);
  }
  storeSums(columns, to, a0, a1, a2);
  if (rows > 1) storeSums(columns, to + toRow, b0, b1, b2);
  if (rows > 2) storeSums(columns, to + 2 * toRow, c0, c1, c2);
}

// @ts-ignore: decorator
@inline
function storeSums(columns: i32, to: usize, first: v128, second: v128, third: v128): void {
  v128.store(to, first);
  if (columns > 1) v128.store(to, second, 16);
  if (columns > 2) v128.store(to, third, 32);
}

/** The sum of a feature over blocks. */
// @ts-ignore: decorator
@inline
function sumFeature(x: usize, step: usize, end: usize): v128 {
  let a = splat(0);
  let b = a;
  let c = a;
  for (; x < end; x += step) {
    a = f32x4.add(a, v128.load(x));
    b = f32x4.add(b, v128.load(x, 16));
    c = f32x4.add(c, v128.load(x, 32));
  }
  return f32x4.add(f32x4.add(a, b), c);
}

/** Adds up the lanes of sums, rounded up to a multiple of four of them. */
export function addLanes(sums: usize, count: i32, to: usize): void {
  for (const end = to + <usize>count * 4; to < end; to += 16) {
    v128.store(
      to, sumFour(v128.load(sums), v128.load(sums, 16), v128.load(sums, 32), v128.load(sums, 48)),
    );
    sums += 4 * LANES;
  }
}

/** The sums of four vectors' lanes. */
// @ts-ignore: decorator
@inline
function sumFour(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(
    v128.shuffle<f32>(a, b, 0, 1, 4, 5),
    v128.shuffle<f32>(a, b, 2, 3, 6, 7),
  );
  const cd = f32x4.add(
    v128.shuffle<f32>(c, d, 0, 1, 4, 5),
    v128.shuffle<f32>(c, d, 2, 3, 6, 7),
  );
  return f32x4.add(
    v128.shuffle<f32>(ab, cd, 0, 2, 4, 6),
    v128.shuffle<f32>(ab, cd, 1, 3, 5, 7),
  );
}
