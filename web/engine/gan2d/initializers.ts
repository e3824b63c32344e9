// The first weights of a network, drawn as gan2d.models.initializers draws them.

import { allocate, mark, releaseTo } from "../memory";
import { foldIn, Key } from "../threefry";
import { drawNormal, drawSymmetric } from "./draws";
import { Network } from "./network";

const INIT_GANLAB = 0;
const INIT_LECUN_NORMAL = 1;
const INIT_GLOROT_UNIFORM = 2;
const INIT_GLOROT_NORMAL = 3;
const INIT_HE_UNIFORM = 4;
const INIT_HE_NORMAL = 5;
const INIT_TORCH = 6;
const INIT_ORTHOGONAL = 7;
const INIT_ZEROS = 8;

/** Draws a network's first parameters; false where there is no memory. */
export function initialize(network: Network, key: Key): bool {
  if (network.init == INIT_ZEROS) return true;
  const from = mark();
  const done = network.init == INIT_ORTHOGONAL
    ? drawOrthogonal(network, key)
    : drawScaled(network, key);
  releaseTo(from);
  return done;
}

function drawScaled(network: Network, key: Key): bool {
  const init = network.init;
  const numbers = allocate(<usize>network.count * 4 + 32);
  if (!numbers) return false;
  const uniform = init == INIT_GLOROT_UNIFORM || init == INIT_HE_UNIFORM || init == INIT_TORCH;
  if (uniform) drawSymmetric(key, numbers, network.count, 0, 1);
  else drawNormal(key, numbers, network.count, 0, 1);
  for (let layer = 0; layer < network.layers; layer++) {
    const spread = <f32>spreadOf(network, layer);
    const biases = network.biases(layer);
    const end = biases + unchecked(network.sizes[layer + 1]) * 4;
    for (let i = network.weights(layer); i < end; i += 4) {
      const isBias = i >= biases && init != INIT_TORCH;
      const value: f32 = isBias ? 0 : load<f32>(numbers + i) * spread;
      store<f32>(network.parameters + i, value);
    }
  }
  return true;
}

/** The standard deviation of a layer's weights, or half their range where they are uniform. */
function spreadOf(network: Network, layer: i32): f64 {
  const inputs = <f64>unchecked(network.sizes[layer]);
  const outputs = <f64>unchecked(network.sizes[layer + 1]);
  switch (network.init) {
    case INIT_GANLAB:
      return sqrt<f64>(1 / (layer == 0 ? 2 : inputs));
    case INIT_LECUN_NORMAL:
      return sqrt<f64>(1 / inputs);
    case INIT_GLOROT_UNIFORM:
      return sqrt<f64>(3 * (2 / (inputs + outputs)));
    case INIT_GLOROT_NORMAL:
      return sqrt<f64>(2 / (inputs + outputs));
    case INIT_HE_UNIFORM:
      return sqrt<f64>(3 * (2 / inputs));
    case INIT_HE_NORMAL:
      return sqrt<f64>(2 / inputs);
    default: // torch
      return 1 / sqrt<f64>(inputs);
  }
}

/** Orthogonal matrices (Saxe et al. 2014): the Q of normal numbers' QR with a positive diagonal. */
function drawOrthogonal(network: Network, key: Key): bool {
  for (let layer = 0; layer < network.layers; layer++) {
    const inputs = unchecked(network.sizes[layer]);
    const outputs = unchecked(network.sizes[layer + 1]);
    const side = max(inputs, outputs);
    const numbers = allocate(<usize>(side * side) * 4 + 32);
    const columns = allocate(<usize>(side * side) * 8);
    if (!columns) return false;
    drawNormal(foldIn(key, layer), numbers, side * side, 0, 1);
    for (let i = 0; i < side; i++) {
      for (let j = 0; j < side; j++) {
        const value = <f64>load<f32>(numbers + <usize>(i * side + j) * 4);
        store<f64>(columns + <usize>(j * side + i) * 8, value);
      }
    }
    orthonormalize(columns, side);
    const weights = network.parameters + network.weights(layer);
    for (let i = 0; i < outputs; i++) {
      for (let j = 0; j < inputs; j++) {
        const value = <f32>load<f64>(columns + <usize>(j * side + i) * 8);
        store<f32>(weights + <usize>(i * inputs + j) * 4, value);
      }
    }
  }
  return true;
}

/** Gram and Schmidt, each column twice, which is enough (Giraud et al. 2005). */
function orthonormalize(columns: usize, side: i32): void {
  const bytes = <usize>side * 8;
  for (let j = 0; j < side; j++) {
    const column = columns + <usize>j * bytes;
    for (let round = 0; round < 2; round++) {
      for (let k = 0; k < j; k++) {
        const other = columns + <usize>k * bytes;
        const shared = dot(column, other, bytes);
        for (let i: usize = 0; i < bytes; i += 8) {
          store<f64>(column + i, load<f64>(column + i) - shared * load<f64>(other + i));
        }
      }
    }
    const norm = sqrt<f64>(dot(column, column, bytes));
    for (let i: usize = 0; i < bytes; i += 8) {
      store<f64>(column + i, load<f64>(column + i) / norm);
    }
  }
}

function dot(x: usize, y: usize, bytes: usize): f64 {
  let sum: f64 = 0;
  for (let i: usize = 0; i < bytes; i += 8) sum += load<f64>(x + i) * load<f64>(y + i);
  return sum;
}
