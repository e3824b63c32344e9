// Exponentials, logarithms, sines and their kin, in four lanes of float32 (`…4`) and in float64:
// polynomials of our own, because what a host computes differs between browsers in the last digit.

// @ts-ignore: decorator
@inline
export function splat(x: f32): v128 {
  return f32x4.splat(x);
}

/** a + x·y, rounded twice: WebAssembly has no fused form that is the same everywhere. */
// @ts-ignore: decorator
@inline
export function addProduct(a: v128, x: v128, y: v128): v128 {
  return f32x4.add(a, f32x4.mul(x, y));
}

// Coefficients lie in memory: put together where it is used, a constant takes three instructions in
// V8, once for every four numbers.

// @ts-ignore: decorator
@inline
function coefficient4(table: usize, index: usize): v128 {
  return v128.load32_splat(table + 4 * index);
}

/** Of e^r − 1 over r², from the highest power on, and ½. */
const EXPM1 = memory.data<f32>([1.0 / 5040.0, 1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5]);
/** 1 / ln 2, and ln 2 in two parts: the first has so few digits that n times it is exact. */
const LN2 = memory.data<f32>([1.44269504088896341, 0.693359375, -2.12194440e-4]);
/**
 * 1.5·2²³: what it is added to is rounded to a whole number, as `nearest` does it, up to 2²². That
 * number then stands in the lower bits of the sum, where a conversion takes six instructions in V8.
 */
const ROUND = memory.data<f32>([12582912.0]);
/** Where e^x is cut. */
const CUT = memory.data<f32>([-87.0, 88.0]);
/** Of 2·artanh s − 2·s over s³, from the highest power on. */
const ARTANH = memory.data<f32>([2.0 / 9.0, 2.0 / 7.0, 2.0 / 5.0, 2.0 / 3.0]);
/** 2 / π, and π/2 in three parts: n times the first two is exact up to n = 2¹⁵. */
const QUARTER = memory.data<f32>([
  0.63661977236758134, 1.5703125, 4.83751296997070312e-4, 7.54953362047672271e-8,
]);
/** Of sin r − r over r³ and of cos r, in r², from the highest power on. */
const SINE = memory.data<f32>([1.0 / 362880.0, -1.0 / 5040.0, 1.0 / 120.0, -1.0 / 6.0]);
const COSINE = memory.data<f32>([1.0 / 40320.0, -1.0 / 720.0, 1.0 / 24.0, -0.5, 1.0]);
/** Of √2·erf⁻¹(x) / x in w − 2.5 and, in the tails, in √w − 3, from the highest power on; see there. */
const NORMAL = memory.data<f32>([
  -1.2432431084619111e-08, 3.285592242718849e-08, 6.592648560399539e-07,
  -4.8970041461871006e-06, -7.01923363521928e-06, 0.00030878567486070096,
  -0.0017716445727273822, -0.005907717160880566, 0.34880203008651733,
  2.1233134269714355,
]);
const NORMAL_TAIL = memory.data<f32>([
  0.0001780802122084424, -0.000448332546511665, -0.00010186056169914082,
  0.0021127352956682444, -0.005076151806861162, 0.008038131520152092,
  -0.010803086683154106, 0.013358126394450665, 1.416582465171814,
  4.006434440612793,
]);
/** 1, 2, −2, and −0: the sign alone. */
const ONE = memory.data<f32>([1.0, 2.0, -2.0, -0.0]);

/** 2ⁿ of the lower bits: n joins the exponent of 1. */
// @ts-ignore: decorator
@inline
function powerOfTwo4(rounded: v128): v128 {
  return i32x4.add(i32x4.shl(rounded, 23), coefficient4(ONE, 0));
}

/** The product of x and a coefficient, rounded: its lower bits are the whole number. */
// @ts-ignore: decorator
@inline
function roundProduct(x: v128, table: usize): v128 {
  return addProduct(coefficient4(ROUND, 0), x, coefficient4(table, 0));
}

/** The whole number of `roundProduct`. */
// @ts-ignore: decorator
@inline
function wholeNumber(rounded: v128): v128 {
  return f32x4.sub(rounded, coefficient4(ROUND, 0));
}

/** e^r − 1 for |r| ≤ ½·ln 2: its Taylor series. */
// @ts-ignore: decorator
@inline
function expm1Series4(r: v128): v128 {
  let y = coefficient4(EXPM1, 0);
  y = addProduct(coefficient4(EXPM1, 1), y, r);
  y = addProduct(coefficient4(EXPM1, 2), y, r);
  y = addProduct(coefficient4(EXPM1, 3), y, r);
  y = addProduct(coefficient4(EXPM1, 4), y, r);
  y = addProduct(coefficient4(EXPM1, 5), y, r);
  return addProduct(r, y, f32x4.mul(r, r));
}

// @ts-ignore: decorator
@inline
function withoutLn2(x: v128, n: v128): v128 {
  return f32x4.sub(f32x4.sub(x, f32x4.mul(n, coefficient4(LN2, 1))), f32x4.mul(n, coefficient4(LN2, 2)));
}

/** eˣ; x is cut to −87 … 88. */
// @ts-ignore: decorator
@inline
export function exp4(x: v128): v128 {
  x = f32x4.pmin(coefficient4(CUT, 1), f32x4.pmax(coefficient4(CUT, 0), x));
  const rounded = roundProduct(x, LN2);
  const r = withoutLn2(x, wholeNumber(rounded));
  return f32x4.mul(f32x4.add(expm1Series4(r), coefficient4(ONE, 0)), powerOfTwo4(rounded));
}

/** eˣ − 1, with all its digits near 0; x is cut to −87 … 88. */
// @ts-ignore: decorator
@inline
export function expm14(x: v128): v128 {
  x = f32x4.pmin(coefficient4(CUT, 1), f32x4.pmax(coefficient4(CUT, 0), x));
  const rounded = roundProduct(x, LN2);
  const scale = powerOfTwo4(rounded);
  const r = withoutLn2(x, wholeNumber(rounded));
  return addProduct(f32x4.sub(scale, coefficient4(ONE, 0)), scale, expm1Series4(r));
}

/** ln x of normal numbers above 0. */
// @ts-ignore: decorator
@inline
export function log4(x: v128): v128 {
  // x = m·2ᵉ with m from √½ to √2; ln m = 2·artanh(s), s = (m − 1) / (m + 1).
  const low = i32x4.sub(x, i32x4.splat(0x3f3504f3));
  const exponent = i32x4.shr_s(low, 23);
  const m = i32x4.sub(x, i32x4.shl(exponent, 23));
  const e = f32x4.convert_i32x4_s(exponent);
  const f = f32x4.sub(m, coefficient4(ONE, 0));
  const s = f32x4.div(f, f32x4.add(m, coefficient4(ONE, 0)));
  const z = f32x4.mul(s, s);
  let y = coefficient4(ARTANH, 0);
  y = addProduct(coefficient4(ARTANH, 1), y, z);
  y = addProduct(coefficient4(ARTANH, 2), y, z);
  y = addProduct(coefficient4(ARTANH, 3), y, z);
  y = f32x4.mul(f32x4.mul(y, z), s);
  // 2·s = f − f·s, and f is exact.
  y = addProduct(y, e, coefficient4(LN2, 2));
  return f32x4.add(addProduct(f32x4.sub(f, f32x4.mul(f, s)), e, coefficient4(LN2, 1)), y);
}

/** ln(1 + x) for x > −1, with all its digits near 0. */
// @ts-ignore: decorator
@inline
export function log1p4(x: v128): v128 {
  const u = f32x4.add(coefficient4(ONE, 0), x);
  const lost = f32x4.sub(x, f32x4.sub(u, coefficient4(ONE, 0)));
  return f32x4.add(log4(u), f32x4.div(lost, u));
}

/** 1 / (1 + e⁻ˣ), with all its digits at both ends. */
// @ts-ignore: decorator
@inline
export function sigmoid4(x: v128): v128 {
  const e = exp4(f32x4.neg(f32x4.abs(x)));
  const numerator = v128.bitselect(e, coefficient4(ONE, 0), f32x4.lt(x, splat(0)));
  return f32x4.div(numerator, f32x4.add(coefficient4(ONE, 0), e));
}

/** ln(1 + eˣ). */
// @ts-ignore: decorator
@inline
export function softplus4(x: v128): v128 {
  return f32x4.add(f32x4.pmax(splat(0), x), log1p4(exp4(f32x4.neg(f32x4.abs(x)))));
}

// @ts-ignore: decorator
@inline
export function tanh4(x: v128): v128 {
  const e = expm14(f32x4.mul(coefficient4(ONE, 2), f32x4.abs(x)));
  const y = f32x4.div(e, f32x4.add(e, coefficient4(ONE, 1)));
  const sign = coefficient4(ONE, 3);
  return v128.or(v128.andnot(y, sign), v128.and(x, sign));
}

// @ts-ignore: decorator
@inline
function withoutQuarters4(x: v128, q: v128): v128 {
  let r = f32x4.sub(x, f32x4.mul(q, coefficient4(QUARTER, 1)));
  r = f32x4.sub(r, f32x4.mul(q, coefficient4(QUARTER, 2)));
  return f32x4.sub(r, f32x4.mul(q, coefficient4(QUARTER, 3)));
}

/** sin r for |r| ≤ π/4; z is r². */
// @ts-ignore: decorator
@inline
function sineSeries4(r: v128, z: v128): v128 {
  let s = coefficient4(SINE, 0);
  s = addProduct(coefficient4(SINE, 1), s, z);
  s = addProduct(coefficient4(SINE, 2), s, z);
  s = addProduct(coefficient4(SINE, 3), s, z);
  return addProduct(r, f32x4.mul(s, z), r);
}

/** cos r for |r| ≤ π/4; z is r². */
// @ts-ignore: decorator
@inline
function cosineSeries4(z: v128): v128 {
  let c = coefficient4(COSINE, 0);
  c = addProduct(coefficient4(COSINE, 1), c, z);
  c = addProduct(coefficient4(COSINE, 2), c, z);
  c = addProduct(coefficient4(COSINE, 3), c, z);
  return addProduct(coefficient4(COSINE, 4), c, z);
}

/** Which of two series it is after k quarters, and its sign. */
// @ts-ignore: decorator
@inline
function selectQuarter4(even: v128, odd: v128, k: v128): v128 {
  const isOdd = i32x4.eq(v128.and(k, i32x4.splat(1)), i32x4.splat(1));
  return v128.xor(v128.bitselect(odd, even, isOdd), i32x4.shl(v128.and(k, i32x4.splat(2)), 30));
}

/** sin x, for |x| up to some ten thousands. */
// @ts-ignore: decorator
@inline
export function sin4(x: v128): v128 {
  const k = roundProduct(x, QUARTER);
  const r = withoutQuarters4(x, wholeNumber(k));
  const z = f32x4.mul(r, r);
  return selectQuarter4(sineSeries4(r, z), cosineSeries4(z), k);
}

/** cos x, for |x| up to some ten thousands. */
// @ts-ignore: decorator
@inline
export function cos4(x: v128): v128 {
  const k = roundProduct(x, QUARTER);
  const r = withoutQuarters4(x, wholeNumber(k));
  const z = f32x4.mul(r, r);
  return selectQuarter4(sineSeries4(r, z), cosineSeries4(z), i32x4.add(k, i32x4.splat(1)));
}

/** Writes cos x and sin x: what both need is computed once. */
// @ts-ignore: decorator
@inline
export function storeCosSin4(x: v128, toCos: usize, toSin: usize): void {
  const k = roundProduct(x, QUARTER);
  const r = withoutQuarters4(x, wholeNumber(k));
  const z = f32x4.mul(r, r);
  const s = sineSeries4(r, z);
  const c = cosineSeries4(z);
  v128.store(toCos, selectQuarter4(s, c, i32x4.add(k, i32x4.splat(1))));
  v128.store(toSin, selectQuarter4(s, c, k));
}

/** √2·erf⁻¹(x), a standard normal number of a uniform one from −1 to 1 (without both). */
// @ts-ignore: decorator
@inline
export function normalOfUniform4(x: v128): v128 {
  // A function of w = −ln(1 − x²), once in w itself and in the tails in its root: fitted in the
  // sense of Chebyshev to 7e-9. 1 − x² is formed of the rounded square, as XLA does.
  const w = f32x4.neg(log1p4(f32x4.neg(f32x4.mul(x, x))));
  const t = f32x4.sub(w, splat(2.5));
  let y = coefficient4(NORMAL, 0);
  y = addProduct(coefficient4(NORMAL, 1), y, t);
  y = addProduct(coefficient4(NORMAL, 2), y, t);
  y = addProduct(coefficient4(NORMAL, 3), y, t);
  y = addProduct(coefficient4(NORMAL, 4), y, t);
  y = addProduct(coefficient4(NORMAL, 5), y, t);
  y = addProduct(coefficient4(NORMAL, 6), y, t);
  y = addProduct(coefficient4(NORMAL, 7), y, t);
  y = addProduct(coefficient4(NORMAL, 8), y, t);
  y = addProduct(coefficient4(NORMAL, 9), y, t);
  const tail = f32x4.gt(w, splat(5));
  if (v128.any_true(tail)) {
    const u = f32x4.sub(f32x4.sqrt(f32x4.abs(w)), splat(3));
    let v = coefficient4(NORMAL_TAIL, 0);
    v = addProduct(coefficient4(NORMAL_TAIL, 1), v, u);
    v = addProduct(coefficient4(NORMAL_TAIL, 2), v, u);
    v = addProduct(coefficient4(NORMAL_TAIL, 3), v, u);
    v = addProduct(coefficient4(NORMAL_TAIL, 4), v, u);
    v = addProduct(coefficient4(NORMAL_TAIL, 5), v, u);
    v = addProduct(coefficient4(NORMAL_TAIL, 6), v, u);
    v = addProduct(coefficient4(NORMAL_TAIL, 7), v, u);
    v = addProduct(coefficient4(NORMAL_TAIL, 8), v, u);
    v = addProduct(coefficient4(NORMAL_TAIL, 9), v, u);
    y = v128.bitselect(v, y, tail);
  }
  return f32x4.mul(y, x);
}

/** The sum of four lanes, in one order. */
// @ts-ignore: decorator
@inline
export function sumLanes(v: v128): f32 {
  return (
    f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1) +
    (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3))
  );
}

// float64, one number at a time

const LN2_HIGH_64: f64 = 6.93147180369123816490e-1;
const LN2_LOW_64: f64 = 1.90821492927058770002e-10;

// @ts-ignore: decorator
@inline
function powerOfTwo(n: i32): f64 {
  return reinterpret<f64>((<i64>(n + 1023)) << 52);
}

/** (e^r − 1 − r) for |r| ≤ ½·ln 2: its Taylor series. */
// @ts-ignore: decorator
@inline
function expm1Series(r: f64): f64 {
  let y: f64 = 1.0 / 87178291200.0;
  y = 1.0 / 6227020800.0 + y * r;
  y = 1.0 / 479001600.0 + y * r;
  y = 1.0 / 39916800.0 + y * r;
  y = 1.0 / 3628800.0 + y * r;
  y = 1.0 / 362880.0 + y * r;
  y = 1.0 / 40320.0 + y * r;
  y = 1.0 / 5040.0 + y * r;
  y = 1.0 / 720.0 + y * r;
  y = 1.0 / 120.0 + y * r;
  y = 1.0 / 24.0 + y * r;
  y = 1.0 / 6.0 + y * r;
  y = 0.5 + y * r;
  return y * r * r;
}

/** eˣ; Infinity above 709.7, 0 below −745. */
export function exp(x: f64): f64 {
  if (x != x) return x;
  if (x > 709.782712893384) return Infinity;
  if (x < -745.1332191019412) return 0;
  const n = <i32>nearest(x * 1.4426950408889634);
  const r = x - n * LN2_HIGH_64 - n * LN2_LOW_64;
  const y = 1 + (r + expm1Series(r));
  const half = n >> 1; // in two steps: 2ⁿ itself may lie outside of the range of numbers
  return y * powerOfTwo(half) * powerOfTwo(n - half);
}

/** eˣ − 1, with all its digits near 0. */
export function expm1(x: f64): f64 {
  if (abs(x) > 0.34657359027997264) return exp(x) - 1;
  return x + expm1Series(x);
}

/** ln x; −Infinity at 0, NaN below it. */
export function log(x: f64): f64 {
  if (x == 0) return -Infinity;
  if (!(x > 0)) return NaN;
  if (x == Infinity) return x;
  let shift = 0;
  if (x < 2.2250738585072014e-308) {
    x *= 18014398509481984.0;
    shift = -54;
  }
  let bits = reinterpret<i64>(x);
  let exponent = <i32>((bits - 0x3fe6a09e667f3bcd) >> 52);
  const m = reinterpret<f64>(bits - ((<i64>exponent) << 52));
  exponent += shift;
  const f = m - 1;
  const s = f / (m + 1);
  const z = s * s;
  let y: f64 = 2.0 / 23.0;
  y = 2.0 / 21.0 + y * z;
  y = 2.0 / 19.0 + y * z;
  y = 2.0 / 17.0 + y * z;
  y = 2.0 / 15.0 + y * z;
  y = 2.0 / 13.0 + y * z;
  y = 2.0 / 11.0 + y * z;
  y = 2.0 / 9.0 + y * z;
  y = 2.0 / 7.0 + y * z;
  y = 2.0 / 5.0 + y * z;
  y = 2.0 / 3.0 + y * z;
  // 2·s = f − f·s, and f is exact.
  return exponent * LN2_HIGH_64 + (f - (f * s - (y * z * s + exponent * LN2_LOW_64)));
}

/** ln(1 + x), with all its digits near 0. */
export function log1p(x: f64): f64 {
  const u = 1 + x;
  if (u == 1) return x;
  if (!(u > 0) || u == Infinity) return log(u);
  return log(u) + (x - (u - 1)) / u;
}

export function sigmoid(x: f64): f64 {
  const e = exp(-abs(x));
  return (x < 0 ? e : 1) / (1 + e);
}

/** ln(1 + eˣ). */
export function softplus(x: f64): f64 {
  return max<f64>(x, 0) + log1p(exp(-abs(x)));
}

export function tanh(x: f64): f64 {
  const e = expm1(-2 * abs(x));
  const y = -e / (e + 2);
  return x < 0 ? -y : y;
}

function sineFrom(x: f64, quarters: i32): f64 {
  const q = nearest(x * 0.63661977236758138);
  let r = x - q * 1.57079632673412561417;
  r -= q * 6.07710050630396597660e-11;
  r -= q * 2.02226624879595063154e-21;
  const z = r * r;
  const k = <i32>(<i64>q) + quarters;
  let y: f64;
  if (k & 1) {
    y = 1.0 / 20922789888000.0;
    y = -1.0 / 87178291200.0 + y * z;
    y = 1.0 / 479001600.0 + y * z;
    y = -1.0 / 3628800.0 + y * z;
    y = 1.0 / 40320.0 + y * z;
    y = -1.0 / 720.0 + y * z;
    y = 1.0 / 24.0 + y * z;
    y = 1 - z * (0.5 - y * z);
  } else {
    y = 1.0 / 355687428096000.0;
    y = -1.0 / 1307674368000.0 + y * z;
    y = 1.0 / 6227020800.0 + y * z;
    y = -1.0 / 39916800.0 + y * z;
    y = 1.0 / 362880.0 + y * z;
    y = -1.0 / 5040.0 + y * z;
    y = 1.0 / 120.0 + y * z;
    y = -1.0 / 6.0 + y * z;
    y = r + r * z * y;
  }
  return k & 2 ? -y : y;
}

/** sin x, for |x| up to a million. */
export function sin(x: f64): f64 {
  return sineFrom(x, 0);
}

/** cos x, for |x| up to a million. */
export function cos(x: f64): f64 {
  return sineFrom(x, 1);
}
