// Numbers of twice the precision (Dekker 1971): an unevaluated sum of two float64, about 32 digits.
// What is drawn once (first weights, points) goes through these, so that exp, log, sin and cos come
// out correctly rounded, as a good libm's do. A function returns the high part; `low` is the other.

export let low: f64 = 0;

const SPLIT: f64 = 134217729; // 2^27 + 1
const LN2_HIGH: f64 = 0.6931471805599453;
const LN2_LOW: f64 = 2.3190468138462996e-17;
const HALF_PI_HIGH: f64 = 1.5707963267948966;
const HALF_PI_LOW: f64 = 6.123233995736766e-17;

// @ts-ignore: decorator
@inline
function twoSum(a: f64, b: f64): f64 {
  const sum = a + b;
  const part = sum - a;
  low = a - (sum - part) + (b - part);
  return sum;
}

// @ts-ignore: decorator
@inline
function twoProduct(a: f64, b: f64): f64 {
  const product = a * b;
  let t = SPLIT * a;
  const aHigh = t - (t - a);
  const aLow = a - aHigh;
  t = SPLIT * b;
  const bHigh = t - (t - b);
  const bLow = b - bHigh;
  low = aLow * bLow - (product - aHigh * bHigh - aLow * bHigh - aHigh * bLow);
  return product;
}

function add(aHigh: f64, aLow: f64, bHigh: f64, bLow: f64): f64 {
  const sum = twoSum(aHigh, bHigh);
  return twoSum(sum, low + (aLow + bLow));
}

function multiply(aHigh: f64, aLow: f64, bHigh: f64, bLow: f64): f64 {
  const product = twoProduct(aHigh, bHigh);
  return twoSum(product, low + (aHigh * bLow + aLow * bHigh));
}

function divide(aHigh: f64, aLow: f64, n: f64): f64 {
  const quotient = aHigh / n;
  const product = twoProduct(quotient, n);
  return twoSum(quotient, (aHigh - product - low + aLow) / n);
}

/** exp(x) of a number of both parts, |x| up to about 700. */
function exp2parts(xHigh: f64, xLow: f64): f64 {
  const k = nearest(xHigh / LN2_HIGH);
  let high = multiply(k, 0, LN2_HIGH, LN2_LOW);
  high = add(xHigh, xLow, -high, -low);
  const rHigh = high / 256;
  const rLow = low / 256;
  high = 1;
  let lower: f64 = 0;
  for (let n: f64 = 10; n > 0; n--) {
    // 1 + r/n · what comes after
    high = multiply(high, lower, rHigh, rLow);
    high = divide(high, low, n);
    high = add(1, 0, high, low);
    lower = low;
  }
  for (let i = 0; i < 8; i++) {
    high = multiply(high, lower, high, lower);
    lower = low;
  }
  const scale = reinterpret<f64>((<i64>k + 1023) << 52);
  low = lower * scale;
  return high * scale;
}

/** exp(x), correctly rounded but for cases of one in about 10^14. */
export function exactExp(x: f64): f64 {
  return exp2parts(x, 0);
}

/** log(x) of a positive normal number, likewise. */
export function exactLog(x: f64): f64 {
  // A first value good to a few digits, then Newton's y + x·exp(−y) − 1, which doubles them.
  const bits = reinterpret<u64>(x);
  const exponent = <f64>(<i64>(bits >> 52) - 1023);
  const mantissa = reinterpret<f64>((bits & 0x000fffffffffffff) | 0x3ff0000000000000);
  const s = (mantissa - 1) / (mantissa + 1);
  const s2 = s * s;
  let high = exponent * LN2_HIGH + 2 * s * (1 + s2 * (1 / 3.0 + s2 * (1 / 5.0 + s2 / 7.0)));
  let lower: f64 = 0;
  for (let i = 0; i < 4; i++) {
    let e = exp2parts(-high, -lower);
    e = multiply(e, low, x, 0);
    e = add(e, low, -1, 0);
    high = add(high, lower, e, low);
    lower = low;
  }
  return high;
}

/** The Taylor series of sin (`first` 1) or cos (`first` 0) of a number of both parts, |r| < 0.8. */
function series(rHigh: f64, rLow: f64, first: f64): f64 {
  let high = multiply(rHigh, rLow, rHigh, rLow);
  const squareHigh = high;
  const squareLow = low;
  high = 1;
  let lower: f64 = 0;
  for (let n: f64 = 28; n > 0; n -= 2) {
    high = multiply(high, lower, squareHigh, squareLow);
    high = divide(high, low, (n + first) * (n + first - 1));
    high = add(1, 0, -high, -low);
    lower = low;
  }
  return first == 1 ? multiply(high, lower, rHigh, rLow) : high;
}

/** sin(x + quarters · π/2) for |x| up to about 1,000, likewise. */
function sine(x: f64, quarters: i32): f64 {
  const k = nearest(x / HALF_PI_HIGH);
  let high = multiply(k, 0, HALF_PI_HIGH, HALF_PI_LOW);
  high = add(x, 0, -high, -low);
  const quadrant = (<i32>k + quarters) & 3;
  const value = series(high, low, quadrant & 1 ? 0 : 1);
  return quadrant & 2 ? -value : value;
}

export function exactSin(x: f64): f64 {
  return sine(x, 0);
}

export function exactCos(x: f64): f64 {
  return sine(x, 1);
}
