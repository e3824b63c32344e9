// The iterations: whole ones, and one in its ten phases with the arrays of each.

import { sigmoid4 } from "../functions";
import { allocate } from "../memory";
import { add, begin } from "../output";
import { fakeLoss, generatorLoss, realLoss } from "./losses";
import { Network, Pass } from "./network";
import * as settings from "./settings";
import { writePairs } from "./snapshot";
import * as steps from "./steps";
import * as training from "./training";
import { bothPass, discriminator, generator, generatorPass, metrics, row } from "./training";

/** What went wrong: 0 nothing, 1 a loss, 2 a weight is not finite. */
export let failure: i32 = 0;

const MOST_ROWS = 4096;
let rows: usize = 0;
let rowsBegun: u32 = 0;
let rowsTaken: u32 = 0;
let copied: usize = 0;
export let copiedCount: i32 = 0;

const PHASES_OF_A_STEP = 5;
const SAMPLE = 0;
const CLASSIFY = 1;
const LOSS = 2;
const GRADIENTS = 3;
const UPDATE = 4;

/** The next phase of the iteration at work, −1 between iterations. */
let phase: i32 = -1;
/** The step of its network that it belongs to. */
let number: i32 = 0;
let arrays: usize = 0;
/** A network's parameters before its update. */
let before: usize = 0;

export function beginPhases(): bool {
  failure = 0;
  phase = -1;
  arrays = 0;
  rowsBegun = 0;
  rowsTaken = 0;
  copiedCount = 0;
  rows = allocate(MOST_ROWS * training.METRICS * 4);
  copied = allocate(MOST_ROWS * training.METRICS * 4);
  return copied != 0;
}

export function isBetweenIterations(): bool {
  return phase < 0;
}

/** Goes back to where the iteration at work began. */
export function abandonIteration(): void {
  if (phase >= 0) training.undoIteration();
  phase = -1;
}

export function clearFailure(): void {
  failure = 0;
}

/** Does so many iterations; returns how many it did, fewer where a number would not be finite. */
export function advance(count: i32): i32 {
  let done = 0;
  if (failure) return 0;
  if (count > 0 && phase >= 0) {
    while (phase >= 0) doPhase();
    if (failure) return 0;
    done = 1;
  }
  for (; done < count; done++) {
    training.beginIteration();
    for (let i = 0; i < settings.dSteps; i++) stepDiscriminator(i, i == settings.dSteps - 1);
    for (let i = 0; i < settings.gSteps; i++) stepGenerator(i, i == settings.gSteps - 1);
    if (!finish()) break;
  }
  return done;
}

function stepDiscriminator(step: i32, measured: bool): void {
  steps.drawForDiscriminator(step);
  steps.classifyForDiscriminator();
  if (measured) steps.measureDiscriminator();
  steps.differentiateDiscriminator();
  if (measured) steps.measureDiscriminatorGradient();
  steps.updateDiscriminator();
}

function stepGenerator(step: i32, measured: bool): void {
  steps.drawForGenerator(step);
  steps.classifyForGenerator();
  if (measured) steps.measureGenerator();
  steps.differentiateGenerator();
  if (measured) steps.measureGeneratorGradient();
  steps.updateGenerator();
}

/** Ends the iteration; returns whether all is finite, and else goes back to where it began. */
function finish(): bool {
  failure = training.endIteration();
  if (failure) {
    training.undoIteration();
    return false;
  }
  const at = rows + (rowsBegun % MOST_ROWS) * training.METRICS * 4;
  training.copyMetrics(at, metrics);
  rowsBegun += 1;
  return true;
}

/** The rows of metrics since the last call, at most 4,096, the last ones. */
export function takeMetrics(): usize {
  const bytes = training.METRICS * 4;
  const first = max<u32>(rowsTaken, rowsBegun > <u32>MOST_ROWS ? rowsBegun - MOST_ROWS : 0);
  copiedCount = <i32>(rowsBegun - first);
  for (let i = 0; i < copiedCount; i++) {
    memory.copy(copied + i * bytes, rows + ((first + i) % MOST_ROWS) * bytes, bytes);
  }
  rowsTaken = rowsBegun;
  return copied;
}

// Phases

/** Does the next phase of an iteration; returns its number, −1 where a number would not be finite. */
export function doPhase(): i32 {
  if (failure) return -1;
  if (phase < 0) {
    training.beginIteration();
    number = 0;
    phase = settings.dSteps > 0 ? 0 : PHASES_OF_A_STEP;
  }
  const done = phase;
  if (done < PHASES_OF_A_STEP) doDiscriminatorPhase(done);
  else doGeneratorPhase(done - PHASES_OF_A_STEP);
  chooseNextPhase();
  return failure ? -1 : done;
}

/** Chooses the next phase: the steps of D, then those of G, then the end of the iteration. */
function chooseNextPhase(): void {
  const ofDiscriminator = phase < PHASES_OF_A_STEP;
  const count = ofDiscriminator ? settings.dSteps : settings.gSteps;
  if (phase % PHASES_OF_A_STEP != UPDATE) {
    phase += 1;
    return;
  }
  number += 1;
  if (number < count) {
    phase -= UPDATE;
  } else if (ofDiscriminator && settings.gSteps > 0) {
    number = 0;
    phase = PHASES_OF_A_STEP;
  } else {
    phase = -1;
    finish();
  }
}

function beginArrays(): void {
  if (!arrays) {
    const points = <usize>settings.batchSize;
    const parameters = max(generator.bytes, discriminator.bytes);
    arrays = allocate(points * 4 * (<usize>settings.noiseDims + 12) + 3 * parameters + 64);
    before = allocate(parameters);
  }
  begin(arrays);
}

function addScalar(name: i32, value: f32): void {
  store<f32>(add(name, -1, 0), value);
}

/** Adds one number for each point of a batch. */
function addRow(name: i32, from: usize): void {
  const count = settings.batchSize;
  memory.copy(add(name, -1, 1, count), from, <usize>count * 4);
}

/** Adds two numbers for each point of a batch. */
function addPairs(name: i32, rows: usize, stride: usize): void {
  writePairs(add(name, -1, 2, settings.batchSize, 2), rows, stride, settings.batchSize);
}

function addNoise(name: i32): void {
  const dims = settings.noiseDims;
  const to = add(name, -1, 2, settings.batchSize, dims);
  for (let i = 0; i < settings.batchSize; i++) {
    for (let k = 0; k < dims; k++) {
      const from = generatorPass.input + <usize>k * generatorPass.stride + <usize>i * 4;
      store<f32>(to + <usize>(i * dims + k) * 4, load<f32>(from));
    }
  }
}

/** Adds the discriminator's answers: probabilities, or the logits themselves. */
function addAnswers(name: i32, logits: usize): void {
  const count = settings.batchSize;
  const to = add(name, -1, 1, count);
  if (!settings.sigmoidOutput) {
    memory.copy(to, logits, <usize>count * 4);
    return;
  }
  for (let i: usize = 0; i < <usize>count * 4; i += 4) {
    const answer = sigmoid4(v128.load32_splat(logits + i));
    store<f32>(to + i, f32x4.extract_lane(answer, 0));
  }
}

/** Adds each layer's weights and biases, out of arrays like a network's parameters. */
function addLayers(weights: i32, biases: i32, network: Network, from: usize): void {
  for (let i = 0; i < network.layers; i++) {
    const inputs = unchecked(network.sizes[i]);
    const outputs = unchecked(network.sizes[i + 1]);
    const w = add(weights, i, 2, outputs, inputs);
    memory.copy(w, from + network.weights(i), <usize>(inputs * outputs) * 4);
    memory.copy(add(biases, i, 1, outputs), from + network.biases(i), <usize>outputs * 4);
  }
}

// The numbers of arrays are their places in engine.json.

function doDiscriminatorPhase(part: i32): void {
  const stride = bothPass.stride;
  switch (part) {
    case SAMPLE:
      steps.drawForDiscriminator(number);
      beginArrays();
      addScalar(0, <f32>number);
      addNoise(1);
      addPairs(2, bothPass.input, stride);
      addPairs(3, bothPass.input + row, stride);
      break;
    case CLASSIFY:
      steps.classifyForDiscriminator();
      beginArrays();
      addScalar(0, <f32>number);
      addRow(1, bothPass.output);
      addRow(2, bothPass.output + row);
      addAnswers(3, bothPass.output);
      addAnswers(4, bothPass.output + row);
      break;
    case LOSS:
      steps.measureDiscriminator();
      beginArrays();
      addScalar(0, <f32>number);
      addLosses();
      addScalar(3, load<f32>(metrics + training.LOSS_D * 4));
      break;
    case GRADIENTS:
      steps.differentiateDiscriminator();
      steps.measureDiscriminatorGradient();
      beginArrays();
      addScalar(0, <f32>number);
      addLayers(1, 2, discriminator, discriminator.gradient);
      addScalar(3, load<f32>(metrics + training.GRAD_NORM_D * 4));
      break;
    default:
      beginArrays();
      memory.copy(before, discriminator.parameters, discriminator.bytes);
      steps.updateDiscriminator();
      addScalar(0, <f32>number);
      addLayers(1, 2, discriminator, before);
      addLayers(3, 4, discriminator, discriminator.parameters);
  }
}

function addLosses(): void {
  const count = settings.batchSize;
  const real = add(1, -1, 1, count);
  const fake = add(2, -1, 1, count);
  const logits = bothPass.output;
  for (let i: usize = 0; i < <usize>count * 4; i += 4) {
    const r = v128.load32_splat(logits + i);
    const f = v128.load32_splat(logits + row + i);
    store<f32>(real + i, f32x4.extract_lane(realLoss(r, f), 0));
    store<f32>(fake + i, f32x4.extract_lane(fakeLoss(r, f), 0));
  }
}

function doGeneratorPhase(part: i32): void {
  const view = steps.generatorStepPass();
  const offset = steps.fakeOffset();
  switch (part) {
    case SAMPLE:
      steps.drawForGenerator(number);
      beginArrays();
      addScalar(0, <f32>number);
      addNoise(1);
      addPairs(2, view.input + offset, view.stride);
      if (offset) addPairs(3, view.input, view.stride);
      break;
    case CLASSIFY:
      steps.classifyForGenerator();
      beginArrays();
      addScalar(0, <f32>number);
      addRow(1, view.output + offset);
      addAnswers(2, view.output + offset);
      if (offset) addRow(3, view.output);
      break;
    case LOSS:
      steps.measureGenerator();
      beginArrays();
      addScalar(0, <f32>number);
      addGeneratorLosses(view, offset);
      addScalar(2, load<f32>(metrics + training.LOSS_G * 4));
      break;
    case GRADIENTS:
      steps.differentiateGenerator();
      steps.measureGeneratorGradient();
      beginArrays();
      addScalar(0, <f32>number);
      addSlopes(view, offset);
      addLayers(2, 3, generator, generator.gradient);
      addScalar(4, load<f32>(metrics + training.GRAD_NORM_G * 4));
      break;
    default:
      beginArrays();
      memory.copy(before, generator.parameters, generator.bytes);
      addScalar(0, <f32>number);
      addPairs(1, generatorPass.output, generatorPass.stride);
      steps.updateGenerator();
      generatorPass.forward(generator.parameters);
      addPairs(2, generatorPass.output, generatorPass.stride);
      addLayers(3, 4, generator, before);
      addLayers(5, 6, generator, generator.parameters);
  }
}

function addGeneratorLosses(view: Pass, offset: usize): void {
  const count = settings.batchSize;
  const to = add(1, -1, 1, count);
  for (let i: usize = 0; i < <usize>count * 4; i += 4) {
    const r = v128.load32_splat(view.output + i);
    const f = v128.load32_splat(view.output + offset + i);
    store<f32>(to + i, f32x4.extract_lane(generatorLoss(r, f), 0));
  }
}

/** Adds the slope of each generated point's own loss: where the generator pushes it is against it. */
function addSlopes(view: Pass, offset: usize): void {
  const count = settings.batchSize;
  const to = add(1, -1, 2, count, 2);
  const points = <f32>count;
  for (let i: usize = 0; i < <usize>count * 4; i += 4) {
    const from = view.delta + offset + i;
    store<f32>(to + 2 * i, points * load<f32>(from));
    store<f32>(to + 2 * i, points * load<f32>(from + view.stride), 4);
  }
}

/** The address of the first array of the phase that was done last. */
export function phaseArrays(): usize {
  return arrays;
}
