// The parts of a step of either network, each on a batch of its own.

import { splat, sumLanes } from "../functions";
import { copyVectors } from "../memory";
import { Key, moveKey } from "../threefry";
import { addNormals, drawReal } from "./data";
import { fakeLoss, fakeSlope, generatorLoss, generatorSlope, realLoss, realSlope } from "./losses";
import { Network, Pass } from "./network";
import { drawNoise } from "./noise";
import { clip, update } from "./optimizers";
import * as settings from "./settings";
import {
  ACCURACY_FAKE, ACCURACY_REAL, batches, bothPass, discriminator, fakePass, generator, generatorPass,
  GRAD_NORM_D, GRAD_NORM_G, iteration, LOSS_D, LOSS_G, measure, rateFactor, row, scratch,
  SHARE_SATURATED, shares,
} from "./training";

// A step's draws, and the number of the generator's first step, as in gan2d.seeds and .engine.
const DRAWS_OF_A_STEP = 8;
const DRAW_REAL_POINTS = 0;
const DRAW_NOISE = 1;
const DRAW_REAL_INSTANCE_NOISE = 2;
const DRAW_FAKE_INSTANCE_NOISE = 3;
const FIRST_G_STEP = 16;

/** A logit farther out is saturated: an answer below 0.01 or above 0.99. */
const SATURATED: f32 = 4.59511985013459;

/** The number of the step at work among those of its iteration. */
let stepNumber: u32 = 0;

// What both steps begin with

function streamKey(draw: i32): Key {
  return moveKey(batches, iteration, DRAWS_OF_A_STEP * stepNumber + draw);
}

function generate(): void {
  const key = streamKey(DRAW_NOISE);
  drawNoise(
    key, settings.noise, settings.noiseDims, generatorPass.input, generatorPass.stride, 0,
    settings.batchSize,
  );
  generatorPass.forward(generator.parameters);
}

/** Draws real points into the left half of both. */
function drawRealPoints(): void {
  const x = bothPass.input;
  const y = x + bothPass.stride;
  drawReal(streamKey(DRAW_REAL_POINTS), settings.data, x, y, settings.batchSize, scratch);
  addInstanceNoise(x, y, DRAW_REAL_INSTANCE_NOISE);
}

/** Puts the generated points into a pass of the discriminator's. */
function showFakePoints(x: usize, stride: usize): void {
  const from = generatorPass.output;
  copyVectors(x, from, row);
  copyVectors(x + stride, from + generatorPass.stride, row);
  addInstanceNoise(x, x + stride, DRAW_FAKE_INSTANCE_NOISE);
}

function addInstanceNoise(x: usize, y: usize, draw: i32): void {
  if (!(settings.instanceNoise > 0)) return;
  const left = max<f32>(1 - <f32>iteration / settings.instanceNoiseUntil, 0);
  const sd = settings.instanceNoise * left;
  const key = streamKey(draw);
  addNormals(key, x, settings.batchSize, 0, 1, sd, scratch);
  addNormals(key, y, settings.batchSize, settings.batchSize, 1, sd, scratch);
}

// The five parts of a step of the discriminator

export function drawForDiscriminator(number: i32): void {
  stepNumber = number;
  generate();
  drawRealPoints();
  showFakePoints(bothPass.input + row, bothPass.stride);
}

export function classifyForDiscriminator(): void {
  bothPass.forward(discriminator.parameters);
}

/** Measures the loss, and what else is known of the logits. */
export function measureDiscriminator(): void {
  const logits = bothPass.output;
  let losses = splat(0);
  let rightReal = losses;
  let rightFake = losses;
  let saturated = losses;
  for (let p: usize = 0; p < row; p += 16) {
    const r = v128.load(logits + p);
    const f = v128.load(logits + row + p);
    const share = v128.load(shares + p);
    const sum = f32x4.add(realLoss(r, f), fakeLoss(r, f));
    losses = f32x4.add(losses, f32x4.mul(share, sum));
    rightReal = f32x4.add(rightReal, v128.and(isPoint(share), f32x4.gt(r, splat(0))));
    rightFake = f32x4.add(rightFake, v128.and(isPoint(share), f32x4.lt(f, splat(0))));
    const farReal = v128.and(isPoint(share), f32x4.gt(f32x4.abs(r), splat(SATURATED)));
    const farFake = v128.and(isPoint(share), f32x4.gt(f32x4.abs(f), splat(SATURATED)));
    saturated = f32x4.add(saturated, f32x4.add(farReal, farFake));
  }
  const points = <f32>settings.batchSize;
  measure(LOSS_D, sumLanes(losses));
  measure(ACCURACY_REAL, sumLanes(rightReal) / points);
  measure(ACCURACY_FAKE, sumLanes(rightFake) / points);
  measure(SHARE_SATURATED, sumLanes(saturated) / (2 * points));
}

/** 1 at the points of a batch. */
// @ts-ignore: decorator
@inline
function isPoint(share: v128): v128 {
  return v128.and(splat(1), f32x4.gt(share, splat(0)));
}

export function differentiateDiscriminator(): void {
  const logits = bothPass.output;
  const delta = bothPass.delta;
  for (let p: usize = 0; p < row; p += 16) {
    const r = v128.load(logits + p);
    const f = v128.load(logits + row + p);
    const share = v128.load(shares + p);
    v128.store(delta + p, f32x4.mul(share, realSlope(r, f)));
    v128.store(delta + row + p, f32x4.mul(share, fakeSlope(r, f)));
  }
  bothPass.backward(discriminator.parameters, discriminator.gradient, false);
}

export function updateDiscriminator(): void {
  update(discriminator, settings.discriminatorOptimizer, rateFactor);
  if (settings.weightClip < Infinity) clip(discriminator, settings.weightClip);
}

export function measureDiscriminatorGradient(): void {
  measure(GRAD_NORM_D, norm(discriminator));
}

function norm(network: Network): f32 {
  let sum = splat(0);
  for (let p = network.gradient; p < network.gradient + network.bytes; p += 16) {
    const g = v128.load(p);
    sum = f32x4.add(sum, f32x4.mul(g, g));
  }
  return sqrt<f32>(sumLanes(sum));
}

// The five parts of a step of the generator

/** The pass of the discriminator that a step of the generator uses. */
export function generatorStepPass(): Pass {
  return settings.loss == settings.LOSS_RELATIVISTIC ? bothPass : fakePass;
}

/** Where the generated points begin in a row of that pass. */
export function fakeOffset(): usize {
  return settings.loss == settings.LOSS_RELATIVISTIC ? row : 0;
}

export function drawForGenerator(number: i32): void {
  stepNumber = FIRST_G_STEP + number;
  generate();
  const view = generatorStepPass();
  if (view == bothPass) drawRealPoints();
  showFakePoints(view.input + fakeOffset(), view.stride);
}

export function classifyForGenerator(): void {
  generatorStepPass().forward(discriminator.parameters);
}

export function measureGenerator(): void {
  const logits = generatorStepPass().output;
  const offset = fakeOffset();
  let losses = splat(0);
  for (let p: usize = 0; p < row; p += 16) {
    const term = generatorLoss(v128.load(logits + p), v128.load(logits + offset + p));
    losses = f32x4.add(losses, f32x4.mul(v128.load(shares + p), term));
  }
  measure(LOSS_G, sumLanes(losses));
}

export function differentiateGenerator(): void {
  const view = generatorStepPass();
  const offset = fakeOffset();
  const logits = view.output;
  const delta = view.delta;
  if (offset) memory.fill(delta, 0, offset); // real points do not depend on the generator
  for (let p: usize = 0; p < row; p += 16) {
    const slope = generatorSlope(v128.load(logits + p), v128.load(logits + offset + p));
    v128.store(delta + offset + p, f32x4.mul(v128.load(shares + p), slope));
  }
  view.backward(discriminator.parameters, 0, true);
  const to = generatorPass.delta;
  copyVectors(to, view.delta + offset, row);
  copyVectors(to + generatorPass.stride, view.delta + view.stride + offset, row);
  generatorPass.backward(generator.parameters, generator.gradient, false);
}

export function updateGenerator(): void {
  update(generator, settings.generatorOptimizer, rateFactor);
}

export function measureGeneratorGradient(): void {
  measure(GRAD_NORM_G, norm(generator));
}
