/** The network as a picture: its neurons as maps, its weights as links, its biases as rings. */

import { drawPixels, type Pen, type Pixels } from "../../canvas/pen";
import { mixColors, type Theme } from "../../canvas/theme";
import { type Maps, type Model, rangeOfLayer } from "./model";

export interface Layout {
  readonly width: number;
  readonly height: number;
  /** Side of a neuron's square. */
  readonly side: number;
  /** Middles of the neurons, layer by layer, the inputs first. */
  readonly places: readonly (readonly (readonly [number, number])[])[];
}

/** A part of the network: a neuron (its layer counted from 0, the inputs), its bias, or a weight into it. */
export type Part =
  | { readonly kind: "neuron"; readonly layer: number; readonly to: number }
  | { readonly kind: "bias"; readonly layer: number; readonly to: number }
  | { readonly kind: "weight"; readonly layer: number; readonly from: number; readonly to: number };

const LARGEST = 60;
const SMALLEST = 5;
const EDGE = 10;

export function layoutNetwork(sizes: readonly number[], width: number, height: number): Layout {
  const most = Math.max(...sizes);
  const side = Math.max(SMALLEST, Math.min(LARGEST, (height - 2 * EDGE) / most - Math.min(10, 60 / most), (0.55 * width) / sizes.length));
  const places = sizes.map((count, layer) => {
    const x = EDGE + side / 2 + (layer / Math.max(1, sizes.length - 1)) * (width - 2 * EDGE - side);
    const gap = Math.min((height - 2 * EDGE - side) / Math.max(1, count - 1), 2.2 * side);
    const top = height / 2 - (gap * (count - 1)) / 2;
    return Array.from({ length: count }, (_, j) => [x, top + j * gap] as const);
  });
  return { width, height, side, places };
}

/** The path of a number as `changes` names it, "w2.3.1", counted from 0; null of a neuron, which is none. */
export function pathOf(model: Model, part: Part): string | null {
  if (part.kind === "neuron" || part.layer < 1) return null;
  if (!model.isNetwork) return `w.${part.kind === "bias" ? 0 : part.from + 1}`;
  return part.kind === "bias" ? `b${part.layer}.${part.to}` : `w${part.layer}.${part.from}.${part.to}`;
}

export function isHeld(held: ReadonlySet<string>, model: Model, part: Part): boolean {
  return held.has(pathOf(model, part) ?? "");
}

/** The number itself; of a perceptron's bias w0, which multiplies −1. */
export function valueOf(model: Model, part: Part): number {
  if (part.layer < 1) return NaN;
  const bias = model.biases[part.layer - 1]![part.to]!;
  if (part.kind !== "weight") return model.isNetwork ? bias : -bias;
  return model.weights[part.layer - 1]![part.from * model.sizes[part.layer]! + part.to]!;
}

export interface Looks {
  /** What the pointer or the keys are at. */
  readonly active: Part | null;
  /** Paths of the numbers that are held. */
  readonly held: ReadonlySet<string>;
  /** The layer that is at work in slow motion; null where all is. */
  readonly lit: number | null;
}

export function drawNetwork(pen: Pen, layout: Layout, model: Model, maps: Maps | null, looks: Looks, theme: Theme): void {
  drawLinks(pen, layout, model, looks, theme);
  model.sizes.forEach((count, layer) => {
    pen.save();
    pen.globalAlpha = looks.lit === null || looks.lit === layer ? 1 : 0.3;
    for (let j = 0; j < count; j++) drawNeuron(pen, layout, model, maps, { layer, to: j }, looks, theme);
    pen.restore();
  });
}

function drawLinks(pen: Pen, layout: Layout, model: Model, looks: Looks, theme: Theme): void {
  const { side, places } = layout;
  model.weights.forEach((weights, k) => {
    const neurons = model.sizes[k + 1]!;
    // The largest weight of a layer is as wide as the links leave room for.
    let most = 1;
    for (const weight of weights) most = Math.max(most, Math.abs(weight));
    const widest = Math.max(1.5, Math.min(7, side / 4, 200 / weights.length + 1.5));
    const dimmed = looks.lit !== null && looks.lit !== k + 1;
    for (let i = 0; i < model.sizes[k]!; i++) {
      for (let j = 0; j < neurons; j++) {
        const weight = weights[i * neurons + j]!;
        const part: Part = { kind: "weight", layer: k + 1, from: i, to: j };
        const isActive = isSamePart(looks.active, part);
        const share = Math.abs(weight) / most;
        pen.globalAlpha = dimmed ? 0.15 : isActive ? 1 : 0.25 + 0.65 * share;
        pen.strokeStyle = isActive ? theme.colors.ink : weight < 0 ? theme.colors.vermilion : theme.colors.blue;
        pen.lineWidth = Math.max(isActive ? 2 : 0.5, widest * share);
        pen.setLineDash(weight < 0 ? [7, 3] : []);
        const [[x0, y0], [x1, y1]] = [places[k]![i]!, places[k + 1]![j]!];
        pen.beginPath();
        pen.moveTo(x0 + side / 2, y0);
        pen.lineTo(x1 - side / 2, y1);
        pen.stroke();
        if (isHeld(looks.held, model, part)) drawPin(pen, [(x0 + x1) / 2, (y0 + y1) / 2], theme);
      }
    }
  });
  pen.setLineDash([]);
  pen.globalAlpha = 1;
}

/** A pin through what is held. */
function drawPin(pen: Pen, [x, y]: readonly [number, number], theme: Theme): void {
  pen.setLineDash([]);
  pen.fillStyle = theme.colors.ink;
  pen.fillRect(x - 4, y - 4, 8, 8);
  pen.fillStyle = theme.colors.paper;
  pen.fillRect(x - 1.5, y - 1.5, 3, 3);
}

function drawNeuron(pen: Pen, layout: Layout, model: Model, maps: Maps | null, at: { layer: number; to: number }, looks: Looks, theme: Theme): void {
  const { side, places } = layout;
  const [x, y] = places[at.layer]![at.to]!;
  const map = maps?.layers[at.layer]?.[at.to];
  const box = [x - side / 2, y - side / 2, side, side] as const;
  if (map && maps && side >= 10) drawPixels(pen, paintMap(map, maps.side, rangeOfLayer(model, at.layer, map), theme), box, true);
  else {
    pen.fillStyle = theme.colors.grid;
    pen.fillRect(...box);
  }
  const isActive = looks.active?.kind !== "weight" && looks.active?.layer === at.layer && looks.active.to === at.to;
  pen.strokeStyle = theme.colors.ink;
  pen.lineWidth = isActive ? 2.5 : 1;
  pen.beginPath();
  pen.rect(...box);
  pen.stroke();
  if (at.layer > 0) drawBias(pen, [x - side / 2, y + side / 2], side, model, { kind: "bias", ...at }, looks, theme);
}

/** The bias as a ring at the lower left corner: its width is its size, its colour and dash its sign. */
function drawBias(pen: Pen, [x, y]: readonly [number, number], side: number, model: Model, part: Part, looks: Looks, theme: Theme): void {
  const bias = valueOf(model, part);
  const radius = Math.max(2, Math.min(6, side / 6));
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
  pen.fillStyle = theme.colors.paper;
  pen.fill();
  pen.strokeStyle = bias < 0 ? theme.colors.vermilion : theme.colors.blue;
  pen.lineWidth = Math.min(radius, 0.75 + Math.abs(bias));
  if (bias < 0) pen.setLineDash([2.5, 1.5]);
  pen.stroke();
  pen.setLineDash([]);
  if (isHeld(looks.held, model, part)) drawPin(pen, [x, y], theme);
}

const shades = new Map<string, Pixels>();

/** A neuron's map in the plane's colours, but stronger: it is small. */
function paintMap(map: Float32Array, side: number, [least, most]: readonly [number, number], theme: Theme): Pixels {
  const key = String(side);
  let pixels = shades.get(key);
  if (!pixels) shades.set(key, (pixels = { width: side, height: side, data: new Uint8ClampedArray(4 * side * side) }));
  const words = new Uint32Array(pixels.data.buffer);
  const table = tableOf(theme);
  const scale = 254 / (most - least || 1);
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      const level = Math.max(0, Math.min(254, (map[row * side + column]! - least) * scale));
      words[(side - 1 - row) * side + column] = table[Math.round(level)]!;
    }
  }
  return pixels;
}

let lastTable: { readonly theme: Theme; readonly table: Uint32Array } | undefined;

function tableOf(theme: Theme): Uint32Array {
  if (lastTable?.theme === theme) return lastTable.table;
  const table = Uint32Array.from({ length: 255 }, (_, level) => {
    const share = level / 127 - 1;
    const [r, g, b] = mixColors(share < 0 ? theme.rgb.vermilion : theme.rgb.blue, 0.75 * Math.abs(share), theme.rgb.paper).map(Math.round);
    return ((255 << 24) | (b! << 16) | (g! << 8) | r!) >>> 0;
  });
  lastTable = { theme, table };
  return table;
}

export function isSamePart(a: Part | null, b: Part | null): boolean {
  if (!a || !b || a.kind !== b.kind || a.layer !== b.layer || a.to !== b.to) return false;
  return a.kind !== "weight" || b.kind !== "weight" || a.from === b.from;
}

/** What lies at a place of the picture: a bias, a neuron, or the nearest link; null if nothing is near. */
export function findPart({ side, places }: Layout, x: number, y: number, reach = 6): Part | null {
  for (const [layer, column] of places.entries()) {
    for (const [to, [px, py]] of column.entries()) {
      if (layer > 0 && Math.hypot(x - (px - side / 2), y - (py + side / 2)) <= Math.max(reach, 7)) return { kind: "bias", layer, to };
      if (Math.abs(x - px) <= side / 2 && Math.abs(y - py) <= side / 2) return { kind: "neuron", layer, to };
    }
  }
  let best: Part | null = null;
  let least = reach;
  for (let layer = 1; layer < places.length; layer++) {
    places[layer - 1]!.forEach(([x0, y0], from) =>
      places[layer]!.forEach(([x1, y1], to) => {
        const distance = distanceTo(x, y, x0 + side / 2, y0, x1 - side / 2, y1);
        if (distance < least) [best, least] = [{ kind: "weight", layer, from, to }, distance];
      }),
    );
  }
  return best;
}

function distanceTo(x: number, y: number, x0: number, y0: number, x1: number, y1: number): number {
  const [dx, dy] = [x1 - x0, y1 - y0];
  const share = Math.max(0, Math.min(1, ((x - x0) * dx + (y - y0) * dy) / (dx * dx + dy * dy || 1)));
  return Math.hypot(x - x0 - share * dx, y - y0 - share * dy);
}

/** Where the words about a part stand. */
export function placeOfPart({ side, places }: Layout, part: Part): readonly [number, number] {
  const [x, y] = places[part.layer]![part.to]!;
  if (part.kind === "bias") return [x - side / 2, y + side / 2];
  if (part.kind === "neuron") return [x, y + side / 2];
  const [x0, y0] = places[part.layer - 1]![part.from]!;
  return [(x0 + x) / 2, (y0 + y) / 2];
}
