// What a host calls; the names of its arrays and settings stand in engine.json.

import { allocate, mark, release, releaseTo } from "../memory";
import { addExisting, begin, layout as outputLayout } from "../output";
import { sha256 } from "../sha256";
import {
  beginCheckpoints, checkpointSize as stateSize, readCheckpoint, writeCheckpoint,
} from "./checkpoint";
import { needsUserPoints, setUserPoints, userCount } from "./data";
import { Network } from "./network";
import * as phases from "./phases";
import { drawSamples, forgetSamples } from "./samples";
import { isReady, readRates, readShapes, setReady, slots } from "./settings";
import * as given from "./settings";
import { beginSnapshots, computeSnapshot } from "./snapshot";
import {
  average, beginTraining, discriminator, exchangeKept, generator, iteration,
} from "./training";

const NO_MEMORY = -1;
const DATA_SLOT = 1;
const FLOAT = 4;

/** Where a training's memory begins: after the user's points. */
let start: usize = 0;

/** The address of the settings' slots, f64. */
export function settings(): usize {
  return slots;
}

/** The address for the user's points, f32 [count, columns]: x, y and, in a third column, the jitter. */
export function points(count: i32, columns: i32): usize {
  setReady(false);
  release();
  const address = allocate(<usize>(count * columns * FLOAT));
  setUserPoints(address, address ? count : 0, columns);
  start = mark();
  return address;
}

/** Begins a training of the settings; returns 0, the number of the slot that is out of range, or −1. */
export function create(): i32 {
  if (start) releaseTo(start);
  else release();
  setReady(false);
  const wrong = readShapes(generator, discriminator);
  if (wrong) return wrong;
  if (needsUserPoints(given.data) && userCount == 0) return DATA_SLOT + 1;
  readRates();
  forgetSamples();
  const enough = beginTraining() && beginSnapshots() && phases.beginPhases() && beginCheckpoints();
  if (!enough) return NO_MEMORY;
  setReady(true);
  return 0;
}

/** Takes the settings that may change during a training; an iteration that is in its phases begins anew. */
export function change(): i32 {
  if (!isReady) return NO_MEMORY;
  phases.abandonIteration();
  phases.clearFailure();
  const before = given.discriminatorOptimizer.name;
  const beforeG = given.generatorOptimizer.name;
  readRates();
  if (given.discriminatorOptimizer.name != before) resetOptimizer(discriminator);
  if (given.generatorOptimizer.name != beforeG) resetOptimizer(generator);
  return 0;
}

/** An optimizer that is replaced leaves nothing to the next. */
function resetOptimizer(network: Network): void {
  network.steps = 0;
  memory.fill(network.first, 0, 2 * network.bytes);
}

/** Does so many iterations; returns how many it did, fewer where a number would not be finite. */
export function advance(count: i32): i32 {
  return isReady ? phases.advance(count) : 0;
}

/** What would not be finite: 0 nothing, 1 a loss, 2 a weight. */
export function what(): i32 {
  return phases.failure;
}

/** Iterations done. */
export function step(): f64 {
  return <f64>iteration;
}

/** The metrics of the iterations since the last call, f32 [metrics_count, 7], the last at `step`. */
export function metrics(): usize {
  return phases.takeMetrics();
}

export function metrics_count(): i32 {
  return phases.copiedCount;
}

/** Computes what is drawn; 0 where there is no training. */
export function snapshot(): usize {
  return isReady ? computeSnapshot() : 0;
}

/** Fresh real and generated points for measures, so many of each: arrays `real` and `fake` of a snapshot. */
export function samples(count: i32): usize {
  return isReady ? drawSamples(count) : 0;
}

/** Does the next phase of an iteration; returns its number, −1 where a number would not be finite. */
export function phase(): i32 {
  return isReady ? phases.doPhase() : NO_MEMORY;
}

export function phase_arrays(): usize {
  return phases.phaseArrays();
}

/** The arrays that `snapshot`, `phase` or `weights` gave last: their count, and seven numbers each. */
export function layout(): usize {
  return outputLayout();
}

/** The parameters, where they are: what is written there is trained on from there. */
export function weights(): usize {
  begin(discriminator.parameters);
  listLayers(0, 1, discriminator, discriminator.parameters);
  listLayers(2, 3, generator, generator.parameters);
  listLayers(4, 5, generator, average);
  return discriminator.parameters;
}

function listLayers(weights: i32, biases: i32, network: Network, from: usize): void {
  for (let i = 0; i < network.layers; i++) {
    const inputs = unchecked(network.sizes[i]);
    const outputs = unchecked(network.sizes[i + 1]);
    addExisting(weights, i, from + network.weights(i), 2, outputs, inputs);
    addExisting(biases, i, from + network.biases(i), 1, outputs);
  }
}

export function checkpoint_size(): i32 {
  return stateSize();
}

/** The state after the last whole iteration; one in its phases goes on. */
export function checkpoint(): usize {
  const isWhole = phases.isBetweenIterations();
  if (!isWhole) exchangeKept();
  const address = writeCheckpoint();
  if (!isWhole) exchangeKept();
  return address;
}

/** Takes the state that a host wrote where `checkpoint` is; returns 0, or 1 where it is another's. */
export function restore(size: i32): i32 {
  phases.abandonIteration();
  phases.clearFailure();
  return readCheckpoint(size);
}

/** The address of the SHA-256 of the state, 32 bytes. */
export function digest(): usize {
  return sha256(checkpoint(), stateSize());
}
