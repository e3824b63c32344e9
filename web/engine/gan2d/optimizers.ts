// The optimizers, with the conventions of gan2d.training.optimizers, over padded parameters.

import { addProduct, splat } from "../functions";
import { Network } from "./network";
import { OptimizerSettings } from "./settings";

export const OPTIMIZER_SGD = 0;
export const OPTIMIZER_MOMENTUM = 1;
export const OPTIMIZER_RMSPROP = 2;
export const OPTIMIZER_ADAM = 3;

const EPSILON: f32 = 1e-8;
const TINY: f32 = 1e-36;

/** Moves the parameters against the gradient; `factor` is the decay's. */
export function update(network: Network, settings: OptimizerSettings, factor: f32): void {
  const rate = splat(settings.learningRate * factor);
  network.steps += 1;
  const end = network.parameters + network.bytes;
  const toGradient = network.gradient - network.parameters;
  const toFirst = network.first - network.parameters;
  const toSecond = network.second - network.parameters;
  switch (settings.name) {
    case OPTIMIZER_SGD:
      for (let p = network.parameters; p < end; p += 16) {
        v128.store(p, f32x4.sub(v128.load(p), f32x4.mul(rate, v128.load(p + toGradient))));
      }
      break;
    case OPTIMIZER_MOMENTUM: {
      const momentum = splat(settings.momentum);
      for (let p = network.parameters; p < end; p += 16) {
        const m = addProduct(v128.load(p + toGradient), momentum, v128.load(p + toFirst));
        v128.store(p + toFirst, m);
        v128.store(p, f32x4.sub(v128.load(p), f32x4.mul(rate, m)));
      }
      break;
    }
    case OPTIMIZER_RMSPROP: {
      const kept = splat(settings.alpha);
      const fresh = splat(1 - settings.alpha);
      for (let p = network.parameters; p < end; p += 16) {
        const g = v128.load(p + toGradient);
        const v = addProduct(f32x4.mul(fresh, f32x4.mul(g, g)), kept, v128.load(p + toSecond));
        v128.store(p + toSecond, v);
        const root = f32x4.sqrt(f32x4.add(v, splat(EPSILON * EPSILON)));
        v128.store(p, f32x4.sub(v128.load(p), f32x4.div(f32x4.mul(rate, g), root)));
      }
      break;
    }
    case OPTIMIZER_ADAM:
      updateAdam(network, settings, rate, end);
      break;
  }
}

function updateAdam(network: Network, settings: OptimizerSettings, rate: v128, end: usize): void {
  const toGradient = network.gradient - network.parameters;
  const toFirst = network.first - network.parameters;
  const toSecond = network.second - network.parameters;
  const kept1 = splat(settings.beta1);
  const fresh1 = splat(1 - settings.beta1);
  const kept2 = splat(settings.beta2);
  const fresh2 = splat(1 - settings.beta2);
  const bias1 = splat(<f32>(1 - power(settings.beta1, network.steps)));
  const bias2 = splat(<f32>(1 - power(settings.beta2, network.steps)));
  for (let p = network.parameters; p < end; p += 16) {
    const g = v128.load(p + toGradient);
    const m = addProduct(f32x4.mul(fresh1, g), kept1, v128.load(p + toFirst));
    const v = addProduct(f32x4.mul(fresh2, f32x4.mul(g, g)), kept2, v128.load(p + toSecond));
    v128.store(p + toFirst, m);
    v128.store(p + toSecond, v);
    const root = f32x4.sqrt(f32x4.add(f32x4.div(v, bias2), splat(TINY)));
    const step = f32x4.div(f32x4.div(m, bias1), f32x4.add(root, splat(EPSILON)));
    v128.store(p, f32x4.sub(v128.load(p), f32x4.mul(rate, step)));
  }
}

/** base to a whole power, by squaring. */
function power(base: f64, exponent: u32): f64 {
  let result: f64 = 1;
  for (; exponent; exponent >>= 1) {
    if (exponent & 1) result *= base;
    base *= base;
  }
  return result;
}

/** Keeps the parameters between −limit and limit. */
export function clip(network: Network, limit: f32): void {
  const end = network.parameters + network.bytes;
  for (let p = network.parameters; p < end; p += 16) {
    const low = f32x4.pmax(v128.load(p), splat(-limit));
    v128.store(p, f32x4.pmin(low, splat(limit)));
  }
}
