// What is drawn of a training: the arrays of gan2d.training.snapshots, in the same order.

import { sigmoid4, splat } from "../functions";
import { allocate } from "../memory";
import { add, begin } from "../output";
import { purposeKey } from "../threefry";
import { drawReal } from "./data";
import { Pass } from "./network";
import { drawNoise, latticeCoordinate, LATTICE_SIDE } from "./noise";
import * as settings from "./settings";
import { average, discriminator, generator } from "./training";

const POINTS = 450;
const GRID = 30;
const LATTICE = LATTICE_SIDE * LATTICE_SIDE;
const PURPOSE_REAL_POINTS: u32 = 1872667631;
const PURPOSE_SNAPSHOT_NOISE: u32 = 2364276311;

/** Points that pass through a network at once. */
const CHUNK = 96;
const FIXED_ROW: usize = 456 * 4;

const REAL = 0;
const FAKE = 1;
const ANSWERS = 2;
const MANIFOLD = 3;
const GRADIENTS = 4;
const PROBABILITY = 5;

const generatorView = new Pass(generator);
const discriminatorView = new Pass(discriminator);
/** The real points and the noise that all snapshots share, features in rows. */
let real: usize = 0;
let noise: usize = 0;
let arrays: usize = 0;

/** Takes memory and draws what all snapshots share; false where there is no memory. */
export function beginSnapshots(): bool {
  real = allocate(2 * FIXED_ROW);
  noise = allocate(<usize>settings.noiseDims * FIXED_ROW);
  arrays = allocate((3 * 2 * POINTS + GRID * GRID + 2 * LATTICE + 1) * 4);
  const scratch = allocate(3 * FIXED_ROW);
  const enough = scratch != 0 && generatorView.allocate(CHUNK) && discriminatorView.allocate(CHUNK);
  if (!enough) return false;
  const seed = settings.seed;
  drawReal(
    purposeKey(seed, PURPOSE_REAL_POINTS), settings.data, real, real + FIXED_ROW, POINTS, scratch,
  );
  drawNoise(
    purposeKey(seed, PURPOSE_SNAPSHOT_NOISE), settings.noise, settings.noiseDims, noise, FIXED_ROW,
    0, POINTS,
  );
  return true;
}

/** Computes the arrays of a snapshot; returns the address of the first. */
export function computeSnapshot(): usize {
  begin(arrays);
  writePairs(add(REAL, -1, 2, POINTS, 2), real, FIXED_ROW, POINTS);
  const fake = add(FAKE, -1, 2, POINTS, 2);
  const answers = add(ANSWERS, -1, 2, GRID, GRID);
  const manifold = settings.noiseDims == 1
    ? add(MANIFOLD, -1, 2, LATTICE, 2)
    : add(MANIFOLD, -1, 3, LATTICE_SIDE, LATTICE_SIDE, 2);
  const gradients = add(GRADIENTS, -1, 2, POINTS, 2);
  store<f32>(add(PROBABILITY, -1, 0), settings.sigmoidOutput ? 1 : 0);
  for (let from = 0; from < POINTS; from += CHUNK) {
    const count = min(CHUNK, POINTS - from);
    generateFrom(noise + <usize>from * 4, FIXED_ROW, count);
    writePairs(fake + <usize>from * 8, generatorView.output, generatorView.stride, count);
    differentiateAt(generatorView.output, generatorView.stride, count);
    writePairs(gradients + <usize>from * 8, discriminatorView.delta, discriminatorView.stride, count);
  }
  writeAnswers(answers);
  writeManifold(manifold);
  return arrays;
}

/** Writes rows of x and y as pairs. */
export function writePairs(to: usize, rows: usize, stride: usize, count: i32): void {
  for (let i: usize = 0; i < <usize>count * 4; i += 4) {
    store<f32>(to + 2 * i, load<f32>(rows + i));
    store<f32>(to + 2 * i, load<f32>(rows + stride + i), 4);
  }
}

function generateFrom(rows: usize, stride: usize, count: i32): void {
  const pass = generatorView;
  for (let i = 0; i < settings.noiseDims; i++) {
    const to = pass.input + <usize>i * pass.stride;
    memory.copy(to, rows + <usize>i * stride, <usize>count * 4);
  }
  pass.forward(average);
}

/** The gradient of the discriminator's answer at points. */
function differentiateAt(rows: usize, stride: usize, count: i32): void {
  const pass = discriminatorView;
  memory.copy(pass.input, rows, <usize>count * 4);
  memory.copy(pass.input + pass.stride, rows + stride, <usize>count * 4);
  pass.forward(discriminator.parameters);
  for (let p: usize = 0; p < pass.stride; p += 16) {
    const logit = v128.load(pass.output + p);
    const slope = f32x4.mul(sigmoid4(logit), sigmoid4(f32x4.neg(logit)));
    v128.store(pass.delta + p, settings.sigmoidOutput ? slope : splat(1));
  }
  pass.backward(discriminator.parameters, 0, true);
}

/** The discriminator's answers at the centres of the cells. */
function writeAnswers(to: usize): void {
  const pass = discriminatorView;
  for (let from = 0; from < GRID * GRID; from += CHUNK) {
    const count = min(CHUNK, GRID * GRID - from);
    for (let i = 0; i < count; i++) {
      const cell = from + i;
      const at = pass.input + <usize>i * 4;
      store<f32>(at, (<f32>(cell % GRID) + 0.5) / <f32>GRID);
      store<f32>(at + pass.stride, (<f32>(cell / GRID) + 0.5) / <f32>GRID);
    }
    pass.forward(discriminator.parameters);
    if (settings.sigmoidOutput) {
      for (let p: usize = 0; p < pass.stride; p += 16) {
        v128.store(pass.output + p, sigmoid4(v128.load(pass.output + p)));
      }
    }
    memory.copy(to + <usize>from * 4, pass.output, <usize>count * 4);
  }
}

function writeManifold(to: usize): void {
  const pass = generatorView;
  const dims = settings.noiseDims;
  for (let from = 0; from < LATTICE; from += CHUNK) {
    const count = min(CHUNK, LATTICE - from);
    for (let axis = 0; axis < dims; axis++) {
      const at = pass.input + <usize>axis * pass.stride;
      for (let i = 0; i < count; i++) {
        store<f32>(at + <usize>i * 4, latticeCoordinate(settings.noise, dims, from + i, axis));
      }
    }
    pass.forward(average);
    writePairs(to + <usize>from * 8, pass.output, pass.stride, count);
  }
}
