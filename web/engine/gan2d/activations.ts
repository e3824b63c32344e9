// Activations in the order of the setting's choices, over whole rows.

import { addProduct, cos4, expm14, sigmoid4, sin4, splat, tanh4 } from "../functions";

export const ACTIVATION_RELU = 0;
export const ACTIVATION_LEAKY_RELU = 1;
export const ACTIVATION_ELU = 2;
export const ACTIVATION_SILU = 3;
export const ACTIVATION_TANH = 4;
export const ACTIVATION_SIGMOID = 5;
export const ACTIVATION_SINE = 6;
export const ACTIVATION_LINEAR = 7;

/** The slope below 0 of what the kernels apply themselves; 1 where there is a pass of its own. */
export function slopeBelow(activation: i32): f32 {
  if (activation == ACTIVATION_RELU) return 0;
  return activation == ACTIVATION_LEAKY_RELU ? 0.2 : 1;
}

/** Whether an activation takes a pass of its own after the kernel. */
export function hasPass(activation: i32): bool {
  return activation >= ACTIVATION_ELU && activation != ACTIVATION_LINEAR;
}

/** Whether its slope is computed of the sum, which then must be kept, rather than of its value. */
export function needsSums(activation: i32): bool {
  return activation == ACTIVATION_SILU || activation == ACTIVATION_SINE;
}

/** y = f(sums), over `bytes` bytes; both may be one place. */
export function activate(activation: i32, sums: usize, y: usize, bytes: usize): void {
  switch (activation) {
    case ACTIVATION_ELU:
      for (let p: usize = 0; p < bytes; p += 16) {
        const x = v128.load(sums + p);
        const low = expm14(f32x4.pmin(splat(0), x));
        v128.store(y + p, v128.bitselect(x, low, f32x4.gt(x, splat(0))));
      }
      break;
    case ACTIVATION_SILU:
      for (let p: usize = 0; p < bytes; p += 16) {
        const x = v128.load(sums + p);
        v128.store(y + p, f32x4.mul(x, sigmoid4(x)));
      }
      break;
    case ACTIVATION_TANH:
      for (let p: usize = 0; p < bytes; p += 16) v128.store(y + p, tanh4(v128.load(sums + p)));
      break;
    case ACTIVATION_SIGMOID:
      for (let p: usize = 0; p < bytes; p += 16) v128.store(y + p, sigmoid4(v128.load(sums + p)));
      break;
    case ACTIVATION_SINE:
      for (let p: usize = 0; p < bytes; p += 16) v128.store(y + p, sin4(v128.load(sums + p)));
      break;
  }
}

/** delta = delta·f′, over `bytes` bytes; at its bend the slope of elu is ½, as JAX has it. */
export function multiplySlope(
  activation: i32, sums: usize, y: usize, delta: usize, bytes: usize,
): void {
  const one = splat(1);
  switch (activation) {
    case ACTIVATION_ELU:
      for (let p: usize = 0; p < bytes; p += 16) {
        const v = v128.load(y + p);
        const below = v128.bitselect(splat(0.5), f32x4.add(v, one), f32x4.eq(v, splat(0)));
        const slope = v128.bitselect(one, below, f32x4.gt(v, splat(0)));
        v128.store(delta + p, f32x4.mul(v128.load(delta + p), slope));
      }
      break;
    case ACTIVATION_SILU:
      for (let p: usize = 0; p < bytes; p += 16) {
        const s = sigmoid4(v128.load(sums + p));
        const slope = addProduct(s, v128.load(y + p), f32x4.sub(one, s));
        v128.store(delta + p, f32x4.mul(v128.load(delta + p), slope));
      }
      break;
    case ACTIVATION_TANH:
      for (let p: usize = 0; p < bytes; p += 16) {
        const v = v128.load(y + p);
        const slope = f32x4.sub(one, f32x4.mul(v, v));
        v128.store(delta + p, f32x4.mul(v128.load(delta + p), slope));
      }
      break;
    case ACTIVATION_SIGMOID:
      for (let p: usize = 0; p < bytes; p += 16) {
        const v = v128.load(y + p);
        const slope = f32x4.mul(v, f32x4.sub(one, v));
        v128.store(delta + p, f32x4.mul(v128.load(delta + p), slope));
      }
      break;
    case ACTIVATION_SINE:
      for (let p: usize = 0; p < bytes; p += 16) {
        v128.store(delta + p, f32x4.mul(v128.load(delta + p), cos4(v128.load(sums + p))));
      }
      break;
  }
}
