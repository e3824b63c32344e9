// How a gradient becomes a step: SGD, heavy-ball momentum (Polyak 1964), Adam (Kingma & Ba 2015), with
// the numbers of optax.

import { gradients } from "./network";
import { LEARNING_RATE, MOMENTUM, OPTIMIZER, Optimizer, choice, number } from "./settings";
import { firstMoment, isHeld, parameters, power, secondMoment, setPower, weights } from "./state";

const DECAY_1: f64 = 0.9;
const DECAY_2: f64 = 0.999;
const EPSILON: f64 = 1e-8;

/** Moves the weights by the gradients; those that are held stay, and so do their moments. */
export function takeStep(): void {
  const optimizer = choice(OPTIMIZER);
  if (optimizer == Optimizer.ADAM) stepAdam();
  else stepMomentum(optimizer == Optimizer.MOMENTUM ? number(MOMENTUM) : 0);
}

function stepMomentum(momentum: f64): void {
  const rate = number(LEARNING_RATE);
  for (let i: usize = 0; i < <usize>parameters; i++) {
    if (isHeld(i)) continue;
    const trace = load<f64>(gradients + i * 8) + momentum * load<f64>(firstMoment + i * 8);
    if (momentum != 0) store<f64>(firstMoment + i * 8, trace);
    store<f64>(weights + i * 8, load<f64>(weights + i * 8) - rate * trace);
  }
}

function stepAdam(): void {
  const rate = number(LEARNING_RATE);
  const power1 = power(8) * DECAY_1;
  const power2 = power(16) * DECAY_2;
  setPower(8, power1);
  setPower(16, power2);
  for (let i: usize = 0; i < <usize>parameters; i++) {
    if (isHeld(i)) continue;
    const gradient = load<f64>(gradients + i * 8);
    const first = (1 - DECAY_1) * gradient + DECAY_1 * load<f64>(firstMoment + i * 8);
    const second = (1 - DECAY_2) * gradient * gradient + DECAY_2 * load<f64>(secondMoment + i * 8);
    store<f64>(firstMoment + i * 8, first);
    store<f64>(secondMoment + i * 8, second);
    const step = first / (1 - power1) / (sqrt(second / (1 - power2)) + EPSILON);
    store<f64>(weights + i * 8, load<f64>(weights + i * 8) - rate * step);
  }
}
