// The multi-layer perceptron (see epoque/neuron/mlp): layers of neurons and one sigmoid neuron at the
// end; forward, loss, backward, a step of the optimizer. Points go through it CHUNK by CHUNK.

import { logistic2, softplus2, tanh2 } from "../float64";
import { allocate } from "../memory";
import { CHUNK, ROW, addGradients, multiplyBackward, multiplyForward } from "./matrix";
import { d, dTest, inputs, testPoints, trainPoints, x, xTest } from "./data";
import {
  ACTIVATION, Activation, HIDDEN_LAYERS, INIT, INIT_HIGH, INIT_LOW, INIT_SCALE, Init, L1, L2, LOSS, Loss,
  MAX_LAYERS, MAX_WIDTH, choice, entry, number, seed,
} from "./settings";
import {
  COLUMN_ACCURACY, COLUMN_CROSS_ENTROPY, COLUMN_ERROR, COLUMN_ERROR_MAX, COLUMN_ERROR_MEAN, COLUMN_ERROR_RMS,
  COLUMN_LOSS, COLUMN_TEST_ACCURACY, COLUMN_TEST_LOSS,
} from "./rows";
import { makeState, parameters, weights } from "./state";
import { normal, startStream, uniformIn } from "../pcg64";

/** The most bytes of values that are kept from the measuring of one pass to the next. */
const KEPT_BYTES: usize = 4194304;

/** Layers of weights: the hidden ones and the output's. */
export let layers: i32 = 0;
/** Hidden neurons in all. */
export let hiddenNeurons: i32 = 0;
/** Gradients, f64 [parameters]. */
export let gradients: usize = 0;
/** The sums of the output neuron for the training and for the test points, f64 [points]. */
export let sums: usize = 0;
export let testSums: usize = 0;

const sizes = memory.data((8 + 1) * 4, 16);
const places = memory.data(8 * 4, 16);

// Inputs by neuron, chunk after chunk, of training and test points; values of all neurons likewise,
// of each training chunk or of one; what a chunk learns: sums, weights of its points, its slopes.
let trainChunks: usize = 0;
let testChunks: usize = 0;
let values: usize = 0;
let valueBytes: usize = 0;
let isKept: bool = false;
let isFresh: bool = false;
let scratch: usize = 0;
let slopes: usize = 0;
let otherSlopes: usize = 0;

/** Neurons of layer k; the inputs are layer 0. */
export function size(layer: i32): i32 {
  return load<i32>(sizes + <usize>layer * 4);
}

/** Where the weights of layer k (from 1) begin among the parameters; its biases come after them. */
export function weightsPlace(layer: i32): i32 {
  return load<i32>(places + <usize>(layer - 1) * 4);
}

export function biasesPlace(layer: i32): i32 {
  return weightsPlace(layer) + size(layer - 1) * size(layer);
}

// @ts-ignore: decorator
@inline
function at(base: usize, index: i32): usize {
  return base + <usize>index * 8;
}

export function makeNetwork(): bool {
  if (!makeState(parametersOfSizes)) return false;
  const chunks = chunksOf(trainPoints);
  valueBytes = <usize>(hiddenNeurons + 1) * ROW;
  isKept = chunks * valueBytes <= KEPT_BYTES;
  isFresh = false;
  gradients = allocate(<usize>parametersOfSizes * 8);
  sums = allocate(<usize>trainPoints * 8);
  testSums = allocate(<usize>testPoints * 8);
  trainChunks = copyIntoChunks(x, trainPoints);
  testChunks = copyIntoChunks(xTest, testPoints);
  values = allocate(isKept ? chunks * valueBytes : valueBytes);
  scratch = allocate(valueBytes);
  slopes = allocate(<usize>MAX_WIDTH * ROW);
  otherSlopes = allocate(<usize>MAX_WIDTH * ROW);
  if (!(gradients && trainChunks && testChunks && values && scratch && slopes && otherSlopes && sums && testSums)) return false;
  drawParameters();
  return true;
}

let parametersOfSizes: i32 = 0;

/** Reads the layers; false if they are too many or too wide. */
export function readSizes(): bool {
  const hidden = choice(HIDDEN_LAYERS);
  if (hidden < 0 || hidden > MAX_LAYERS) return false;
  layers = hidden + 1;
  hiddenNeurons = 0;
  store<i32>(sizes, inputs);
  let count = 0;
  for (let layer = 1; layer <= layers; layer++) {
    const neurons = layer == layers ? 1 : entry(HIDDEN_LAYERS, layer - 1);
    if (neurons < 1 || neurons > MAX_WIDTH) return false;
    if (layer < layers) hiddenNeurons += neurons;
    store<i32>(sizes + <usize>layer * 4, neurons);
    store<i32>(places + <usize>(layer - 1) * 4, count);
    count += (size(layer - 1) + 1) * neurons;
  }
  parametersOfSizes = count;
  return true;
}

/** As `epoque.neuron.mlp.initialization.init_params`. */
function drawParameters(): void {
  const init = choice(INIT);
  startStream(seed(), "initial weights");
  for (let layer = 1; layer <= layers; layer++) {
    const fanIn = size(layer - 1);
    const fanOut = size(layer);
    drawArray(at(weights, weightsPlace(layer)), fanIn * fanOut, fanIn, fanOut);
    if (init == Init.UNIFORM || init == Init.NORMAL) {
      drawArray(at(weights, biasesPlace(layer)), fanOut, fanIn, fanOut);
    }
  }
}

function drawArray(to: usize, count: i32, fanIn: i32, fanOut: i32): void {
  const init = choice(INIT);
  if (init == Init.ZEROS) return;
  const isGlorot = init == Init.GLOROT_UNIFORM || init == Init.GLOROT_NORMAL;
  const variance: f64 = 2.0 / <f64>(isGlorot ? fanIn + fanOut : fanIn);
  const isNormal = init == Init.NORMAL || init == Init.GLOROT_NORMAL || init == Init.HE_NORMAL;
  const deviation = init == Init.NORMAL ? number(INIT_SCALE) : sqrt(variance);
  const limit = sqrt(3.0 * variance);
  const low = init == Init.UNIFORM ? number(INIT_LOW) : -limit;
  const range = (init == Init.UNIFORM ? number(INIT_HIGH) : limit) - low;
  for (let i = 0; i < count; i++) {
    store<f64>(at(to, i), isNormal ? deviation * normal() : uniformIn(low, range));
  }
}

function chunksOf(points: i32): usize {
  return <usize>((points + CHUNK - 1) / CHUNK);
}

function copyIntoChunks(points: usize, count: i32): usize {
  const chunks = allocate(chunksOf(count) * <usize>inputs * ROW);
  if (chunks == 0) return 0;
  for (let i = 0; i < count; i++) copyIntoChunk(points, i, chunkAt(chunks, i / CHUNK), i % CHUNK);
  return chunks;
}

/** Copies the inputs of a point to a place in a chunk. */
export function copyIntoChunk(points: usize, point: i32, chunk: usize, place: i32): void {
  for (let f = 0; f < inputs; f++) {
    store<f64>(chunk + <usize>f * ROW + <usize>place * 8, load<f64>(at(points, point * inputs + f)));
  }
}

// @ts-ignore: decorator
@inline
function chunkAt(chunks: usize, index: i32): usize {
  return chunks + <usize>(index * inputs) * ROW;
}

/** Where the values of the neurons of layer k lie among those of a chunk. */
function layerValues(chunkValues: usize, layer: i32): usize {
  let neurons = 0;
  for (let before = 1; before < layer; before++) neurons += size(before);
  return chunkValues + <usize>neurons * ROW;
}

// @ts-ignore: decorator
@inline
function roundUp(points: i32): i32 {
  return (points + 3) & ~3;
}

/** The forward pass of a chunk through layer k; of the last one the sum itself is kept. */
export function forwardLayer(layer: i32, chunk: usize, chunkValues: usize, points: i32): void {
  const from = layer == 1 ? chunk : layerValues(chunkValues, layer - 1);
  const to = layerValues(chunkValues, layer);
  const w = at(weights, weightsPlace(layer));
  multiplyForward(w, at(weights, biasesPlace(layer)), from, to, size(layer - 1), size(layer), points);
  if (layer == layers) return;
  const activation = choice(ACTIVATION);
  for (let j = 0; j < size(layer); j++) activateRow(to + <usize>j * ROW, points, activation);
}

function activateRow(row: usize, points: i32, activation: i32): void {
  const end = row + <usize>points * 8;
  const half = f64x2.splat(0.5);
  if (activation == Activation.RELU) {
    for (let p = row; p < end; p += 16) {
      const z = v128.load(p); // a NaN must stay one
      v128.store(p, v128.andnot(z, f64x2.le(z, f64x2.splat(0))));
    }
  } else if (activation == Activation.TANH) {
    for (let p = row; p < end; p += 16) v128.store(p, tanh2(v128.load(p)));
  } else if (activation == Activation.SIGMOID) {
    for (let p = row; p < end; p += 16) {
      v128.store(p, f64x2.add(half, f64x2.mul(half, tanh2(f64x2.mul(half, v128.load(p))))));
    }
  }
}

function forward(chunk: usize, chunkValues: usize, points: i32): void {
  for (let layer = 1; layer <= layers; layer++) forwardLayer(layer, chunk, chunkValues, points);
}

/** Multiplies slopes along values by the activation's own slope there. */
function multiplyByActivationSlope(rows: usize, chunkValues: usize, layer: i32, points: i32): void {
  const activation = choice(ACTIVATION);
  if (activation == Activation.LINEAR) return;
  const one = f64x2.splat(1);
  const from = layerValues(chunkValues, layer);
  for (let j: usize = 0; j < <usize>size(layer); j++) {
    for (let p: usize = j * ROW; p < j * ROW + <usize>points * 8; p += 16) {
      const a = v128.load(from + p);
      const slope = v128.load(rows + p);
      let product: v128;
      if (activation == Activation.RELU) product = v128.and(slope, f64x2.gt(a, f64x2.splat(0)));
      else if (activation == Activation.TANH) {
        product = f64x2.mul(slope, f64x2.mul(f64x2.add(one, a), f64x2.sub(one, a)));
      } else product = f64x2.mul(slope, f64x2.mul(a, f64x2.sub(one, a)));
      v128.store(rows + p, product);
    }
  }
}

/** The slope of a point's loss along the output neuron's sum. */
function lossSlope(z: v128, target: v128, loss: i32): v128 {
  const one = f64x2.splat(1);
  const sign = f64x2.sub(f64x2.add(target, target), one);
  if (loss == Loss.CROSS_ENTROPY) {
    return f64x2.neg(f64x2.mul(sign, logistic2(f64x2.neg(f64x2.mul(sign, z)))));
  }
  if (loss == Loss.SQUARED_ERROR) {
    const t = tanh2(f64x2.mul(f64x2.splat(0.5), z));
    const o = f64x2.add(f64x2.splat(0.5), f64x2.mul(f64x2.splat(0.5), t));
    const slope = f64x2.mul(f64x2.mul(f64x2.add(one, t), f64x2.sub(one, t)), f64x2.splat(0.25));
    return f64x2.mul(f64x2.sub(o, target), slope);
  }
  const gap = f64x2.sub(one, f64x2.mul(sign, z));
  return v128.and(f64x2.neg(sign), f64x2.gt(gap, f64x2.splat(0)));
}

/** A point's loss, from the output neuron's sum. */
function pointLoss(z: v128, target: v128, loss: i32): v128 {
  const one = f64x2.splat(1);
  const sign = f64x2.sub(f64x2.add(target, target), one);
  if (loss == Loss.CROSS_ENTROPY) return softplus2(f64x2.neg(f64x2.mul(sign, z)));
  if (loss == Loss.SQUARED_ERROR) {
    const gap = f64x2.sub(target, outputOf(z));
    return f64x2.mul(f64x2.splat(0.5), f64x2.mul(gap, gap));
  }
  const gap = f64x2.sub(one, f64x2.mul(sign, z));
  return v128.andnot(gap, f64x2.le(gap, f64x2.splat(0)));
}

// @ts-ignore: decorator
@inline
function outputOf(z: v128): v128 {
  const half = f64x2.splat(0.5);
  return f64x2.add(half, f64x2.mul(half, tanh2(f64x2.mul(half, z))));
}

/**
 * Writes the slopes of the objective along the sums of the last layer, dz.
 *
 * @param targets classes of the chunk's points
 * @param count how many there are
 * @param weight of each in the mean
 */
function startBackward(chunkValues: usize, targets: usize, count: i32, weight: f64): void {
  const z = layerValues(chunkValues, layers);
  const loss = choice(LOSS);
  const points = roundUp(count);
  for (let p: usize = 0; p < <usize>points * 8; p += 16) {
    const slope = lossSlope(v128.load(z + p), v128.load(targets + p), loss);
    v128.store(slopes + p, f64x2.mul(slope, f64x2.splat(weight)));
  }
  for (let p = count; p < points; p++) store<f64>(at(slopes, p), 0); // they only fill the row
}

/** Adds the gradients of layer k, and leaves the slopes along the sums of the layer before. */
function backwardLayer(layer: i32, chunk: usize, chunkValues: usize, points: i32): void {
  const from = layer == 1 ? chunk : layerValues(chunkValues, layer - 1);
  const gw = at(gradients, weightsPlace(layer));
  addGradients(from, slopes, gw, at(gradients, biasesPlace(layer)), size(layer - 1), size(layer), points);
  if (layer == 1) return;
  const w = at(weights, weightsPlace(layer));
  multiplyBackward(w, slopes, otherSlopes, size(layer - 1), size(layer), points);
  multiplyByActivationSlope(otherSlopes, chunkValues, layer - 1, points);
  const swap = slopes;
  slopes = otherSlopes;
  otherSlopes = swap;
}

/** Makes the gradients those of the penalties alone: l1 · sign(w) + l2 · w; the biases go free. */
export function beginGradients(): void {
  memory.fill(gradients, 0, <usize>parameters * 8);
  const l1 = number(L1);
  const l2 = number(L2);
  if (l1 == 0 && l2 == 0) return;
  for (let layer = 1; layer <= layers; layer++) {
    for (let i = weightsPlace(layer); i < biasesPlace(layer); i++) {
      const w = load<f64>(at(weights, i));
      const sign: f64 = w > 0 ? 1 : w < 0 ? -1 : 0;
      store<f64>(at(gradients, i), l1 * sign + l2 * w);
    }
  }
}

/** Adds the gradients of a chunk of points. */
export function addChunkGradients(
  chunk: usize, chunkValues: usize, targets: usize, count: i32, weight: f64,
): void {
  startBackward(chunkValues, targets, count, weight);
  for (let layer = layers; layer >= 1; layer--) backwardLayer(layer, chunk, chunkValues, roundUp(count));
}

/** Computes the gradients of a batch of all training points. */
export function computeFullGradients(): void {
  beginGradients();
  const weight = 1 / <f64>trainPoints;
  for (let i = 0; i < trainPoints; i += CHUNK) {
    const chunk = chunkAt(trainChunks, i / CHUNK);
    const chunkValues = isKept ? values + <usize>(i / CHUNK) * valueBytes : values;
    const count = min(CHUNK, trainPoints - i);
    if (!isFresh) forward(chunk, chunkValues, roundUp(count));
    addChunkGradients(chunk, chunkValues, at(d, i), count, weight);
  }
}

/** Computes the gradients of a minibatch: the points of `order`, i32 [count]. */
export function computeBatchGradients(order: usize, count: i32): void {
  beginGradients();
  const weight = 1 / <f64>count;
  for (let i = 0; i < count; i += CHUNK) {
    const here = min(CHUNK, count - i);
    gather(order + <usize>i * 4, here);
    forward(gathered, scratch, roundUp(here));
    addChunkGradients(gathered, scratch, gatheredTargets, here, weight);
  }
}

let gathered: usize = 0;
const gatheredTargets = memory.data(512, 16);

export function makeGathering(): bool {
  gathered = allocate(<usize>inputs * ROW);
  return gathered != 0;
}

/** Copies the points of a part of `order` into a chunk. */
export function gather(order: usize, count: i32): usize {
  for (let place = 0; place < count; place++) {
    const point = load<i32>(order + <usize>place * 4);
    copyIntoChunk(x, point, gathered, place);
    store<f64>(at(gatheredTargets, place), load<f64>(at(d, point)));
  }
  return gathered;
}

export function forgetValues(): void {
  isFresh = false;
}

// Measuring

/** Computes the output neuron's sums of all training and test points. */
export function computeSums(): void {
  for (let i = 0; i < testPoints; i += CHUNK) {
    const count = min(CHUNK, testPoints - i);
    forward(chunkAt(testChunks, i / CHUNK), scratch, roundUp(count));
    memory.copy(at(testSums, i), layerValues(scratch, layers), <usize>count * 8);
  }
  for (let i = 0; i < trainPoints; i += CHUNK) {
    const count = min(CHUNK, trainPoints - i);
    const chunkValues = isKept ? values + <usize>(i / CHUNK) * valueBytes : values;
    forward(chunkAt(trainChunks, i / CHUNK), chunkValues, roundUp(count));
    memory.copy(at(sums, i), layerValues(chunkValues, layers), <usize>count * 8);
  }
  isFresh = isKept;
}

let lossMean: f64 = 0;
let correct: f64 = 0;
let lastGap: f64 = 0;
let largestGap: f64 = 0;
let gapMean: f64 = 0;
let squareMean: f64 = 0;
let entropyMean: f64 = 0;

/** Measures points by their sums and classes. */
function measure(z: usize, targets: usize, count: i32): void {
  const loss = choice(LOSS);
  let losses: f64 = 0;
  let gaps: f64 = 0;
  let squares: f64 = 0;
  let entropies: f64 = 0;
  correct = 0;
  largestGap = 0;
  for (let i = 0; i < count; i += 2) {
    const sum = v128.load(at(z, i));
    const target = v128.load(at(targets, i));
    const gap = f64x2.abs(f64x2.sub(target, outputOf(sum)));
    const lossHere = pointLoss(sum, target, loss);
    const entropy = loss == Loss.CROSS_ENTROPY ? lossHere : pointLoss(sum, target, Loss.CROSS_ENTROPY);
    for (let lane = 0; lane < 2; lane++) {
      if (i + lane >= count) break;
      const g = lane ? f64x2.extract_lane(gap, 1) : f64x2.extract_lane(gap, 0);
      losses += lane ? f64x2.extract_lane(lossHere, 1) : f64x2.extract_lane(lossHere, 0);
      entropies += lane ? f64x2.extract_lane(entropy, 1) : f64x2.extract_lane(entropy, 0);
      gaps += g;
      squares += g * g;
      largestGap = max(largestGap, g);
      if (g < 0.5) correct += 1;
      lastGap = g;
    }
  }
  lossMean = losses / count;
  gapMean = gaps / count;
  squareMean = squares / count;
  entropyMean = entropies / count;
}

/** Writes the metrics of the network as it stands (`computeSums` first); false if one is not finite. */
export function writeNetworkMetrics(row: usize): bool {
  measure(sums, d, trainPoints);
  store<f64>(row + COLUMN_LOSS * 8, lossMean);
  store<f64>(row + COLUMN_ERROR * 8, lastGap);
  store<f64>(row + COLUMN_ERROR_MAX * 8, largestGap);
  store<f64>(row + COLUMN_ERROR_MEAN * 8, gapMean);
  store<f64>(row + COLUMN_ERROR_RMS * 8, sqrt(squareMean));
  store<f64>(row + COLUMN_CROSS_ENTROPY * 8, entropyMean);
  store<f64>(row + COLUMN_ACCURACY * 8, correct / trainPoints);
  let total = lossMean + gapMean + squareMean + entropyMean;
  if (testPoints) {
    measure(testSums, dTest, testPoints);
    store<f64>(row + COLUMN_TEST_LOSS * 8, lossMean);
    store<f64>(row + COLUMN_TEST_ACCURACY * 8, correct / testPoints);
    total += lossMean;
  }
  return total * 0 == 0;
}

/** Writes the outputs of sums, f32. */
export function writeNetworkOutputs(to: usize, z: usize, count: i32): void {
  for (let i = 0; i < count; i++) {
    const o = f64x2.extract_lane(outputOf(f64x2.splat(load<f64>(at(z, i)))), 0);
    store<f32>(to + <usize>i * 4, <f32>o);
  }
}

/** The loss of one point. */
export function lossOf(z: f64, target: f64): f64 {
  const loss = pointLoss(f64x2.splat(z), f64x2.splat(target), choice(LOSS));
  return f64x2.extract_lane(loss, 0);
}
