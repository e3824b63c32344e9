/** Points of two kinds, told apart by colour and by shape: discs, and rings with paper inside. */

import { type Layer, pointRadius } from "../layer";
import type { Pen } from "../pen";
import type { Theme, Token } from "../theme";
import { toPixel, type View, viewScale } from "../view";

export type Shape = "disc" | "ring";

export interface PointsOptions {
  readonly name: string;
  readonly shape: Shape;
  readonly color: Token;
  readonly opacity?: number;
  /** The points are the same in every frame: they are drawn once. */
  readonly still?: boolean;
}

/** Draws points [n, 2], row by row. */
export function pointsLayer(points: Float32Array, options: PointsOptions): Layer {
  const { name, shape, color, opacity = 1, still } = options;
  const draw = (pen: Pen, view: View, theme: Theme) => {
    if (shape === "disc") drawDiscs(pen, points, view, theme.colors[color]);
    else drawRings(pen, points, view, theme.colors[color], theme.colors.paper);
  };
  return still ? { name, opacity, still: points, draw } : { name, opacity, draw };
}

export function drawDiscs(pen: Pen, points: Float32Array, view: View, color: string): void {
  const radius = pointRadius(view);
  tracePoints(pen, points, view, radius);
  pen.fillStyle = color;
  pen.fill();
}

export function drawRings(
  pen: Pen,
  points: Float32Array,
  view: View,
  color: string,
  inside: string,
): void {
  const radius = pointRadius(view);
  tracePoints(pen, points, view, radius);
  pen.fillStyle = inside;
  pen.fill();
  pen.strokeStyle = color;
  pen.lineWidth = Math.max(1, radius * 0.5);
  pen.stroke();
}

/** Begins a path of a circle around each point that the view shows. */
function tracePoints(pen: Pen, points: Float32Array, view: View, radius: number): void {
  const scale = viewScale(view);
  const [left, top] = toPixel(view, 0, 0);
  const [cornerX, cornerY] = view.corner ?? [0, 0];
  const [leastX, leastY] = [cornerX - radius, cornerY - radius];
  const [mostX, mostY] = [cornerX + view.side + radius, cornerY + view.side + radius];
  const turn = 2 * Math.PI;
  pen.beginPath();
  for (let i = 0; i + 1 < points.length; i += 2) {
    const x = left + points[i]! * scale;
    const y = top - points[i + 1]! * scale;
    if (!(x > leastX && x < mostX && y > leastY && y < mostY)) continue;
    pen.moveTo(x + radius, y);
    pen.arc(x, y, radius, 0, turn);
  }
}
