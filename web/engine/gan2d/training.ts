// A training: its networks, its buffers, and an iteration's beginning and end.

import { cos, exp, log, splat, sumLanes } from "../functions";
import { allocate } from "../memory";
import { Key, purposeKey } from "../threefry";
import { initialize } from "./initializers";
import { rowBytes } from "./kernels";
import { Network, Pass } from "./network";
import * as settings from "./settings";

// CRC-32 of the names of a seed's purposes in gan2d.seeds.
const PURPOSE_GENERATOR: u32 = 3400432496; // generator
const PURPOSE_DISCRIMINATOR: u32 = 1471215256; // discriminator
const PURPOSE_BATCHES: u32 = 4033766739; // batches

export const METRICS = 7;
export const LOSS_D = 0;
export const ACCURACY_REAL = 1;
export const ACCURACY_FAKE = 2;
export const SHARE_SATURATED = 3;
export const GRAD_NORM_D = 4;
export const LOSS_G = 5;
export const GRAD_NORM_G = 6;

export const generator = new Network();
export const discriminator = new Network();
export const generatorPass = new Pass(generator);
/** Real and generated points side by side, and generated ones alone. */
export const bothPass = new Pass(discriminator);
export const fakePass = new Pass(discriminator);

/** The moving average of the generator's parameters. */
export let average: usize = 0;
/** The metrics of the iteration, f32 [7]. */
export const metrics = memory.data(METRICS * 4, 16);
const keptMetrics = memory.data(METRICS * 4, 16);

/** All that changes, in one piece, and a copy of it as it was when the iteration began. */
export let state: usize = 0;
export let stateBytes: usize = 0;
let kept: usize = 0;
let keptStepsD: u32 = 0;
let keptStepsG: u32 = 0;

/** Iterations done. */
export let iteration: u32 = 0;
/** Bytes of a row of a batch, in whole blocks of points. */
export let row: usize = 0;
/** 1/n at each point of a batch, 0 at those that only fill its last block [row]. */
export let shares: usize = 0;
export let scratch: usize = 0;
export let batches: Key = 0;
export let rateFactor: f32 = 1;

export function setIteration(value: u32): void {
  iteration = value;
}

/** Takes memory and draws the first parameters; false where there is no memory. */
export function beginTraining(): bool {
  generator.plan();
  discriminator.plan();
  stateBytes = 3 * discriminator.bytes + 4 * generator.bytes;
  state = allocate(stateBytes);
  kept = allocate(stateBytes);
  discriminator.place(state);
  generator.place(state + 3 * discriminator.bytes);
  average = state + 3 * discriminator.bytes + 3 * generator.bytes;
  const points = settings.batchSize;
  row = rowBytes(points);
  shares = allocate(row);
  for (let i = 0; i < points; i++) store<f32>(shares + <usize>i * 4, 1 / <f32>points);
  scratch = allocate(3 * row);
  const enough =
    state != 0 && kept != 0 && scratch != 0 &&
    generator.allocateGradient() && discriminator.allocateGradient() &&
    generatorPass.allocate(points) && fakePass.allocate(points) &&
    bothPass.allocate(2 * (<i32>row / 4));
  if (!enough) return false;
  return drawFirst();
}

function drawFirst(): bool {
  const seed = settings.seed;
  batches = purposeKey(seed, PURPOSE_BATCHES);
  iteration = 0;
  if (!initialize(discriminator, purposeKey(seed, PURPOSE_DISCRIMINATOR))) return false;
  if (!initialize(generator, purposeKey(seed, PURPOSE_GENERATOR))) return false;
  memory.copy(average, generator.parameters, generator.bytes);
  clearMetrics();
  return true;
}

/** NaN of one kind: which bits a NaN has is left open by WebAssembly. */
export function clearMetrics(): void {
  for (let i = 0; i < METRICS; i++) store<u32>(metrics + i * 4, 0x7fc00000);
}

export function copyMetrics(to: usize, from: usize): void {
  for (let i = 0; i < METRICS; i++) store<u32>(to + i * 4, load<u32>(from + i * 4));
}

export function measure(name: i32, value: f32): void {
  store<f32>(metrics + name * 4, value);
}

// An iteration

/** Keeps the state as it is and works out the learning rates. */
export function beginIteration(): void {
  memory.copy(kept, state, stateBytes);
  copyMetrics(keptMetrics, metrics);
  keptStepsD = discriminator.steps;
  keptStepsG = generator.steps;
  clearMetrics();
  rateFactor = computeDecay();
}

/** Goes back to the state that `beginIteration` kept. */
export function undoIteration(): void {
  memory.copy(state, kept, stateBytes);
  copyMetrics(metrics, keptMetrics);
  discriminator.steps = keptStepsD;
  generator.steps = keptStepsG;
}

/** Exchanges the state with the one that `beginIteration` kept; once more, and all is as it was. */
export function exchangeKept(): void {
  for (let i: usize = 0; i < stateBytes; i += 16) exchangeVector(state + i, kept + i);
  for (let i = 0; i < METRICS; i++) {
    const value = load<u32>(metrics + i * 4);
    store<u32>(metrics + i * 4, load<u32>(keptMetrics + i * 4));
    store<u32>(keptMetrics + i * 4, value);
  }
  const steps = discriminator.steps;
  discriminator.steps = keptStepsD;
  keptStepsD = steps;
  const stepsG = generator.steps;
  generator.steps = keptStepsG;
  keptStepsG = stepsG;
}

function exchangeVector(a: usize, b: usize): void {
  const value = v128.load(a);
  v128.store(a, v128.load(b));
  v128.store(b, value);
}

/**
 * Follows the generator with its average, and counts the iteration.
 *
 * @returns 0; 1 where a loss, 2 where a weight is not finite
 */
export function endIteration(): i32 {
  const end = average + generator.bytes;
  const toParameters = generator.parameters - average;
  const share = splat(settings.ema);
  for (let p = average; p < end; p += 16) {
    const fresh = v128.load(p + toParameters);
    const lag = f32x4.sub(v128.load(p), fresh);
    v128.store(p, f32x4.add(fresh, f32x4.mul(share, lag)));
  }
  if (!areMetricsFinite()) return 1;
  if (!isStateFinite()) return 2;
  iteration += 1;
  return 0;
}

function areMetricsFinite(): bool {
  const first = settings.dSteps > 0 ? LOSS_D : LOSS_G;
  const end = settings.gSteps > 0 ? METRICS : LOSS_G;
  for (let i = first; i < end; i++) {
    const value = load<f32>(metrics + i * 4);
    if (!(abs<f32>(value) < Infinity)) return false;
  }
  return true;
}

function isStateFinite(): bool {
  return (
    isFinite(discriminator.parameters, discriminator.bytes) &&
    isFinite(generator.parameters, generator.bytes) &&
    isFinite(average, generator.bytes)
  );
}

function isFinite(address: usize, bytes: usize): bool {
  let sum = splat(0); // 0·x is NaN where x is not finite
  for (let p = address; p < address + bytes; p += 16) {
    sum = f32x4.add(sum, f32x4.mul(splat(0), v128.load(p)));
  }
  return sumLanes(sum) == 0;
}

/** The factor on both learning rates. */
function computeDecay(): f32 {
  const share = min<f32>(<f32>iteration / settings.lrDecayUntil, 1);
  const final = settings.lrFinal;
  switch (settings.lrDecay) {
    case settings.DECAY_LINEAR:
      return 1 - (1 - final) * share;
    case settings.DECAY_COSINE:
      return 1 - (1 - final) * <f32>(0.5 - 0.5 * cos(3.141592653589793 * <f64>share));
    case settings.DECAY_EXPONENTIAL:
      return <f32>exp(<f64>share * log(<f64>final));
    default:
      return 1;
  }
}
