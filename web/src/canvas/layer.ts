import type { Pen } from "./pen";
import type { Theme } from "./theme";
import type { View } from "./view";

/** One thing drawn on a plane, over those before it. */
export interface Layer {
  readonly name: string;
  /** 0 to 1; 1 where it is not given. */
  readonly opacity?: number;
  /** Where given: as long as it is the same value, what was drawn before is shown again. */
  readonly still?: unknown;
  draw(pen: Pen, view: View, theme: Theme): void;
}

/** Draws layers one over the other, the first at the back. */
export function drawLayers(pen: Pen, layers: readonly Layer[], view: View, theme: Theme): void {
  for (const layer of layers) drawLayer(pen, layer, view, theme);
}

export function drawLayer(pen: Pen, layer: Layer, view: View, theme: Theme): void {
  pen.save();
  pen.globalAlpha = layer.opacity ?? 1;
  layer.draw(pen, view, theme);
  pen.restore();
}

/** The radius of a point in CSS pixels: it grows with the picture, and a little as one looks closer. */
export function pointRadius(view: View): number {
  const base = Math.min(5, Math.max(1.6, view.side / 250));
  return base * Math.min(2.5, Math.max(1, view.zoom ** 0.4));
}
