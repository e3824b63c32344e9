// What a page draws of a training, f32: the parameters, the points with their classes and outputs.

import { allocate } from "../memory";
import { add, begin } from "../output";
import * as data from "./data";
import * as network from "./network";
import * as perceptron from "./perceptron";
import * as state from "./state";
import { isNetwork } from "./training";

// Names of the arrays, as in engine.json.
const W: i32 = 0;
const W_LAYER: i32 = 1;
const B_LAYER: i32 = 2;
const TRAIN: i32 = 3; // x, d, outputs
const TEST: i32 = 6; // x_test, d_test, outputs_test

let snapshot: usize = 0;

export function beginSnapshots(): bool {
  const points = <usize>(data.trainPoints + data.testPoints);
  snapshot = allocate((<usize>state.parameters + points * <usize>(data.inputs + 2)) * 4);
  return snapshot != 0;
}

export function computeSnapshot(): usize {
  begin(snapshot);
  if (isNetwork) {
    network.computeSums();
    for (let k = 1; k <= network.layers; k++) addLayer(k);
  } else copyNumbers(add(W, -1, 1, state.parameters), state.weights, state.parameters);
  addPoints(TRAIN, data.x, data.d, data.trainPoints, network.sums);
  addPoints(TEST, data.xTest, data.dTest, data.testPoints, network.testSums);
  return snapshot;
}

function addLayer(k: i32): void {
  const rows = network.size(k - 1);
  const neurons = network.size(k);
  const w = state.weights + <usize>network.weightsPlace(k) * 8;
  copyNumbers(add(W_LAYER, k, 2, rows, neurons), w, rows * neurons);
  copyNumbers(add(B_LAYER, k, 1, neurons), state.weights + <usize>network.biasesPlace(k) * 8, neurons);
}

function addPoints(name: i32, x: usize, d: usize, count: i32, sums: usize): void {
  copyNumbers(add(name, -1, 2, count, data.inputs), x, count * data.inputs);
  copyNumbers(add(name + 1, -1, 1, count), d, count);
  const outputs = add(name + 2, -1, 1, count);
  if (isNetwork) network.writeNetworkOutputs(outputs, sums, count);
  else perceptron.writePerceptronOutputs(outputs, x, count);
}

function copyNumbers(to: usize, from: usize, count: i32): void {
  for (let i: usize = 0; i < <usize>count; i++) {
    store<f32>(to + i * 4, <f32>load<f64>(from + i * 8));
  }
}
