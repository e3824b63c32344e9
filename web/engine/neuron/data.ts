// The points of the neuron lab: truth tables, the four 2-D sets of TensorFlow Playground, and points
// of the user's (see epoque/neuron/data.py and scaling.py, whose numbers these are).

import { exactCos, exactSin } from "../double_double";
import { allocate } from "../memory";
import { normal, permute, startStream, uniformIn } from "../pcg64";
import {
  DATA, Data, MAX_TABLE, NOISE, SAMPLES, SCALE, TRAIN_SHARE, TRUTH_TABLE,
  choice, entry, number, seed,
} from "./settings";

const RADIUS: f64 = 5;
const PI: f64 = 3.141592653589793;
const MINMAX: i32 = 2;

/** Inputs of a point. */
export let inputs: i32 = 0;
/** Training points and test points. */
export let trainPoints: i32 = 0;
export let testPoints: i32 = 0;
/** Training inputs, f64 [trainPoints, inputs], and classes, f64 [trainPoints]. */
export let x: usize = 0;
export let d: usize = 0;
/** Those of the test points. */
export let xTest: usize = 0;
export let dTest: usize = 0;

let userPoints: usize = 0;
let userCount: i32 = 0;
let userColumns: i32 = 0;

/** Takes note of the user's points: f64 [count, columns], their class in the last column. */
export function setUserPoints(address: usize, count: i32, columns: i32): void {
  userPoints = address;
  userCount = count;
  userColumns = columns;
}

/** Makes the points that the settings ask for; false where there are none. */
export function makePoints(): bool {
  const data = choice(DATA);
  if (data == Data.TRUTH_TABLE) return makeTruthTable();
  if (data == Data.CSV) return copyUserPoints();
  return samplePoints(data);
}

function reserve(train: i32, test: i32, width: i32): bool {
  trainPoints = train;
  testPoints = test;
  inputs = width;
  x = allocate(<usize>train * width * 8);
  d = allocate(<usize>train * 8);
  xTest = allocate(<usize>test * width * 8);
  dTest = allocate(<usize>test * 8);
  return x != 0 && d != 0 && xTest != 0 && dTest != 0;
}

/** The patterns in counting order, the last input changing first. */
function makeTruthTable(): bool {
  const count = choice(TRUTH_TABLE);
  const width = 31 - clz(count);
  if (count < 2 || count > MAX_TABLE || 1 << width != count) return false;
  if (!reserve(count, 0, width)) return false;
  for (let i = 0; i < count; i++) {
    for (let f = 0; f < width; f++) {
      store<f64>(x + <usize>(i * width + f) * 8, <f64>((i >> (width - 1 - f)) & 1));
    }
    store<f64>(d + <usize>i * 8, <f64>entry(TRUTH_TABLE, i));
  }
  return true;
}

// The 2-D sets of TensorFlow Playground (Smilkov et al. 2017, arXiv:1708.03788).

function samplePoints(data: i32): bool {
  const count = choice(SAMPLES);
  const noise = number(NOISE);
  const cut = min(max(<i32>(<f64>count * number(TRAIN_SHARE)), 1), count - 1);
  if (count < 2 || !reserve(cut, count - cut, 2)) return false;
  const drawn = allocate(<usize>count * 24);
  const order = allocate(<usize>count * 4);
  if (drawn == 0 || order == 0) return false;
  startStream(seed(), "data");
  if (data == Data.CIRCLE) drawCircle(drawn, count, noise);
  else if (data == Data.EXCLUSIVE_OR) drawExclusiveOr(drawn, count, noise);
  else if (data == Data.GAUSSIAN) drawGaussian(drawn, count, noise);
  else drawSpiral(drawn, count, noise);
  permute(order, count);
  for (let i = 0; i < count; i++) {
    const from = drawn + <usize>load<i32>(order + <usize>i * 4) * 24;
    const place = <usize>(i < cut ? i : i - cut);
    const to = (i < cut ? x : xTest) + place * 16;
    store<f64>(to, load<f64>(from));
    store<f64>(to, load<f64>(from, 8), 8);
    store<f64>((i < cut ? d : dTest) + place * 8, load<f64>(from, 16));
  }
  return true;
}

// A drawn point is three numbers: x1, x2, its class.

/** Class 1 within half the radius, class 0 in the ring from 0.7 of it; noise blurs the label. */
function drawCircle(drawn: usize, count: i32, noise: f64): void {
  const inner = count / 2;
  for (let i = 0; i < count; i++) {
    const r = i < inner ? uniformIn(0, 0.5 * RADIUS) : uniformIn(0.7 * RADIUS, RADIUS - 0.7 * RADIUS);
    store<f64>(drawn + <usize>i * 24, r);
  }
  for (let i = 0; i < count; i++) {
    const point = drawn + <usize>i * 24;
    const angle = uniformIn(0, 2 * PI);
    const r = load<f64>(point);
    store<f64>(point, r * exactSin(angle));
    store<f64>(point, r * exactCos(angle), 8);
  }
  for (let i = 0; i < count; i++) {
    const point = drawn + <usize>i * 24;
    const u = load<f64>(point) + noise * uniformIn(-RADIUS, 2 * RADIUS);
    const v = load<f64>(point, 8) + noise * uniformIn(-RADIUS, 2 * RADIUS);
    store<f64>(point, sqrt(u * u + v * v) < 0.5 * RADIUS ? 1 : 0, 16);
  }
}

/** Class 1 where both coordinates have the same sign; a gap along the axes; noisy labels. */
function drawExclusiveOr(drawn: usize, count: i32, noise: f64): void {
  for (let i = 0; i < count; i++) {
    for (let axis: usize = 0; axis < 2; axis++) {
      const value = uniformIn(-RADIUS, 2 * RADIUS);
      store<f64>(drawn + <usize>i * 24 + axis * 8, value + (value > 0 ? 0.3 : -0.3));
    }
  }
  for (let i = 0; i < count; i++) {
    const point = drawn + <usize>i * 24;
    const u = load<f64>(point) + noise * uniformIn(-RADIUS, 2 * RADIUS);
    const v = load<f64>(point, 8) + noise * uniformIn(-RADIUS, 2 * RADIUS);
    store<f64>(point, u * v >= 0 ? 1 : 0, 16);
  }
}

/** Class 1 around (2, 2), class 0 around (−2, −2); noise 0 … 0.5 is a variance of 0.5 … 4. */
function drawGaussian(drawn: usize, count: i32, noise: f64): void {
  const deviation = sqrt(0.5 + 7 * noise);
  for (let i = 0; i < count; i++) {
    const point = drawn + <usize>i * 24;
    const center: f64 = i < count / 2 ? 2 : -2;
    store<f64>(point, center + deviation * normal());
    store<f64>(point, center + deviation * normal(), 8);
    store<f64>(point, i < count / 2 ? 1 : 0, 16);
  }
}

/** Two arms of 1.75 turns out to the radius, half a turn apart, class 1 first. */
function drawSpiral(drawn: usize, count: i32, noise: f64): void {
  const first = count / 2;
  for (let i = 0; i < count; i++) {
    const point = drawn + <usize>i * 24;
    const isFirst = i < first;
    const fraction = isFirst ? <f64>i / <f64>first : <f64>(i - first) / <f64>(count - first);
    const angle = 1.75 * 2 * PI * fraction + (isFirst ? 0 : PI);
    const r = RADIUS * fraction;
    store<f64>(point, r * exactSin(angle) + noise * uniformIn(-1, 2));
    store<f64>(point, r * exactCos(angle) + noise * uniformIn(-1, 2), 8);
    store<f64>(point, isFirst ? 1 : 0, 16);
  }
}

// Points of the user's

function copyUserPoints(): bool {
  const width = userColumns - 1;
  if (userCount < 1 || width < 1) return false;
  if (!reserve(userCount, 0, width)) return false;
  for (let i = 0; i < userCount; i++) {
    const from = userPoints + <usize>i * userColumns * 8;
    memory.copy(x + <usize>i * width * 8, from, <usize>width * 8);
    store<f64>(d + <usize>i * 8, load<f64>(from + <usize>width * 8));
  }
  if (choice(SCALE)) for (let f = 0; f < width; f++) scaleInput(f, choice(SCALE));
  return true;
}

// @ts-ignore: decorator
@inline
function place(i: i32, f: i32): usize {
  return x + <usize>(i * inputs + f) * 8;
}

/**
 * Scales an input to mean 0 and deviation 1, or from its least and greatest value to 0 … 1; one that
 * never changes is only moved. All is computed of halves as often as it takes for the largest to be
 * below 1: squares of 1e300 would overflow.
 */
function scaleInput(f: i32, scale: i32): void {
  let least: f64 = Infinity;
  let greatest: f64 = -Infinity;
  for (let i = 0; i < trainPoints; i++) {
    least = min(least, load<f64>(place(i, f)));
    greatest = max(greatest, load<f64>(place(i, f)));
  }
  const largest = max(abs(least), abs(greatest));
  if (largest == 0) return;
  const half = 1.0 / largest;
  const unit = half > 0 && half < Infinity ? roundToPowerOfTwo(half) : 1;
  let shift = least * unit;
  let size = greatest * unit - shift;
  if (scale != MINMAX) {
    shift = 0;
    for (let i = 0; i < trainPoints; i++) shift += load<f64>(place(i, f)) * unit;
    shift /= trainPoints;
    size = 0;
    for (let i = 0; i < trainPoints; i++) {
      const gap = load<f64>(place(i, f)) * unit - shift;
      size += gap * gap;
    }
    size = sqrt(size / trainPoints);
  }
  if (!(greatest > least)) size = unit;
  for (let i = 0; i < trainPoints; i++) {
    store<f64>(place(i, f), (load<f64>(place(i, f)) * unit - shift) / size);
  }
}

/** The power of two at or below a positive normal number. */
function roundToPowerOfTwo(value: f64): f64 {
  return reinterpret<f64>(reinterpret<u64>(value) & 0x7ff0000000000000);
}
