// An iteration in parts, after each of which a host can look. A perceptron has five for each pattern:
// input, sum, output, error, correction. A network has for each minibatch: forward layer by layer,
// loss, backward layer by layer, update. What a part shows holds what the parts before it showed.

import { allocate } from "../memory";
import { add, begin } from "../output";
import { d, inputs, trainPoints, x } from "./data";
import { CHUNK } from "./matrix";
import * as network from "./network";
import { takeStep } from "./optimizer";
import * as perceptron from "./perceptron";
import { parameters, weights } from "./state";
import {
  computeGradients, countBatches, endIteration, isNetwork, iterateTimes, orderOfBatch, pointsOfBatch, revert,
  settleParameters, shufflePass,
} from "./training";

// Numbers of the phases, as in engine.json.
const INPUT: i32 = 0;
const SUM: i32 = 1;
const OUTPUT: i32 = 2;
const ERROR: i32 = 3;
const CORRECTION: i32 = 4;
const PARTS: i32 = 5;
const FORWARD: i32 = 5;
const LOSS: i32 = 6;
const BACKWARD: i32 = 7;
const UPDATE: i32 = 8;

/** Parts that are done, of the pass of a perceptron or of the minibatch of a network. */
let done: i32 = 0;
let batch: i32 = 0;
/** What the last part was, and of a network its layer. */
let part: i32 = -1;
let layer: i32 = 0;

let shown: usize = 0;
let before: usize = 0;
let places: usize = 0;
let values: usize = 0;
let points: i32 = 0;

export function beginPhases(): bool {
  done = 0;
  batch = 0;
  part = -1;
  const neurons = isNetwork ? network.hiddenNeurons + 1 : 1;
  before = allocate(<usize>parameters * 8);
  places = allocate(<usize>CHUNK * 4);
  values = allocate(<usize>(neurons * CHUNK) * 8);
  shown = allocate(<usize>(16 + 4 * inputs + CHUNK * (neurons + 3 + inputs) + 4 * parameters) * 8);
  return before != 0 && places != 0 && values != 0 && shown != 0;
}

function isBetweenPhases(): bool {
  return done > 0 || batch > 0;
}

/** Does iterations, ending one first that is in its phases; returns how many. */
export function advance(count: i32): i32 {
  settleParameters();
  if (count < 1 || !isBetweenPhases()) return iterateTimes(count);
  while (isBetweenPhases()) if (doPhase() < 0) return 0;
  return 1 + iterateTimes(count - 1);
}

/** Begins an iteration anew that is in its phases. */
export function abandonIteration(): void {
  if (isBetweenPhases()) revert();
  done = 0;
  batch = 0;
}

/** How many phases an iteration has. */
export function countPhases(): i32 {
  return isNetwork ? countBatches() * partsOfBatch() : PARTS * trainPoints;
}

/** How many of them are done; all of them is none. */
export function phasesDone(): i32 {
  return isNetwork ? batch * partsOfBatch() + done : done;
}

function partsOfBatch(): i32 {
  return 2 * network.layers + 2;
}

/** Does the next phase of an iteration; returns its number, −1 where a number would not be finite. */
export function doPhase(): i32 {
  settleParameters();
  return isNetwork ? doNetworkPhase() : doPerceptronPhase();
}

/** Returns the address of what the last phase shows; the layout says where each array lies. */
export function phaseArrays(): usize {
  begin(shown);
  if (part >= 0) {
    if (part < PARTS) showPattern();
    else showBatch();
  }
  return shown;
}

// A perceptron

let pattern: i32 = 0;

function doPerceptronPhase(): i32 {
  if (done == 0) perceptron.beginPass();
  pattern = done / PARTS;
  part = done % PARTS;
  done++;
  if (part == INPUT) memory.copy(before, weights, <usize>parameters * 8);
  else if (part == SUM) perceptron.computeSum(pattern);
  else if (part == OUTPUT) perceptron.computeOutput();
  else if (part == ERROR) perceptron.computeError(pattern);
  else {
    perceptron.computeCorrection(pattern);
    perceptron.applyCorrection(pattern);
  }
  if (done < PARTS * trainPoints) return part;
  done = 0;
  return endIteration() ? part : -1;
}

function showPattern(): void {
  showNumber(0, <f64>pattern);
  showArray(1, -1, x + <usize>(pattern * inputs) * 8, inputs);
  showNumber(2, load<f64>(d + <usize>pattern * 8));
  showArray(3, -1, before, parameters);
  if (part >= SUM) showNumber(4, perceptron.sum);
  if (part >= OUTPUT) showNumber(5, perceptron.output);
  if (part >= ERROR) showNumber(6, perceptron.error);
  if (part < CORRECTION) return;
  showArray(7, -1, perceptron.correction, parameters);
  showArray(8, -1, weights, parameters);
}

function showNumber(name: i32, value: f64): void {
  store<f64>(add(name, -1, 0, 1, 1, 1, 8), value);
}

function showArray(name: i32, ofLayer: i32, from: usize, count: i32): void {
  memory.copy(add(name, ofLayer, 1, count, 1, 1, 8), from, <usize>count * 8);
}

// A network: of a minibatch its first points are shown

function doNetworkPhase(): i32 {
  if (done == 0) beginBatch();
  const layers = network.layers;
  const next = done++;
  if (next < layers) {
    part = FORWARD;
    layer = next + 1;
    const chunk = network.gather(places, points);
    network.forwardLayer(layer, chunk, values, (points + 3) & ~3);
  } else if (next == layers) {
    part = LOSS;
    layer = layers;
  } else if (next <= 2 * layers) {
    part = BACKWARD;
    layer = 2 * layers + 1 - next;
    if (layer == layers) computeGradients(batch);
  } else {
    return endBatch();
  }
  return part;
}

function beginBatch(): void {
  if (batch == 0) shufflePass();
  points = min(pointsOfBatch(batch), CHUNK);
  const order = orderOfBatch(batch);
  for (let i: usize = 0; i < <usize>points; i++) {
    store<i32>(places + i * 4, order ? load<i32>(order + i * 4) : <i32>i);
  }
  memory.copy(before, weights, <usize>parameters * 8);
}

function endBatch(): i32 {
  part = UPDATE;
  layer = 0;
  takeStep();
  network.forgetValues();
  done = 0;
  batch++;
  if (batch < countBatches()) return part;
  batch = 0;
  return endIteration() ? part : -1;
}

function showBatch(): void {
  showNumber(0, <f64>layer);
  showNumber(1, <f64>(part == UPDATE && batch == 0 ? countBatches() - 1 : part == UPDATE ? batch - 1 : batch));
  showPoints();
  const last = part == FORWARD ? layer : network.layers;
  let row = values;
  for (let k = 1; k <= last; k++) {
    const neurons = network.size(k);
    const to = add(5, k, 2, neurons, points, 1, 8);
    for (let j: usize = 0; j < <usize>neurons; j++) {
      memory.copy(to + j * <usize>points * 8, row + j * <usize>CHUNK * 8, <usize>points * 8);
    }
    row += <usize>(neurons * CHUNK) * 8;
  }
  if (part >= LOSS) showLosses();
  if (part >= BACKWARD) {
    const first = part == UPDATE ? 1 : layer;
    for (let k = first; k <= network.layers; k++) showLayer(7, k, network.gradients);
  }
  if (part < UPDATE) return;
  for (let k = 1; k <= network.layers; k++) showLayer(9, k, before);
  for (let k = 1; k <= network.layers; k++) showLayer(11, k, weights);
}

function showPoints(): void {
  const to = add(2, -1, 1, points, 1, 1, 8);
  for (let i: usize = 0; i < <usize>points; i++) {
    store<f64>(to + i * 8, <f64>load<i32>(places + i * 4));
  }
  const inputsTo = add(3, -1, 2, points, inputs, 1, 8);
  const classesTo = add(4, -1, 1, points, 1, 1, 8);
  for (let i: usize = 0; i < <usize>points; i++) {
    const point = <usize>load<i32>(places + i * 4);
    memory.copy(inputsTo + i * <usize>inputs * 8, x + point * <usize>inputs * 8, <usize>inputs * 8);
    store<f64>(classesTo + i * 8, load<f64>(d + point * 8));
  }
}

function showLosses(): void {
  const sums = values + <usize>(network.hiddenNeurons * CHUNK) * 8;
  const to = add(6, -1, 1, points, 1, 1, 8);
  for (let i: usize = 0; i < <usize>points; i++) {
    const point = <usize>load<i32>(places + i * 4);
    store<f64>(to + i * 8, network.lossOf(load<f64>(sums + i * 8), load<f64>(d + point * 8)));
  }
}

/** Shows a layer's part of numbers that lie as the parameters do: of the weights, and of the biases. */
function showLayer(name: i32, k: i32, from: usize): void {
  const rows = network.size(k - 1);
  const neurons = network.size(k);
  const w = add(name, k, 2, rows, neurons, 1, 8);
  memory.copy(w, from + <usize>network.weightsPlace(k) * 8, <usize>(rows * neurons) * 8);
  showArray(name + 1, k, from + <usize>network.biasesPlace(k) * 8, neurons);
}
