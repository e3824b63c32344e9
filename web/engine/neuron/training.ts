// A training of the neuron lab: what an iteration is, and what happens when a number is not finite.

import { makeOrder, order, shuffle } from "./batches";
import { makePoints, trainPoints } from "./data";
import * as network from "./network";
import { takeStep } from "./optimizer";
import * as perceptron from "./perceptron";
import * as rows from "./rows";
import { DATA, HIDDEN_LAYERS, MLP, MODEL, OPTIMIZER, batchSize, choice, seed } from "./settings";
import * as state from "./state";

const NO_MEMORY: i32 = -1;
const LOSS: i32 = 1;
const WEIGHT: i32 = 2;

export let isNetwork: bool = false;
/** What would not be finite in the next iteration: 0 nothing, 1 a loss or an error, 2 a weight. */
export let failure: i32 = 0;
let optimizer: i32 = 0;
let isExposed: bool = false;

/** Begins a training; returns 0, 1 and the number of the slot that is wrong, or −1 for too little memory. */
export function beginTraining(): i32 {
  isNetwork = choice(MODEL) == MLP;
  optimizer = choice(OPTIMIZER);
  failure = 0;
  isExposed = false;
  if (!makePoints()) return DATA + 1;
  if (isNetwork && !network.readSizes()) return HIDDEN_LAYERS + 1;
  const isMade = isNetwork
    ? network.makeNetwork() && network.makeGathering() && makeOrder(trainPoints)
    : perceptron.makePerceptron();
  if (!isMade || !rows.makeRows()) return NO_MEMORY;
  state.commit();
  return 0;
}

/** Goes on by settings that were changed: another optimizer begins with nothing to remember. */
export function applyChange(): void {
  failure = 0;
  network.forgetValues();
  if (choice(OPTIMIZER) == optimizer) return;
  optimizer = choice(OPTIMIZER);
  state.resetOptimizer();
  state.commit();
}

/** From now on a host may write parameters where they are. */
export function exposeParameters(): void {
  settleParameters();
  isExposed = true;
}

/** Makes what a host may have written a part of the state. */
export function settleParameters(): void {
  if (!isExposed) return;
  isExposed = false;
  failure = 0;
  network.forgetValues();
  state.commit();
}

/** Goes back to the state after the last whole iteration. */
export function revert(): void {
  state.revert();
  network.forgetValues();
}

export function clearFailure(): void {
  failure = 0;
}

/** Does iterations; returns how many, fewer where a number would be infinite or NaN. */
export function iterateTimes(count: i32): i32 {
  let done = 0;
  while (done < count && iterate()) done++;
  return done;
}

/** One pass over the training points. */
function iterate(): bool {
  if (!isNetwork) {
    perceptron.runPass();
    return endIteration();
  }
  shufflePass();
  for (let batch = 0; batch < countBatches(); batch++) {
    computeGradients(batch);
    takeStep();
    network.forgetValues();
  }
  return endIteration();
}

/** Measures, and keeps the iteration, or goes back to before it and returns false. */
export function endIteration(): bool {
  if (isNetwork) network.computeSums();
  const row = rows.nextRow();
  const isGood = isNetwork ? network.writeNetworkMetrics(row) : perceptron.writePerceptronMetrics(row);
  failure = !state.isFiniteState() ? WEIGHT : isGood ? 0 : LOSS;
  if (failure) {
    revert();
    return false;
  }
  rows.keepRow();
  state.countIteration();
  return true;
}

/** Measures the state as it stands; returns the address of a row of metrics, which is not kept. */
export function evaluate(): usize {
  const row = rows.nextRow();
  if (isNetwork) {
    network.computeSums();
    network.writeNetworkMetrics(row);
  } else {
    perceptron.measurePass();
    perceptron.writePerceptronMetrics(row);
  }
  return row;
}

// Minibatches of a network

function isFullBatch(): bool {
  return batchSize() == 0 || batchSize() >= trainPoints;
}

/** How many steps of the optimizer a pass has. */
export function countBatches(): i32 {
  return isFullBatch() ? 1 : (trainPoints + batchSize() - 1) / batchSize();
}

export function pointsOfBatch(batch: i32): i32 {
  return isFullBatch() ? trainPoints : min(batchSize(), trainPoints - batch * batchSize());
}

/** The places of a minibatch's points among the training points, i32; 0 if all are in their order. */
export function orderOfBatch(batch: i32): usize {
  return isFullBatch() ? 0 : order + <usize>(batch * batchSize()) * 4;
}

export function shufflePass(): void {
  if (!isFullBatch()) shuffle(seed(), <u32>state.iterations(), trainPoints);
}

export function computeGradients(batch: i32): void {
  if (isFullBatch()) network.computeFullGradients();
  else network.computeBatchGradients(orderOfBatch(batch), pointsOfBatch(batch));
}
