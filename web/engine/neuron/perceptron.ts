// One neuron: a weighted sum, an output, an error, a correction (see epoque/neuron/perceptron). With
// the bias input −1 first, y = −w0 + x1·w1 + … and o = 1 / (1 + exp(−y)).

import { exp, softplus } from "../functions";
import { allocate } from "../memory";
import { d, inputs, trainPoints, x } from "./data";
import {
  INIT, INIT_HIGH, INIT_LOW, INIT_SCALE, Init, LEARNING_RATE, RULE, Rule, UPDATE, choice, number, seed,
} from "./settings";
import {
  COLUMN_CROSS_ENTROPY, COLUMN_ERROR, COLUMN_ERROR_MAX, COLUMN_ERROR_MEAN, COLUMN_ERROR_RMS, COLUMN_WEIGHTS,
  MAX_WEIGHTS,
} from "./rows";
import { isHeld, makeState, parameters, weights } from "./state";
import { normal, startStream, uniform } from "../pcg64";

/** The response to the pattern at hand. */
export let sum: f64 = 0;
export let output: f64 = 0;
export let error: f64 = 0;
/** What a pattern asks to be added to the weights, f64 [inputs + 1]. */
export let correction: usize = 0;
/** The corrections of a pass so far, of a batch update. */
let total: usize = 0;

let lastError: f64 = 0;
let largest: f64 = 0;
let errorSum: f64 = 0;
let squareSum: f64 = 0;
let entropySum: f64 = 0;

export function makePerceptron(): bool {
  if (!makeState(inputs + 1)) return false;
  correction = allocate(<usize>parameters * 8);
  total = allocate(<usize>parameters * 8);
  if (correction == 0 || total == 0) return false;
  drawWeights();
  return true;
}

/** As `epoque.neuron.perceptron.initialization.init_weights`. */
function drawWeights(): void {
  const init = choice(INIT);
  if (init == Init.ZEROS) return;
  const isNormal = init == Init.NORMAL || init == Init.GLOROT_NORMAL || init == Init.HE_NORMAL;
  const isPlain = init == Init.UNIFORM || init == Init.NORMAL;
  const isGlorot = init == Init.GLOROT_UNIFORM || init == Init.GLOROT_NORMAL;
  const low = number(INIT_LOW);
  const range = number(INIT_HIGH) - low;
  const deviation = sqrt(isGlorot ? 2 / <f64>(inputs + 1) : 2 / <f64>inputs);
  startStream(seed(), "initial weights");
  for (let i = isPlain ? 0 : 1; i < parameters; i++) {
    const drawn = isNormal ? normal() : uniform();
    let w: f64;
    if (init == Init.UNIFORM) w = low + range * drawn;
    else if (init == Init.NORMAL) w = number(INIT_SCALE) * drawn;
    else w = deviation * (isNormal ? drawn : sqrt(3.0) * (2 * drawn - 1));
    store<f64>(weights + <usize>i * 8, w);
  }
}

/** Computes the sum of a pattern. */
export function computeSum(pattern: i32): void {
  const point = x + <usize>(pattern * inputs) * 8;
  let y = -load<f64>(weights);
  for (let f: usize = 0; f < <usize>inputs; f++) {
    y += load<f64>(point + f * 8) * load<f64>(weights + (f + 1) * 8);
  }
  sum = y;
}

/** The output of a sum. */
export function answer(y: f64): f64 {
  return choice(RULE) == Rule.STEP ? (y > 0 ? 1 : 0) : 1 / (1 + exp(-y));
}

/** Computes the output and the error of the sum at hand. */
export function computeOutput(): void {
  output = answer(sum);
}

export function computeError(pattern: i32): void {
  error = load<f64>(d + <usize>pattern * 8) - output;
}

/** Computes the correction that the error at hand asks for. */
export function computeCorrection(pattern: i32): void {
  const point = x + <usize>(pattern * inputs) * 8;
  let size = number(LEARNING_RATE) * error;
  if (choice(RULE) == Rule.SQUARED_ERROR) size *= output * (1 - output);
  store<f64>(correction, isHeld(0) ? 0 : -size);
  for (let f: usize = 0; f < <usize>inputs; f++) {
    store<f64>(correction + (f + 1) * 8, isHeld(f + 1) ? 0 : load<f64>(point + f * 8) * size);
  }
}

/** Begins a pass. */
export function beginPass(): void {
  memory.fill(total, 0, <usize>parameters * 8);
  largest = 0;
  errorSum = 0;
  squareSum = 0;
  entropySum = 0;
}

/** Applies the correction at hand, of a batch update with the last pattern's those of all. */
export function applyCorrection(pattern: i32): void {
  noteError(pattern);
  const isBatch = choice(UPDATE) == 1;
  addTo(isBatch ? total : weights, correction);
  if (isBatch && pattern == trainPoints - 1) addTo(weights, total);
}

/** Takes the error at hand into the metrics of the pass. */
function noteError(pattern: i32): void {
  const size = abs(error);
  lastError = size;
  largest = max(largest, size);
  errorSum += size;
  squareSum += error * error;
  entropySum += softplus((1 - 2 * load<f64>(d + <usize>pattern * 8)) * sum);
}

function addTo(vector: usize, other: usize): void {
  for (let i: usize = 0; i < <usize>parameters; i++) {
    store<f64>(vector + i * 8, load<f64>(vector + i * 8) + load<f64>(other + i * 8));
  }
}

/** Writes the metrics of the pass, and the weights after it; false if one is not finite. */
export function writePerceptronMetrics(row: usize): bool {
  const count = <f64>trainPoints;
  store<f64>(row + COLUMN_ERROR * 8, lastError);
  store<f64>(row + COLUMN_ERROR_MAX * 8, largest);
  store<f64>(row + COLUMN_ERROR_MEAN * 8, errorSum / count);
  store<f64>(row + COLUMN_ERROR_RMS * 8, sqrt(squareSum / count));
  store<f64>(row + COLUMN_CROSS_ENTROPY * 8, entropySum / count);
  memory.copy(row + COLUMN_WEIGHTS * 8, weights, <usize>min(parameters, MAX_WEIGHTS) * 8);
  return (lastError + largest + errorSum + squareSum + entropySum) * 0 == 0;
}

/** Presents all patterns once, in their order. */
export function runPass(): void {
  beginPass();
  for (let pattern = 0; pattern < trainPoints; pattern++) {
    computeSum(pattern);
    computeOutput();
    computeError(pattern);
    computeCorrection(pattern);
    applyCorrection(pattern);
  }
}

/** Presents all patterns once without learning from them. */
export function measurePass(): void {
  beginPass();
  for (let pattern = 0; pattern < trainPoints; pattern++) {
    computeSum(pattern);
    computeOutput();
    computeError(pattern);
    noteError(pattern);
  }
}

/** Writes the outputs of points, f32. */
export function writePerceptronOutputs(to: usize, points: usize, count: i32): void {
  for (let i = 0; i < count; i++) {
    const point = points + <usize>(i * inputs) * 8;
    let y = -load<f64>(weights);
    for (let f: usize = 0; f < <usize>inputs; f++) {
      y += load<f64>(point + f * 8) * load<f64>(weights + (f + 1) * 8);
    }
    store<f32>(to + <usize>i * 4, <f32>answer(y));
  }
}
