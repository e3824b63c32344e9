/** What a picture is drawn with: a canvas, or an SVG by the same calls. */

import type { SvgPen } from "./svg";

/** The part of a canvas's 2-D context that our pictures use. */
export type Pen = Pick<
  CanvasRenderingContext2D,
  | "fillStyle"
  | "strokeStyle"
  | "lineWidth"
  | "lineCap"
  | "lineJoin"
  | "globalAlpha"
  | "font"
  | "textAlign"
  | "textBaseline"
  | "save"
  | "restore"
  | "beginPath"
  | "moveTo"
  | "lineTo"
  | "closePath"
  | "arc"
  | "rect"
  | "clip"
  | "fill"
  | "stroke"
  | "fillRect"
  | "setLineDash"
  | "lineDashOffset"
  | "fillText"
>;

/** Pixels row by row from the top, red, green, blue, opacity. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray<ArrayBuffer>;
}

/** Draws pixels into a rectangle, `smooth` or each as a cell of its own. */
export function drawPixels(
  pen: Pen,
  pixels: Pixels,
  [x, y, width, height]: readonly [number, number, number, number],
  smooth: boolean,
): void {
  if ("writePixels" in pen) {
    (pen as SvgPen).writePixels(pixels, x, y, width, height, smooth);
    return;
  }
  const context = pen as CanvasRenderingContext2D;
  context.save();
  context.imageSmoothingEnabled = smooth;
  context.drawImage(toBitmap(pixels), x, y, width, height);
  context.restore();
}

let scratch: HTMLCanvasElement | undefined;

/** Returns a canvas that holds the pixels until the next call. */
export function toBitmap(pixels: Pixels): HTMLCanvasElement {
  scratch ??= document.createElement("canvas");
  if (scratch.width !== pixels.width || scratch.height !== pixels.height) {
    scratch.width = pixels.width;
    scratch.height = pixels.height;
  }
  const context = scratch.getContext("2d", { willReadFrequently: true })!;
  context.putImageData(new ImageData(pixels.data, pixels.width, pixels.height), 0, 0);
  return scratch;
}
