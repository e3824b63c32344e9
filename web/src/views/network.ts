/** A network view: neurons in columns, links as wide as their weights. */

import type { Pen, Theme } from "../canvas";
import { formatMeasure, formatNumber, plural, t } from "../i18n";
import { type Arrays, nameOfLayer, type NetworkView } from "./views";

/** One layer: weights [inputs, outputs] row by row, biases [outputs] if there are any. */
export interface Links {
  readonly inputs: number;
  readonly outputs: number;
  readonly weights: Float32Array;
  readonly biases: Float32Array | null;
}

/** Neurons of a column that are drawn. */
const MOST = 24;
const WIDEST = 7;

/** The layers that a frame has of a network. */
export function readLayers(view: NetworkView, arrays: Arrays): readonly Links[] {
  if (!view.weights.includes("{layer}")) return readNeuron(view, arrays);
  const layers: Links[] = [];
  for (let number = 1; ; number++) {
    const weights = arrays[nameOfLayer(view.weights, number)];
    if (weights?.shape.length !== 2) return layers;
    const biases = view.biases === null ? undefined : arrays[nameOfLayer(view.biases, number)];
    const [inputs = 0, outputs = 0] = weights.shape;
    layers.push({ inputs, outputs, weights: weights.data, biases: biases?.data ?? null });
  }
}

function readNeuron(view: NetworkView, arrays: Arrays): readonly Links[] {
  const array = arrays[view.weights];
  if (array?.shape.length !== 1) return [];
  const inputs = array.data.length - 1;
  return [{ inputs, outputs: 1, weights: array.data.subarray(0, inputs), biases: array.data.subarray(inputs) }];
}

export function drawNetwork(pen: Pen, theme: Theme, layers: readonly Links[], width: number, height: number, view: NetworkView): void {
  const sizes = sizesOf(layers);
  const place = placer(sizes, width, height);
  const largest = largestWeight(layers)?.size ?? 0;
  for (const [number, layer] of layers.entries()) drawLinks(pen, theme, layer, number, largest, place);
  for (const [column, size] of sizes.entries()) {
    drawNeurons(pen, theme, column, size, column > 0 ? (layers[column - 1]?.biases ?? null) : null, place);
  }
  labelInputs(pen, theme, sizes[0] ?? 0, view.inputs, place);
}

type Place = (column: number, row: number) => readonly [number, number];

function placer(sizes: readonly number[], width: number, height: number): Place {
  const [side, top] = [56, 24];
  return (column, row) => {
    const rows = Math.min(MOST, sizes[column] ?? 1);
    const across = sizes.length > 1 ? (width - 2 * side) / (sizes.length - 1) : 0;
    const down = (height - 2 * top) / rows;
    return [side + column * across, top + (row + 0.5) * down];
  };
}

/** The widest first, so that thin ones stay visible; negative ones are dashed, since color is never alone. */
function drawLinks(pen: Pen, theme: Theme, layer: Links, number: number, largest: number, place: Place): void {
  const { inputs, outputs, weights } = layer;
  for (let from = 0; from < Math.min(MOST, inputs); from++) {
    for (let to = 0; to < Math.min(MOST, outputs); to++) {
      const weight = weights[from * outputs + to]!;
      const share = largest ? Math.abs(weight) / largest : 0;
      pen.globalAlpha = 0.15 + 0.75 * share;
      pen.strokeStyle = theme.colors[weight < 0 ? "vermilion" : "blue"];
      pen.lineWidth = Math.max(0.5, WIDEST * share);
      pen.setLineDash(weight < 0 ? [6, 4] : []);
      pen.beginPath();
      pen.moveTo(...place(number, from));
      pen.lineTo(...place(number + 1, to));
      pen.stroke();
    }
  }
  pen.setLineDash([]);
  pen.globalAlpha = 1;
}

function drawNeurons(pen: Pen, theme: Theme, column: number, size: number, biases: Float32Array | null, place: Place): void {
  const largest = biases ? biases.reduce((most, bias) => Math.max(most, Math.abs(bias)), 0) : 0;
  for (let row = 0; row < Math.min(MOST, size); row++) {
    const [x, y] = place(column, row);
    const bias = biases?.[row] ?? 0;
    pen.beginPath();
    pen.arc(x, y, 8, 0, 2 * Math.PI);
    pen.fillStyle = theme.colors.paper;
    pen.fill();
    pen.lineWidth = 1 + (largest ? (3 * Math.abs(bias)) / largest : 0);
    pen.strokeStyle = bias === 0 ? theme.colors.ink : theme.colors[bias < 0 ? "vermilion" : "blue"];
    pen.stroke();
  }
  if (size > MOST) writeText(pen, theme, t("{count} more", { count: size - MOST }), ...lowest(place, column), "center");
}

function lowest(place: Place, column: number): readonly [number, number] {
  const [x, y] = place(column, MOST - 1);
  return [x, y + 18];
}

function labelInputs(pen: Pen, theme: Theme, count: number, names: readonly string[] | null, place: Place): void {
  for (let row = 0; row < Math.min(MOST, count); row++) {
    const [x, y] = place(0, row);
    writeText(pen, theme, names?.[row] ?? `x${row + 1}`, x - 14, y + 4, "right");
  }
}

function writeText(pen: Pen, theme: Theme, text: string, x: number, y: number, align: CanvasTextAlign): void {
  pen.font = `12px ${theme.words}`;
  pen.fillStyle = theme.colors.muted;
  pen.textAlign = align;
  pen.textBaseline = "alphabetic";
  pen.fillText(text, x, y);
}

function sizesOf(layers: readonly Links[]): readonly number[] {
  return layers.length ? [layers[0]!.inputs, ...layers.map((layer) => layer.outputs)] : [];
}

function largestWeight(layers: readonly Links[]): { size: number; value: number; layer: number } | null {
  let largest: { size: number; value: number; layer: number } | null = null;
  for (const [layer, { weights }] of layers.entries()) {
    for (const value of weights) {
      if (Math.abs(value) > (largest?.size ?? -1)) largest = { size: Math.abs(value), value, layer: layer + 1 };
    }
  }
  return largest;
}

/** What a network looks like, in a sentence. */
export function describeNetwork(layers: readonly Links[]): string {
  const largest = largestWeight(layers);
  const neurons = sizesOf(layers).map((size) => formatNumber(size)).join(", ");
  const shape = plural("{count} layer of weights between {neurons} neurons", "{count} layers of weights between {neurons} neurons", layers.length, { neurons });
  if (!largest) return shape;
  return t("{shape}; the largest weight is {value}, in layer {layer}.", { shape, value: formatMeasure(largest.value), layer: largest.layer });
}
