// The settings of the neuron lab as float64 slots, in the order that engine.json lists them.

export const MAX_LAYERS: i32 = 6;
export const MAX_WIDTH: i32 = 64;
export const MAX_TABLE: i32 = 1024;

export const SEED: i32 = 0;
export const MODEL: i32 = 1;
export const DATA: i32 = 2;
export const SCALE: i32 = 3;
export const SAMPLES: i32 = 4;
export const NOISE: i32 = 5;
export const TRAIN_SHARE: i32 = 6;
export const LEARNING_RATE: i32 = 7;
export const RULE: i32 = 8;
export const UPDATE: i32 = 9;
export const INIT: i32 = 10;
export const INIT_LOW: i32 = 11;
export const INIT_HIGH: i32 = 12;
export const INIT_SCALE: i32 = 13;
export const ACTIVATION: i32 = 14;
export const LOSS: i32 = 15;
export const OPTIMIZER: i32 = 16;
export const MOMENTUM: i32 = 17;
export const L1: i32 = 18;
export const L2: i32 = 19;
export const BATCH_SIZE: i32 = 20;
export const HIDDEN_LAYERS: i32 = 21;
export const TRUTH_TABLE: i32 = 28;
const SLOTS: i32 = 28 + 1 + MAX_TABLE;

export const MLP: i32 = 1;

export namespace Data {
  export const TRUTH_TABLE: i32 = 0;
  export const CIRCLE: i32 = 1;
  export const EXCLUSIVE_OR: i32 = 2;
  export const GAUSSIAN: i32 = 3;
  export const SPIRAL: i32 = 4;
  export const CSV: i32 = 5;
}

export namespace Rule {
  export const DELTA: i32 = 0;
  export const SQUARED_ERROR: i32 = 1;
  export const STEP: i32 = 2;
}

export namespace Init {
  export const UNIFORM: i32 = 0;
  export const NORMAL: i32 = 1;
  export const ZEROS: i32 = 2;
  export const GLOROT_UNIFORM: i32 = 3;
  export const GLOROT_NORMAL: i32 = 4;
  export const HE_UNIFORM: i32 = 5;
  export const HE_NORMAL: i32 = 6;
}

export namespace Activation {
  export const RELU: i32 = 0;
  export const TANH: i32 = 1;
  export const SIGMOID: i32 = 2;
  export const LINEAR: i32 = 3;
}

export namespace Loss {
  export const CROSS_ENTROPY: i32 = 0;
  export const SQUARED_ERROR: i32 = 1;
  export const HINGE: i32 = 2;
}

export namespace Optimizer {
  export const SGD: i32 = 0;
  export const MOMENTUM: i32 = 1;
  export const ADAM: i32 = 2;
}

/** The address of the slots, which a host may write at any time. */
export const SETTINGS: usize = memory.data(SLOTS * 8, 16);
/** The settings that a training goes by. */
const ACTIVE: usize = memory.data(SLOTS * 8, 16);

/** Makes the slots as they are now the settings that a training goes by. */
export function takeSettings(): void {
  memory.copy(ACTIVE, SETTINGS, SLOTS * 8);
}

// @ts-ignore: decorator
@inline
export function number(slot: i32): f64 {
  return load<f64>(ACTIVE + <usize>slot * 8);
}

// @ts-ignore: decorator
@inline
export function choice(slot: i32): i32 {
  return <i32>number(slot);
}

// @ts-ignore: decorator
@inline
export function seed(): u32 {
  return <u32>number(SEED);
}

/** Entry `index` of a list; its length stands first. */
export function entry(slot: i32, index: i32): i32 {
  return <i32>number(slot + 1 + index);
}

/** A batch size, or 0 for all points. */
export function batchSize(): i32 {
  const size = number(BATCH_SIZE);
  return size != size ? 0 : <i32>size;
}
