/** Which way something pulls at points: a line from each, thin at its end. */

import { type Layer, pointRadius } from "../layer";
import type { Token } from "../theme";
import { toPixel, viewScale } from "../view";

export interface ArrowsOptions {
  readonly name: string;
  readonly color: Token;
  /** The first so many points have an arrow. */
  readonly count: number;
  /** Of an arrow, in units of the plane for a vector of length 1. */
  readonly length: number;
  /** No arrow is longer, in units of the plane. */
  readonly longest: number;
  readonly opacity?: number;
}

/** Draws vectors [n, 2] at points [n, 2]. */
export function arrowsLayer(points: Float32Array, vectors: Float32Array, options: ArrowsOptions): Layer {
  const { name, color, count, length, longest, opacity = 1 } = options;
  return {
    name,
    opacity,
    draw(pen, view, theme) {
      const scale = viewScale(view);
      const half = Math.max(0.6, pointRadius(view) * 0.42);
      pen.fillStyle = theme.colors[color];
      pen.beginPath();
      const end = Math.min(count, points.length / 2, vectors.length / 2);
      for (let i = 0; i < end; i++) {
        const [vx, vy] = [vectors[2 * i]! * length, vectors[2 * i + 1]! * length];
        const size = Math.hypot(vx, vy);
        if (!(size * scale > 1.5)) continue;
        const part = Math.min(1, longest / size);
        const [x, y] = toPixel(view, points[2 * i]!, points[2 * i + 1]!);
        const [across, along] = [(vy / size) * half, (vx / size) * half];
        pen.moveTo(x + across, y + along);
        pen.lineTo(x + vx * part * scale, y - vy * part * scale);
        pen.lineTo(x - across, y - along);
        pen.closePath();
      }
      pen.fill();
    },
  };
}
