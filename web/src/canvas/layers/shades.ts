/** A number over the plane as shades of two colours: smooth, or a colour for each cell. */

import type { Layer } from "../layer";
import { drawPixels, type Pen, type Pixels } from "../pen";
import { mixColors, type Theme, type Token } from "../theme";
import { type Domain, toPixel, UNIT, type View } from "../view";
import { contoursLayer } from "./contours";

/** Values over a domain, [side, side] row by row from the lowest y, at the cells' middles. */
export interface Grid {
  readonly values: Float32Array;
  readonly side: number;
  readonly domain?: Domain;
}

export interface ShadesOptions {
  readonly name: string;
  /** What is drawn in `low` at `least`, in `high` at `most`, and is paper halfway. */
  readonly least: number;
  readonly most: number;
  readonly low: Token;
  readonly high: Token;
  readonly cells?: boolean;
  readonly opacity?: number;
}

/** The largest share of colour in the paper. */
export const STRONGEST = 0.34;
/** Colour grows fastest around the middle: a good generator leaves the answer near there. */
const POWER = 0.75;
const LEVELS = 256;
const FINE = 4;

export function shadesLayer(grid: Grid, options: ShadesOptions): Layer {
  const { name, cells = false, opacity = 1 } = options;
  return {
    name,
    opacity,
    draw(pen, view, theme) {
      const pixels = cells ? paint(grid, options, theme, 1) : paint(grid, options, theme, FINE);
      const { left, bottom, size } = grid.domain ?? UNIT;
      const [x0, y0] = toPixel(view, left, bottom + size);
      const [x1, y1] = toPixel(view, left + size, bottom);
      drawPixels(pen, pixels, [x0, y0, x1 - x0, y1 - y0], !cells);
      if (!theme.forced) return;
      const middle = (options.least + options.most) / 2;
      if (cells) outlineHalf(pen, view, grid, middle, theme);
      else contoursLayer(grid, { name, levels: [middle], middle }).draw(pen, view, theme);
    },
  };
}

/** Reads a grid between its cells' middles, bilinearly; beyond the outer ones as at them. */
export function readGrid({ values, side, domain = UNIT }: Grid, x: number, y: number): number {
  const column = ((x - domain.left) / domain.size) * side - 0.5;
  const row = ((y - domain.bottom) / domain.size) * side - 0.5;
  const c0 = Math.min(side - 1, Math.max(0, Math.floor(column)));
  const r0 = Math.min(side - 1, Math.max(0, Math.floor(row)));
  const c1 = Math.min(side - 1, c0 + 1);
  const r1 = Math.min(side - 1, r0 + 1);
  const u = Math.min(1, Math.max(0, column - c0));
  const v = Math.min(1, Math.max(0, row - r0));
  const below = values[r0 * side + c0]! * (1 - u) + values[r0 * side + c1]! * u;
  const above = values[r1 * side + c0]! * (1 - u) + values[r1 * side + c1]! * u;
  return below * (1 - v) + above * v;
}

/** Where colours are the system's, the line between the two sides tells them apart. */
function outlineHalf(pen: Pen, view: View, grid: Grid, half: number, theme: Theme): void {
  const { values, side, domain = UNIT } = grid;
  const cell = domain.size / side;
  pen.strokeStyle = theme.colors.ink;
  pen.lineWidth = 1;
  pen.beginPath();
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      const high = values[row * side + column]! > half;
      const x = domain.left + column * cell;
      const y = domain.bottom + row * cell;
      if (column + 1 < side && high !== values[row * side + column + 1]! > half) {
        pen.moveTo(...toPixel(view, x + cell, y));
        pen.lineTo(...toPixel(view, x + cell, y + cell));
      }
      if (row + 1 < side && high !== values[(row + 1) * side + column]! > half) {
        pen.moveTo(...toPixel(view, x, y + cell));
        pen.lineTo(...toPixel(view, x + cell, y + cell));
      }
    }
  }
  pen.stroke();
}

const buffers = new Map<number, Pixels>();

function paint(grid: Grid, options: ShadesOptions, theme: Theme, fine: number): Pixels {
  const width = grid.side * fine;
  let pixels = buffers.get(width);
  if (!pixels) {
    pixels = { width, height: width, data: new Uint8ClampedArray(width * width * 4) };
    buffers.set(width, pixels);
  }
  const words = new Uint32Array(pixels.data.buffer);
  const table = colorTable(options, theme);
  const scale = (LEVELS - 1) / (options.most - options.least || 1);
  const shade = (value: number) => {
    const level = (value - options.least) * scale;
    return table[level > 0 ? (level < LEVELS - 1 ? Math.round(level) : LEVELS - 1) : 0]!;
  };
  if (fine === 1) paintCells(grid, words, shade);
  else paintSmooth(grid, words, width, fine, shade);
  return pixels;
}

function paintCells({ values, side }: Grid, words: Uint32Array, shade: (value: number) => number): void {
  for (let row = 0; row < side; row++) {
    const from = (side - 1 - row) * side;
    for (let column = 0; column < side; column++) words[from + column] = shade(values[row * side + column]!);
  }
}

/** Interpolates along each row once, then between the rows. */
function paintSmooth(
  { values, side }: Grid,
  words: Uint32Array,
  width: number,
  fine: number,
  shade: (value: number) => number,
): void {
  const rows = new Float32Array(side * width);
  for (let column = 0; column < width; column++) {
    const [c0, c1, u] = between(column, fine, side);
    for (let row = 0; row < side; row++) {
      const at = row * side;
      rows[row * width + column] = values[at + c0]! * (1 - u) + values[at + c1]! * u;
    }
  }
  for (let row = 0; row < width; row++) {
    const [r0, r1, v] = between(row, fine, side);
    const out = (width - 1 - row) * width;
    const [a, b] = [r0 * width, r1 * width];
    for (let column = 0; column < width; column++) {
      words[out + column] = shade(rows[a + column]! * (1 - v) + rows[b + column]! * v);
    }
  }
}

function between(place: number, fine: number, side: number): readonly [number, number, number] {
  const at = (place + 0.5) / fine - 0.5;
  const low = Math.min(side - 1, Math.max(0, Math.floor(at)));
  return [low, Math.min(side - 1, low + 1), Math.min(1, Math.max(0, at - low))];
}

let lastTable: { readonly theme: Theme; readonly key: string; readonly table: Uint32Array } | undefined;

/** The colours of all shades, as words of the pixels' bytes (little-endian, as all browsers' machines). */
function colorTable({ low, high }: ShadesOptions, theme: Theme): Uint32Array {
  const key = `${low} ${high}`;
  if (lastTable?.theme === theme && lastTable.key === key) return lastTable.table;
  const table = new Uint32Array(LEVELS);
  const strongest = theme.forced ? 0 : STRONGEST;
  for (let level = 0; level < LEVELS; level++) {
    const side = (2 * level) / (LEVELS - 1) - 1;
    const color = theme.rgb[side < 0 ? low : high];
    const [r, g, b] = mixColors(color, strongest * Math.abs(side) ** POWER, theme.rgb.paper).map(Math.round);
    table[level] = ((255 << 24) | (b! << 16) | (g! << 8) | r!) >>> 0;
  }
  lastTable = { theme, key, table };
  return table;
}
