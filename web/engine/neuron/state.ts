// What changes during a training of the neuron lab, as one block of float64 numbers: the iterations
// done, the running powers of Adam, the parameters, two numbers of the optimizer for each, and which
// parameters are held. An iteration works on one copy and commits it to another as it ends, so that
// a number that is not finite never replaces the last good state.

import { allocate } from "../memory";

const HEADER: i32 = 3;

/** How many parameters there are. */
export let parameters: i32 = 0;
/** f64 [parameters] of the working copy: weights, the two memories of an optimizer, 1 where held. */
export let weights: usize = 0;
export let firstMoment: usize = 0;
export let secondMoment: usize = 0;
export let held: usize = 0;

let working: usize = 0;
let committed: usize = 0;
let stateBytes: usize = 0;

/** Makes a state of so many parameters, all 0. */
export function makeState(count: i32): bool {
  parameters = count;
  const bytes = <usize>count * 8;
  stateBytes = <usize>HEADER * 8 + 4 * bytes;
  working = allocate(stateBytes);
  committed = allocate(stateBytes);
  if (working == 0 || committed == 0) return false;
  weights = working + <usize>HEADER * 8;
  firstMoment = weights + bytes;
  secondMoment = firstMoment + bytes;
  held = secondMoment + bytes;
  resetOptimizer();
  return true;
}

/** Makes the optimizer forget. */
export function resetOptimizer(): void {
  store<f64>(working, 1, 8);
  store<f64>(working, 1, 16);
  memory.fill(firstMoment, 0, held - firstMoment);
}

/** The iterations done. */
export function iterations(): f64 {
  return load<f64>(working);
}

/** The running power of Adam's first (8) or second (16) decay. */
export function power(offset: usize): f64 {
  return load<f64>(working + offset);
}

export function setPower(offset: usize, value: f64): void {
  store<f64>(working + offset, value);
}

/** Ends an iteration. */
export function countIteration(): void {
  store<f64>(working, load<f64>(working) + 1);
  commit();
}

/** Makes the working copy the last good state. */
export function commit(): void {
  memory.copy(committed, working, stateBytes);
}

/** Goes back to the last good state. */
export function revert(): void {
  memory.copy(working, committed, stateBytes);
}

/** Whether every number of the working copy is finite. */
export function isFiniteState(): bool {
  let sum: f64 = 0;
  for (let at = working; at < held; at += 8) sum += load<f64>(at) * 0;
  return sum == 0;
}

export function checkpointAddress(): usize {
  return committed;
}

export function checkpointBytes(): i32 {
  return <i32>stateBytes;
}

// @ts-ignore: decorator
@inline
export function isHeld(index: usize): bool {
  return load<f64>(held + index * 8) != 0;
}
