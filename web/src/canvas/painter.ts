/** Draws layers on a canvas, sharp on any screen; what stands still is kept and shown again. */

import { drawLayer, type Layer } from "./layer";
import { readTheme, type Theme } from "./theme";
import type { View } from "./view";

interface Kept {
  readonly still: unknown;
  readonly view: View;
  readonly theme: Theme;
  readonly opacity: number;
  readonly canvas: HTMLCanvasElement;
}

export class Painter {
  private readonly kept = new Map<string, Kept>();

  constructor(private readonly canvas: HTMLCanvasElement) {}

  /** Makes the canvas as large as its place on the screen, in the screen's own pixels. */
  resize(side: number, ratio: number): void {
    const pixels = Math.max(1, Math.round(side * ratio));
    if (this.canvas.width === pixels && this.canvas.height === pixels) return;
    this.canvas.width = pixels;
    this.canvas.height = pixels;
    this.kept.clear();
  }

  draw(layers: readonly Layer[], view: View): void {
    const context = this.canvas.getContext("2d", { alpha: false });
    if (!context || !view.side) return;
    const theme = readTheme();
    const ratio = this.canvas.width / view.side;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.fillStyle = theme.colors.paper;
    context.fillRect(0, 0, view.side, view.side);
    for (const layer of layers) {
      if ((layer.opacity ?? 1) <= 0) continue;
      if (layer.still === undefined) drawLayer(context, layer, view, theme);
      else context.drawImage(this.keep(layer, view, theme, ratio), 0, 0, view.side, view.side);
    }
  }

  private keep(layer: Layer, view: View, theme: Theme, ratio: number): HTMLCanvasElement {
    const before = this.kept.get(layer.name);
    const opacity = layer.opacity ?? 1;
    if (
      before &&
      before.still === layer.still &&
      before.view === view &&
      before.theme === theme &&
      before.opacity === opacity
    ) {
      return before.canvas;
    }
    const canvas = before?.canvas ?? document.createElement("canvas");
    canvas.width = this.canvas.width;
    canvas.height = this.canvas.height;
    const context = canvas.getContext("2d")!;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    drawLayer(context, layer, view, theme);
    this.kept.set(layer.name, { still: layer.still, view, theme, opacity, canvas });
    return canvas;
  }
}
