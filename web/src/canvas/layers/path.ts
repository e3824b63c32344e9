/** The way of one point through a training. */

import { type Layer, pointRadius } from "../layer";
import type { Token } from "../theme";
import { toPixel } from "../view";

export interface PathOptions {
  readonly name: string;
  readonly color: Token;
  readonly opacity?: number;
}

const AGES = 6;

/** Draws places [n, 2] as a line that grows stronger towards the last, which a ring marks. */
export function pathLayer(places: Float32Array, options: PathOptions): Layer {
  const { name, color, opacity = 1 } = options;
  return {
    name,
    opacity,
    draw(pen, view, theme) {
      const count = places.length / 2;
      pen.strokeStyle = theme.colors[color];
      pen.lineJoin = "round";
      pen.lineWidth = Math.max(1.25, pointRadius(view) * 0.5);
      for (let age = 0; age < AGES; age++) {
        const from = Math.floor((count * age) / AGES);
        const to = Math.min(count - 1, Math.floor((count * (age + 1)) / AGES));
        pen.globalAlpha = opacity * (0.25 + (0.75 * (age + 1)) / AGES);
        pen.beginPath();
        for (let i = from; i <= to; i++) {
          const place = toPixel(view, places[2 * i]!, places[2 * i + 1]!);
          if (i === from) pen.moveTo(...place);
          else pen.lineTo(...place);
        }
        pen.stroke();
      }
      if (!count) return;
      const [x, y] = toPixel(view, places[2 * count - 2]!, places[2 * count - 1]!);
      pen.globalAlpha = opacity;
      pen.lineWidth = 2;
      pen.beginPath();
      pen.arc(x, y, pointRadius(view) * 2.2, 0, 2 * Math.PI);
      pen.stroke();
    },
  };
}
