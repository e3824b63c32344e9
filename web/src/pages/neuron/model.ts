/** A neuron or a network as its weights say it, computed here so that maps follow every frame. */

import type { Frame, NdArray, Values } from "../../engines/session";

export interface Model {
  readonly isNetwork: boolean;
  /** Inputs, hidden neurons of each layer, 1. */
  readonly sizes: readonly number[];
  /** Of each layer [inputs, neurons], row by row. */
  readonly weights: readonly Float32Array[];
  readonly biases: readonly Float32Array[];
  /** Of hidden neurons. */
  readonly activation: string;
  /** Whether the output is 0 or 1: Rosenblatt's step. */
  readonly isStep: boolean;
}

/** Which part of the space of inputs a plane shows: two of them vary, the others are held. */
export interface Slice {
  /** Numbers of the inputs along x and y; y is −1 where there is one input only. */
  readonly axes: readonly [number, number];
  /** A value for every input. */
  readonly held: readonly number[];
}

/** The model of a moment; null where the frame has no weights. */
export function readModel(frame: Frame | null, config: Values): Model | null {
  if (!frame) return null;
  const shared = { activation: String(config["activation"]), isStep: false };
  const w = frame.arrays["w"];
  if (w) {
    const inputs = w.data.length - 1;
    const bias = Float32Array.of(-(w.data[0] ?? 0));
    return { ...shared, isNetwork: false, isStep: config["rule"] === "step", sizes: [inputs, 1], weights: [w.data.slice(1)], biases: [bias] };
  }
  const weights: NdArray[] = [];
  const biases: Float32Array[] = [];
  for (let layer = 1; frame.arrays[`w${layer}`]; layer++) {
    weights.push(frame.arrays[`w${layer}`]!);
    biases.push(frame.arrays[`b${layer}`]?.data ?? new Float32Array(0));
  }
  if (!weights.length) return null;
  const sizes = [weights[0]!.shape[0] ?? 0, ...biases.map((bias) => bias.length)];
  return { ...shared, isNetwork: true, sizes, weights: weights.map(({ data }) => data), biases };
}

/** What each neuron of each layer answers to inputs; layer 0 is the inputs themselves. */
export function computeNeurons(model: Model, inputs: readonly number[]): number[][] {
  const layers: number[][] = [[...inputs]];
  model.weights.forEach((weights, layer) => {
    const before = layers[layer]!;
    const bias = model.biases[layer]!;
    const isLast = layer === model.weights.length - 1;
    layers.push(
      Array.from(bias, (b, j) => {
        let sum = b;
        for (let i = 0; i < before.length; i++) sum += before[i]! * weights[i * bias.length + j]!;
        return isLast ? answerOf(model, sum) : activate(model.activation, sum);
      }),
    );
  });
  return layers;
}

/** The output for inputs, 0 to 1. */
export function computeOutput(model: Model, inputs: readonly number[]): number {
  return computeNeurons(model, inputs).at(-1)![0]!;
}

function answerOf(model: Model, sum: number): number {
  return model.isStep ? Number(sum > 0) : 1 / (1 + Math.exp(-sum));
}

function activate(name: string, sum: number): number {
  switch (name) {
    case "relu":
      return Math.max(0, sum);
    case "tanh":
      return Math.tanh(sum);
    case "sigmoid":
      return 1 / (1 + Math.exp(-sum));
    default:
      return sum;
  }
}

/** Of every neuron what it answers over a square of the plane, [side, side] from the lowest y. */
export interface Maps {
  readonly side: number;
  /** Layer by layer, the inputs first. */
  readonly layers: readonly (readonly Float32Array[])[];
}

const FINEST = 100;
const COARSEST = 24;
/** Products that the maps of a frame may take. */
const WORK = 6e6;

/** How fine maps can be drawn at every frame: 100 × 100 but of very large networks. */
export function mapSide(model: Model): number {
  const products = model.weights.reduce((sum, weights) => sum + weights.length, 0);
  return Math.max(COARSEST, Math.min(FINEST, Math.floor(Math.sqrt(WORK / products))));
}

/** Computes the maps over a square [left, bottom, size]. */
export function computeMaps(
  model: Model,
  slice: Slice,
  { left, bottom, size }: { readonly left: number; readonly bottom: number; readonly size: number },
  side = mapSide(model),
): Maps {
  const cells = side * side;
  const layers: Float32Array[][] = [model.sizes[0] ? inputMaps(model.sizes[0], slice, left, bottom, size, side) : []];
  model.weights.forEach((weights, layer) => {
    const before = layers[layer]!;
    const bias = model.biases[layer]!;
    const isLast = layer === model.weights.length - 1;
    layers.push(
      Array.from(bias, (b, j) => {
        const map = new Float32Array(cells).fill(b);
        before.forEach((values, i) => {
          const weight = weights[i * bias.length + j]!;
          for (let p = 0; p < cells; p++) map[p]! += weight * values[p]!;
        });
        for (let p = 0; p < cells; p++) map[p] = isLast ? answerOf(model, map[p]!) : activate(model.activation, map[p]!);
        return map;
      }),
    );
  });
  return { side, layers };
}

function inputMaps(inputs: number, slice: Slice, left: number, bottom: number, size: number, side: number): Float32Array[] {
  const at = (index: number) => ((index + 0.5) / side) * size;
  return Array.from({ length: inputs }, (_, input) => {
    const map = new Float32Array(side * side);
    for (let row = 0; row < side; row++) {
      for (let column = 0; column < side; column++) {
        map[row * side + column] = input === slice.axes[0] ? left + at(column) : input === slice.axes[1] ? bottom + at(row) : slice.held[input]!;
      }
    }
    return map;
  });
}

/** The least and greatest value of a neuron's map that its shades stand for, even about `middle`. */
export function rangeOfLayer(model: Model, layer: number, map: Float32Array): readonly [number, number] {
  const isLast = layer === model.sizes.length - 1;
  if (isLast || (layer > 0 && model.activation === "sigmoid")) return [0, 1];
  if (layer > 0 && model.activation === "tanh") return [-1, 1];
  let most = 1e-6;
  for (const value of map) most = Math.max(most, Math.abs(value));
  return [-most, most];
}
