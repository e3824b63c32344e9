/** Lines of equal value over a grid: marching squares between the cells' middles. */

import type { Layer } from "../layer";
import type { Theme } from "../theme";
import { toPixel, UNIT } from "../view";
import type { Grid } from "./shades";

export interface ContoursOptions {
  readonly name: string;
  readonly levels: readonly number[];
  /** The level whose line is strong; those below it are dashed. */
  readonly middle: number;
  readonly opacity?: number;
  /** Writes a level; without it none is written. */
  readonly format?: (level: number) => string;
}

/** Pieces of a line: x0, y0, x1, y1 of each, in the grid's units. */
export type Segments = readonly number[];

export function contoursLayer(grid: Grid, options: ContoursOptions): Layer {
  const { name, levels, middle, opacity = 1, format } = options;
  return {
    name,
    opacity,
    draw(pen, view, theme) {
      for (const level of levels) {
        const segments = traceLevel(grid, level);
        pen.strokeStyle = level === middle ? theme.colors.ink : theme.colors.muted;
        pen.lineWidth = level === middle ? 1.5 : 1;
        pen.setLineDash(level < middle ? [4, 3] : []);
        pen.beginPath();
        for (let i = 0; i + 3 < segments.length; i += 4) {
          pen.moveTo(...toPixel(view, segments[i]!, segments[i + 1]!));
          pen.lineTo(...toPixel(view, segments[i + 2]!, segments[i + 3]!));
        }
        pen.stroke();
      }
      pen.setLineDash([]);
      if (!format) return;
      for (const level of levels) {
        const place = labelPlace(traceLevel(grid, level));
        if (place) writeLevel(pen, format(level), toPixel(view, ...place), theme);
      }
    },
  };
}

/** Returns the pieces of the line where a grid has a value. */
export function traceLevel(grid: Grid, level: number): Segments {
  const { values, side, domain = UNIT } = grid;
  const cell = domain.size / side;
  const segments: number[] = [];
  const corners = new Float64Array(4);
  for (let row = 0; row + 1 < side; row++) {
    for (let column = 0; column + 1 < side; column++) {
      const at = row * side + column;
      corners[0] = values[at]! - level;
      corners[1] = values[at + 1]! - level;
      corners[2] = values[at + side + 1]! - level;
      corners[3] = values[at + side]! - level;
      const x = domain.left + (column + 0.5) * cell;
      const y = domain.bottom + (row + 0.5) * cell;
      crossCell(corners, x, y, cell, segments);
    }
  }
  return segments;
}

const CORNERS = [0, 0, 1, 0, 1, 1, 0, 1];

function crossCell(corners: Float64Array, x: number, y: number, cell: number, segments: number[]): void {
  const crossings: number[] = [];
  for (let edge = 0; edge < 4; edge++) {
    const next = (edge + 1) % 4;
    const [a, b] = [corners[edge]!, corners[next]!];
    if (a > 0 === b > 0) continue;
    const share = a / (a - b);
    const [x0, y0] = [CORNERS[2 * edge]!, CORNERS[2 * edge + 1]!];
    const [x1, y1] = [CORNERS[2 * next]!, CORNERS[2 * next + 1]!];
    crossings.push(x + (x0 + share * (x1 - x0)) * cell, y + (y0 + share * (y1 - y0)) * cell);
  }
  if (crossings.length < 8) {
    segments.push(...crossings);
    return;
  }
  // A saddle: which corners belong together, the mean of the four decides.
  const joined = corners[0]! + corners[1]! + corners[2]! + corners[3]! > 0 === corners[0]! > 0;
  const [a, b, c, d] = [0, 2, 4, 6].map((i) => crossings.slice(i, i + 2)) as [number[], number[], number[], number[]];
  segments.push(...(joined ? [...a, ...b, ...c, ...d] : [...d, ...a, ...b, ...c]));
}

/** Where a line's name stands: at the piece that lies farthest to the right. */
function labelPlace(segments: Segments): [number, number] | undefined {
  let best: [number, number] | undefined;
  for (let i = 0; i + 3 < segments.length; i += 4) {
    if (!best || segments[i]! > best[0]) best = [segments[i]!, segments[i + 1]!];
  }
  return best;
}

function writeLevel(
  pen: Parameters<Layer["draw"]>[0],
  text: string,
  [x, y]: readonly [number, number],
  theme: Theme,
): void {
  pen.font = `11px ${theme.numbers}`;
  pen.textAlign = "right";
  pen.textBaseline = "middle";
  const width = text.length * 7 + 4;
  pen.fillStyle = theme.colors.paper;
  pen.fillRect(x - width, y - 7, width, 14);
  pen.fillStyle = theme.colors.ink;
  pen.fillText(text, x - 2, y);
}
