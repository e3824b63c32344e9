// exp, tanh and log in float64, two lanes at once, to about one unit in the last place. They are the
// engine's own, because those of hosts differ; each lane goes the same way whatever its number is.

const LOG2_E: f64 = 1.4426950408889634;
// ln 2 in two parts: the first has 21 zero bits at its end, so that k · LN2_HIGH is exact.
const LN2_HIGH: f64 = 6.93147180369123816490e-1;
const LN2_LOW: f64 = 1.90821492927058770002e-10;
const ROUND: f64 = 6755399441055744; // 1.5 · 2^52: adding it leaves an integer in the low bits

// @ts-ignore: decorator
@inline
function all(x: f64): v128 {
  return f64x2.splat(x);
}

// @ts-ignore: decorator
@inline
function step(sum: v128, r: v128, coefficient: f64): v128 {
  return f64x2.add(f64x2.mul(sum, r), all(coefficient));
}

/** (exp(r) − 1 − r) / r² for |r| ≤ ln 2 / 2, by Taylor: the first term left out is below 2^−58. */
// @ts-ignore: decorator
@inline
function expTail(r: v128): v128 {
  let sum = all(1.0 / 87178291200.0); // 1/14!
  sum = step(sum, r, 1.0 / 6227020800.0);
  sum = step(sum, r, 1.0 / 479001600.0);
  sum = step(sum, r, 1.0 / 39916800.0);
  sum = step(sum, r, 1.0 / 3628800.0);
  sum = step(sum, r, 1.0 / 362880.0);
  sum = step(sum, r, 1.0 / 40320.0);
  sum = step(sum, r, 1.0 / 5040.0);
  sum = step(sum, r, 1.0 / 720.0);
  sum = step(sum, r, 1.0 / 120.0);
  sum = step(sum, r, 1.0 / 24.0);
  sum = step(sum, r, 1.0 / 6.0);
  return step(sum, r, 0.5);
}

/** 2^k for integers k of −1022 … 1023. */
// @ts-ignore: decorator
@inline
function powerOfTwo(k: v128): v128 {
  const integer = i64x2.sub(f64x2.add(k, all(ROUND)), all(ROUND));
  return i64x2.shl(i64x2.add(integer, i64x2.splat(1023)), 52);
}

/** exp(x); infinity from 709.79 on, 0 from −745.2 down. */
// @ts-ignore: decorator
@inline
export function exp2(x: v128): v128 {
  x = f64x2.max(f64x2.min(x, all(710)), all(-746));
  const k = f64x2.nearest(f64x2.mul(x, all(LOG2_E)));
  const high = f64x2.sub(x, f64x2.mul(k, all(LN2_HIGH)));
  const r = f64x2.sub(high, f64x2.mul(k, all(LN2_LOW)));
  const grown = f64x2.add(f64x2.mul(f64x2.mul(r, r), expTail(r)), r);
  // In two halves: 2^k itself may be too large or too small where exp(x) is not.
  const half = f64x2.floor(f64x2.mul(k, all(0.5)));
  const first = powerOfTwo(half);
  const second = powerOfTwo(f64x2.sub(k, half));
  return f64x2.mul(f64x2.mul(f64x2.add(grown, all(1)), first), second);
}

/** tanh(x) = −t / (2 + t) with t = exp(−2|x|) − 1, which keeps its digits near 0. */
// @ts-ignore: decorator
@inline
export function tanh2(x: v128): v128 {
  const sign = v128.and(x, all(-0.0));
  const y = f64x2.mul(f64x2.min(f64x2.abs(x), all(40)), all(-2));
  const k = f64x2.nearest(f64x2.mul(y, all(LOG2_E)));
  const high = f64x2.sub(y, f64x2.mul(k, all(LN2_HIGH)));
  const r = f64x2.sub(high, f64x2.mul(k, all(LN2_LOW)));
  const grown = f64x2.add(f64x2.mul(f64x2.mul(r, r), expTail(r)), r);
  const scale = powerOfTwo(k);
  const t = f64x2.add(f64x2.mul(grown, scale), f64x2.sub(scale, all(1)));
  return v128.or(f64x2.div(f64x2.neg(t), f64x2.add(t, all(2))), sign);
}

/** log(1 + u) for u of 0 … 1. */
// @ts-ignore: decorator
@inline
export function log1p2(u: v128): v128 {
  // Above √2 − 1 the half of 1 + u is nearer to 1: log(1 + u) = ln 2 + log(1 + (u − 1) / 2).
  const isLarge = f64x2.gt(u, all(0.41421356237309503));
  const v = v128.bitselect(f64x2.mul(f64x2.sub(u, all(1)), all(0.5)), u, isLarge);
  const s = f64x2.div(v, f64x2.add(v, all(2)));
  const square = f64x2.mul(s, s);
  let sum = all(1.0 / 23.0);
  sum = step(sum, square, 1.0 / 21.0);
  sum = step(sum, square, 1.0 / 19.0);
  sum = step(sum, square, 1.0 / 17.0);
  sum = step(sum, square, 1.0 / 15.0);
  sum = step(sum, square, 1.0 / 13.0);
  sum = step(sum, square, 1.0 / 11.0);
  sum = step(sum, square, 1.0 / 9.0);
  sum = step(sum, square, 1.0 / 7.0);
  sum = step(sum, square, 1.0 / 5.0);
  sum = step(sum, square, 1.0 / 3.0);
  // log((1 + s) / (1 − s)) = v − s · (v − 2s³/s · …): 2s = v − s·v keeps the digits of v.
  const rest = f64x2.mul(s, f64x2.sub(f64x2.mul(f64x2.mul(square, sum), all(2)), v));
  const value = f64x2.add(v, rest);
  return v128.bitselect(f64x2.add(value, all(0.6931471805599453)), value, isLarge);
}

/** log(1 + exp(x)) = max(x, 0) + log(1 + exp(−|x|)). */
// @ts-ignore: decorator
@inline
export function softplus2(x: v128): v128 {
  return f64x2.add(f64x2.max(x, all(0)), log1p2(exp2(f64x2.neg(f64x2.abs(x)))));
}

/** 1 / (1 + exp(−x)) with all its digits on both sides. */
// @ts-ignore: decorator
@inline
export function logistic2(x: v128): v128 {
  const e = exp2(f64x2.neg(f64x2.abs(x)));
  const numerator = v128.bitselect(e, all(1), f64x2.lt(x, all(0)));
  return f64x2.div(numerator, f64x2.add(all(1), e));
}
