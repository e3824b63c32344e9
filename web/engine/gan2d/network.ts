// A multi-layer perceptron of any size: its parameters, and the arrays of a pass through it.

import { allocate } from "../memory";
import { activate, ACTIVATION_LINEAR, hasPass, multiplySlope, needsSums, slopeBelow } from "./activations";
import {
  addLanes, backward, BLOCK, forward, LANES, MOST_NEURONS, pack, rowBytes, sumGradient,
  unpack,
} from "./kernels";

export const MOST_LAYERS = 6;
export { MOST_NEURONS };

export class Network {
  /** How many layers have weights. */
  layers: i32 = 0;
  /** Inputs, hidden neurons of each layer, outputs. */
  sizes: StaticArray<i32> = new StaticArray<i32>(MOST_LAYERS + 2);
  /** Where each layer's weights [out, in] begin among the parameters, in bytes; its biases [out] follow. */
  offsets: StaticArray<i32> = new StaticArray<i32>(MOST_LAYERS + 2);
  activation: i32 = 0;
  output: i32 = 0;
  init: i32 = 0;
  /** How many parameters. */
  count: i32 = 0;
  /** Parameters, padded to whole vectors; so are the following. */
  parameters: usize = 0;
  gradient: usize = 0;
  /** Each number of the gradient, as sums in four lanes. */
  gradientSums: usize = 0;
  /** The optimizer's: what it remembers of gradients, and of their squares. */
  first: usize = 0;
  second: usize = 0;
  /** Steps that the optimizer has taken. */
  steps: u32 = 0;

  weights(layer: i32): i32 {
    return unchecked(this.offsets[layer]);
  }

  biases(layer: i32): i32 {
    return unchecked(this.offsets[layer] + this.sizes[layer] * this.sizes[layer + 1] * 4);
  }

  activationOf(layer: i32): i32 {
    return layer == this.layers - 1 ? this.output : this.activation;
  }

  /** The bytes of the parameters, padded. */
  get bytes(): usize {
    return <usize>((this.count + 3) & ~3) * 4;
  }

  widest(): i32 {
    let most = 0;
    for (let i = 0; i <= this.layers; i++) most = max(most, unchecked(this.sizes[i]));
    return most;
  }

  /** Works out the places of the layers' parameters. */
  plan(): void {
    let offset = 0;
    for (let i = 0; i < this.layers; i++) {
      unchecked((this.offsets[i] = offset));
      offset += unchecked((this.sizes[i] + 1) * this.sizes[i + 1] * 4);
    }
    this.count = offset / 4;
    this.steps = 0;
  }

  /** Puts the parameters and what the optimizer remembers of them at an address, three times `bytes`. */
  place(address: usize): void {
    this.parameters = address;
    this.first = address + this.bytes;
    this.second = this.first + this.bytes;
  }

  allocateGradient(): bool {
    this.gradient = allocate(this.bytes);
    this.gradientSums = allocate(this.bytes / 4 * LANES);
    return this.gradientSums != 0;
  }
}

/**
 * The arrays of a pass of so many points through a network.
 *
 * What goes in, what comes out and the gradients there have a row for each feature. Inside, points
 * stand in the blocks of the kernels.
 */
export class Pass {
  /** Bytes of a row, in whole blocks. */
  stride: usize = 0;
  blocks: i32 = 0;
  input: usize = 0;
  output: usize = 0;
  /** The gradient at the outputs, and after `backward` that at the inputs. */
  delta: usize = 0;
  /** What goes into each layer, and what comes out of the last one, in blocks; so are the following. */
  values: StaticArray<usize> = new StaticArray<usize>(MOST_LAYERS + 2);
  /** What each layer's activation is applied to. */
  sums: StaticArray<usize> = new StaticArray<usize>(MOST_LAYERS + 2);
  /** The gradients at the values of one layer and of the one before. */
  deltas: usize = 0;
  otherDeltas: usize = 0;

  constructor(public network: Network) {}

  allocate(points: i32): bool {
    const network = this.network;
    this.stride = rowBytes(points);
    this.blocks = <i32>(this.stride / BLOCK);
    for (let i = 0; i <= network.layers; i++) {
      const values = this.allocateRows(unchecked(network.sizes[i]));
      const kept = i > 0 && needsSums(network.activationOf(i - 1));
      unchecked((this.values[i] = values));
      unchecked((this.sums[i] = kept ? this.allocateRows(network.sizes[i]) : values));
    }
    const widest = network.widest();
    this.input = this.allocateRows(unchecked(network.sizes[0]));
    this.output = this.allocateRows(unchecked(network.sizes[network.layers]));
    this.delta = this.allocateRows(widest);
    this.deltas = this.allocateRows(widest);
    this.otherDeltas = this.allocateRows(widest);
    return this.otherDeltas != 0;
  }

  allocateRows(features: i32): usize {
    return allocate(<usize>features * this.stride);
  }

  /** Computes the outputs of the inputs, with parameters of the network's shapes. */
  forward(parameters: usize): void {
    const network = this.network;
    pack(this.input, unchecked(network.sizes[0]), this.stride, unchecked(this.values[0]));
    for (let i = 0; i < network.layers; i++) {
      const activation = network.activationOf(i);
      const inputs = unchecked(network.sizes[i]);
      const outputs = unchecked(network.sizes[i + 1]);
      forward(
        parameters + network.weights(i), parameters + network.biases(i),
        unchecked(this.values[i]), unchecked(this.sums[i + 1]),
        inputs, outputs, this.blocks, slopeBelow(activation),
      );
      if (hasPass(activation)) {
        activate(
          activation, unchecked(this.sums[i + 1]), unchecked(this.values[i + 1]),
          <usize>outputs * this.stride,
        );
      }
    }
    const last = network.layers;
    unpack(unchecked(this.values[last]), unchecked(network.sizes[last]), this.stride, this.output);
  }

  /**
   * Takes the gradient at the outputs, in `delta`, back through the network.
   *
   * @param gradient where the parameters' gradient goes; 0: nowhere
   * @param toInputs whether the gradient at the inputs is wanted, which then is in `delta`
   */
  backward(parameters: usize, gradient: usize, toInputs: bool): void {
    const network = this.network;
    const last = network.layers - 1;
    pack(this.delta, unchecked(network.sizes[last + 1]), this.stride, this.deltas);
    this.multiplySlope(last, network.output);
    for (let i = last; i >= 0; i--) {
      const inputs = unchecked(network.sizes[i]);
      const outputs = unchecked(network.sizes[i + 1]);
      if (gradient) {
        sumGradient(
          this.deltas, unchecked(this.values[i]),
          network.gradientSums + <usize>network.weights(i) / 4 * LANES, inputs, outputs, this.blocks,
        );
      }
      if (i == 0 && !toInputs) break;
      const activation = i > 0 ? network.activation : ACTIVATION_LINEAR;
      backward(
        parameters + network.weights(i), this.deltas, unchecked(this.values[i]), this.otherDeltas,
        inputs, outputs, this.blocks, slopeBelow(activation),
      );
      const done = this.deltas;
      this.deltas = this.otherDeltas;
      this.otherDeltas = done;
      if (i > 0) this.multiplySlope(i - 1, activation);
    }
    if (gradient) addLanes(network.gradientSums, network.count, gradient);
    if (toInputs) unpack(this.deltas, unchecked(network.sizes[0]), this.stride, this.delta);
  }

  multiplySlope(layer: i32, activation: i32): void {
    if (!hasPass(activation)) return;
    multiplySlope(
      activation, unchecked(this.sums[layer + 1]), unchecked(this.values[layer + 1]), this.deltas,
      <usize>unchecked(this.network.sizes[layer + 1]) * this.stride,
    );
  }
}
