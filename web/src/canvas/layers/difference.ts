/** Where one kind of points lies denser than another: + where there are too many, − where too few. */

import type { Layer } from "../layer";
import type { Pen } from "../pen";
import { toPixel, UNIT, viewScale, type Domain } from "../view";

export const DIFFERENCE_SIDE = 24;
/** Standard deviation of the kernel, in cells. */
const WIDTH = 1.1;

export interface DifferenceOptions {
  readonly name: string;
  readonly opacity?: number;
  readonly domain?: Domain;
}

/** Draws how much denser generated points lie than real ones (each [n, 2]). */
export function differenceLayer(real: Float32Array, fake: Float32Array, options: DifferenceOptions): Layer {
  const { name, opacity = 1, domain = UNIT } = options;
  return {
    name,
    opacity,
    draw(pen, view, theme) {
      const side = DIFFERENCE_SIDE;
      const difference = densityDifference(real, fake, domain);
      const cell = domain.size / side;
      const size = cell * viewScale(view);
      for (const sign of [1, -1]) {
        pen.strokeStyle = theme.colors[sign > 0 ? "purple" : "green"];
        pen.lineCap = "round";
        pen.lineWidth = Math.max(1.25, size * 0.1);
        pen.beginPath();
        for (let i = 0; i < difference.length; i++) {
          const share = Math.min(1, (sign * difference[i]!) / 3);
          if (share < 0.08) continue;
          const x = domain.left + ((i % side) + 0.5) * cell;
          const y = domain.bottom + (Math.floor(i / side) + 0.5) * cell;
          traceSign(pen, toPixel(view, x, y), (size / 2) * Math.sqrt(share) * 0.8, sign > 0);
        }
        pen.stroke();
      }
    },
  };
}

/** Returns generated minus real density in each cell [side²], 1 being the mean density of the square. */
export function densityDifference(real: Float32Array, fake: Float32Array, domain = UNIT): Float32Array {
  const difference = new Float32Array(DIFFERENCE_SIDE ** 2);
  addPoints(difference, fake, domain, 1);
  addPoints(difference, real, domain, -1);
  return difference;
}

function addPoints(density: Float32Array, points: Float32Array, domain: Domain, sign: number): void {
  const side = DIFFERENCE_SIDE;
  const reach = Math.ceil(3 * WIDTH);
  const weight = (sign * side * side) / (points.length / 2) / (2 * Math.PI * WIDTH * WIDTH);
  for (let i = 0; i + 1 < points.length; i += 2) {
    const x = ((points[i]! - domain.left) / domain.size) * side - 0.5;
    const y = ((points[i + 1]! - domain.bottom) / domain.size) * side - 0.5;
    if (!(Math.abs(x) < 2 * side && Math.abs(y) < 2 * side)) continue;
    const [c0, r0] = [Math.round(x), Math.round(y)];
    for (let row = Math.max(0, r0 - reach); row <= Math.min(side - 1, r0 + reach); row++) {
      for (let column = Math.max(0, c0 - reach); column <= Math.min(side - 1, c0 + reach); column++) {
        const squared = (row - y) ** 2 + (column - x) ** 2;
        density[row * side + column]! += weight * Math.exp(-squared / (2 * WIDTH * WIDTH));
      }
    }
  }
}

function traceSign(pen: Pen, [x, y]: readonly [number, number], half: number, plus: boolean): void {
  pen.moveTo(x - half, y);
  pen.lineTo(x + half, y);
  if (!plus) return;
  pen.moveTo(x, y - half);
  pen.lineTo(x, y + half);
}
