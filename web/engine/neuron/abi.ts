// What a host calls; the names of its arrays and settings stand in engine.json.

import { allocate, mark, release, releaseTo } from "../memory";
import { addExisting, begin, layout as outputLayout } from "../output";
import { sha256 } from "../sha256";
import { setUserPoints } from "./data";
import * as network from "./network";
import * as phases from "./phases";
import * as rows from "./rows";
import { SETTINGS, takeSettings } from "./settings";
import { beginSnapshots, computeSnapshot } from "./snapshot";
import * as state from "./state";
import {
  applyChange, beginTraining, clearFailure, evaluate as evaluateState, exposeParameters, failure, isNetwork, revert,
  settleParameters,
} from "./training";

const NO_MEMORY: i32 = -1;

/** Where a training's memory begins: after the user's points. */
let start: usize = 0;

/** The address of the settings' slots, f64. */
export function settings(): usize {
  return SETTINGS;
}

/** The address for the user's points, f64 [count, columns]: their inputs and, last, their class. */
export function points(count: i32, columns: i32): usize {
  release();
  const address = allocate(<usize>count * <usize>columns * 8);
  setUserPoints(address, address ? count : 0, columns);
  start = mark();
  return address;
}

/** Begins a training of the settings; returns 0, the number of the slot that is out of range, or −1. */
export function create(): i32 {
  if (start) releaseTo(start);
  else release();
  takeSettings();
  const wrong = beginTraining();
  if (wrong) return wrong;
  return phases.beginPhases() && beginSnapshots() ? 0 : NO_MEMORY;
}

/** Takes the settings that may change during a training; an iteration that is in its phases begins anew. */
export function change(): i32 {
  settleParameters();
  phases.abandonIteration();
  takeSettings();
  applyChange();
  return 0;
}

/** Does so many iterations; returns how many it did, fewer where a number would not be finite. */
export function advance(count: i32): i32 {
  return phases.advance(count);
}

/** What would not be finite: 0 nothing, 1 an error or a loss, 2 a weight. */
export function what(): i32 {
  return failure;
}

/** Iterations done. */
export function step(): f64 {
  return state.iterations();
}

/** The metrics of the iterations since the last call, f64 [metrics_count, columns], the last at `step`. */
export function metrics(): usize {
  return rows.takeRows();
}

export function metrics_count(): i32 {
  return rows.takenCount;
}

/** The metrics of the state as it stands, f64, a row; an iteration that is in its phases begins anew. */
export function evaluate(): usize {
  settleParameters();
  phases.abandonIteration();
  return evaluateState();
}

export function snapshot(): usize {
  settleParameters();
  return computeSnapshot();
}

/** Does the next phase of an iteration; returns its number, −1 where a number would not be finite. */
export function phase(): i32 {
  const number = phases.doPhase();
  if (number >= 0) phases.phaseArrays();
  return number;
}

export function phase_arrays(): usize {
  return phases.phaseArrays();
}

/** How many phases an iteration has, which its points or layers decide. */
export function phase_count(): i32 {
  return phases.countPhases();
}

/** How many phases of the iteration at hand are done; 0 between two iterations. */
export function phases_done(): i32 {
  return phases.phasesDone();
}

/** The arrays that `snapshot`, `phase` or `weights` gave last: their count, and seven numbers each. */
export function layout(): usize {
  return outputLayout();
}

// Names of the arrays that `weights` gives, as in engine.json.
const W: i32 = 0;
const W_LAYER: i32 = 1;
const HELD: i32 = 3;
const HELD_LAYER: i32 = 4;

/** The parameters, and 1 for each that is held, where they are: what is written there is trained on from there. */
export function weights(): usize {
  phases.abandonIteration();
  exposeParameters();
  begin(state.weights);
  if (isNetwork) {
    for (let k = 1; k <= network.layers; k++) listLayer(W_LAYER, k, state.weights);
    for (let k = 1; k <= network.layers; k++) listLayer(HELD_LAYER, k, state.held);
  } else {
    addExisting(W, -1, state.weights, 1, state.parameters);
    addExisting(HELD, -1, state.held, 1, state.parameters);
  }
  return state.weights;
}

function listLayer(name: i32, k: i32, from: usize): void {
  const neurons = network.size(k);
  addExisting(name, k, from + <usize>network.weightsPlace(k) * 8, 2, network.size(k - 1), neurons);
  addExisting(name + 1, k, from + <usize>network.biasesPlace(k) * 8, 1, neurons);
}

export function checkpoint_size(): i32 {
  return state.checkpointBytes();
}

/** The state after the last whole iteration. */
export function checkpoint(): usize {
  settleParameters();
  phases.abandonIteration();
  return state.checkpointAddress();
}

/** Takes the state that a host wrote at the address of `checkpoint`; returns 0, or 1 where it is another's. */
export function restore(size: i32): i32 {
  phases.abandonIteration();
  clearFailure();
  if (size != state.checkpointBytes()) return 1;
  revert();
  return 0;
}

/** The address of the SHA-256 of the state, 32 bytes. */
export function digest(): usize {
  settleParameters();
  phases.abandonIteration();
  return sha256(state.checkpointAddress(), state.checkpointBytes());
}
