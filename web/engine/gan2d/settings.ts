// The settings as slots of float64, in the order of engine.json, and what they say.

import { MOST_LAYERS, MOST_NEURONS, Network } from "./network";
import { ACTIVATION_LINEAR, ACTIVATION_SIGMOID, ACTIVATION_TANH } from "./activations";

export const SLOTS = 50;
export const slots = memory.data(SLOTS * 8, 16);

const SEED = 0;
const DATA = 1;
const NOISE = 2;
const NOISE_DIMS = 3;
const ITERATIONS = 4;
const BATCH_SIZE = 5;
const D_STEPS = 6;
const G_STEPS = 7;
const GENERATOR = 8;
const DISCRIMINATOR = 24;
const LOSS = 40;
const LABEL_SMOOTHING = 41;
const LABEL_SMOOTHING_FORM = 42;
const WEIGHT_CLIP = 43;
const INSTANCE_NOISE = 44;
const INSTANCE_NOISE_UNTIL = 45;
const EMA = 46;
const LR_DECAY = 47;
const LR_DECAY_UNTIL = 48;
const LR_FINAL = 49;

// From a network's first slot: the count of layers and six widths, then these.
const ACTIVATION = 7;
const INIT = 8;
const OUTPUT = 9;
const OPTIMIZER = 10;

export const LOSS_LOG = 0;
export const LOSS_MINIMAX = 1;
export const LOSS_LEAST_SQUARES = 2;
export const LOSS_HINGE = 3;
export const LOSS_WASSERSTEIN = 4;
export const LOSS_RELATIVISTIC = 5;

export const DECAY_NONE = 0;
export const DECAY_LINEAR = 1;
export const DECAY_COSINE = 2;
export const DECAY_EXPONENTIAL = 3;

const MOST_POINTS = 1024;
const MOST_DIMENSIONS = 16;

const OUTPUT_LINEAR = 2;

/** The numbers of an optimizer's settings. */
export class OptimizerSettings {
  name: i32 = 0;
  learningRate: f32 = 0;
  momentum: f32 = 0;
  beta1: f32 = 0;
  beta2: f32 = 0;
  alpha: f32 = 0;

  read(slot: i32): void {
    this.name = whole(slot);
    this.learningRate = <f32>number(slot + 1);
    this.momentum = <f32>number(slot + 2);
    this.beta1 = <f32>number(slot + 3);
    this.beta2 = <f32>number(slot + 4);
    this.alpha = <f32>number(slot + 5);
  }
}

export const generatorOptimizer = new OptimizerSettings();
export const discriminatorOptimizer = new OptimizerSettings();

// What fixes the shapes of arrays: read when a training begins.
export let seed: u32 = 0;
export let data: i32 = 0;
export let noise: i32 = 0;
export let noiseDims: i32 = 0;
export let batchSize: i32 = 0;

// What may change during a training.
export let dSteps: i32 = 0;
export let gSteps: i32 = 0;
export let loss: i32 = 0;
/** Whether the discriminator's output is a probability: the sigmoid of its logit. */
export let sigmoidOutput: bool = false;
/** What the loss takes as the label of real points, and the weight of its term there. */
export let realLabel: f32 = 1;
export let realWeight: f32 = 1;
/** Infinity where nothing is clipped. */
export let weightClip: f32 = 0;
export let instanceNoise: f32 = 0;
export let instanceNoiseUntil: f32 = 0;
export let ema: f32 = 0;
export let lrDecay: i32 = 0;
export let lrDecayUntil: f32 = 0;
export let lrFinal: f32 = 0;

// @ts-ignore: decorator
@inline
function number(slot: i32): f64 {
  return load<f64>(slots + <usize>slot * 8);
}

function whole(slot: i32): i32 {
  return <i32>number(slot);
}

function orElse(slot: i32, otherwise: f64): f64 {
  const value = number(slot);
  return value != value || value == 0 ? otherwise : value;
}

/** Reads what fixes the shapes; returns 0, or the number (from 1) of the first slot out of range. */
export function readShapes(generator: Network, discriminator: Network): i32 {
  seed = <u32>number(SEED);
  data = whole(DATA);
  noise = whole(NOISE);
  noiseDims = whole(NOISE_DIMS);
  batchSize = whole(BATCH_SIZE);
  if (noiseDims < 1 || noiseDims > MOST_DIMENSIONS) return NOISE_DIMS + 1;
  if (batchSize < 1 || batchSize > MOST_POINTS) return BATCH_SIZE + 1;
  const wrong = readNetwork(generator, GENERATOR, noiseDims, 2);
  if (wrong) return wrong;
  generator.output = outputActivation(whole(GENERATOR + OUTPUT));
  return readNetwork(discriminator, DISCRIMINATOR, 2, 1);
}

function readNetwork(network: Network, slot: i32, inputs: i32, outputs: i32): i32 {
  const hidden = whole(slot);
  if (hidden < 0 || hidden > MOST_LAYERS) return slot + 1;
  network.layers = hidden + 1;
  unchecked((network.sizes[0] = inputs));
  for (let i = 1; i <= hidden; i++) {
    const width = whole(slot + i);
    if (width < 1 || width > MOST_NEURONS) return slot + i + 1;
    unchecked((network.sizes[i] = width));
  }
  unchecked((network.sizes[hidden + 1] = outputs));
  network.activation = whole(slot + ACTIVATION);
  network.output = ACTIVATION_LINEAR;
  network.init = whole(slot + INIT);
  return 0;
}

function outputActivation(choice: i32): i32 {
  if (choice == OUTPUT_LINEAR) return ACTIVATION_LINEAR;
  return choice == 0 ? ACTIVATION_TANH : ACTIVATION_SIGMOID;
}

/** Reads what may change during a training. */
export function readRates(): void {
  dSteps = whole(D_STEPS);
  gSteps = whole(G_STEPS);
  generatorOptimizer.read(GENERATOR + OPTIMIZER);
  discriminatorOptimizer.read(DISCRIMINATOR + OPTIMIZER);
  loss = whole(LOSS);
  const linear = loss == LOSS_LEAST_SQUARES && whole(DISCRIMINATOR + OUTPUT) == OUTPUT_LINEAR;
  sigmoidOutput = loss <= LOSS_LEAST_SQUARES && !linear;
  const smoothed = <f32>(1 - number(LABEL_SMOOTHING));
  const oneSided = whole(LABEL_SMOOTHING_FORM) == 0;
  realLabel = oneSided ? smoothed : 1;
  realWeight = oneSided ? 1 : smoothed;
  weightClip = <f32>orElse(WEIGHT_CLIP, Infinity);
  instanceNoise = <f32>number(INSTANCE_NOISE);
  instanceNoiseUntil = <f32>orElse(INSTANCE_NOISE_UNTIL, Infinity);
  ema = <f32>number(EMA);
  lrDecay = whole(LR_DECAY);
  lrDecayUntil = <f32>orElse(LR_DECAY_UNTIL, number(ITERATIONS));
  lrFinal = <f32>number(LR_FINAL);
}

/** Whether there is a training: its memory was taken and its parameters drawn. */
export let isReady: bool = false;

export function setReady(value: bool): void {
  isReady = value;
}
