/** Pictures and curves as files. */

import type { Pen } from "./pen";
import { SvgPen } from "./svg";
import { readTheme, type Theme } from "./theme";

/** Something that can be drawn at any size, on a canvas or into an SVG. */
export interface Drawable {
  /** Of the file, without its ending. */
  readonly name: string;
  /** What a menu calls it. */
  readonly title: string;
  /** In CSS pixels. */
  readonly width: number;
  readonly height: number;
  draw(pen: Pen, theme: Theme): void;
}

export type PictureFormat = "png" | "svg";
export const SCALES = [1, 2, 4] as const;

/** Returns a file of a picture, `scale` pixels for each of its CSS pixels. */
export async function renderPicture(drawable: Drawable, format: PictureFormat, scale: number): Promise<Blob> {
  if (format === "svg") return new Blob([renderSvg(drawable, scale)], { type: "image/svg+xml" });
  return canvasToBlob(renderCanvas(drawable, scale));
}

export function renderSvg(drawable: Drawable, scale: number, theme = readTheme()): string {
  const pen = new SvgPen(drawable.width, drawable.height, scale);
  drawOnPaper(pen, drawable, theme);
  return pen.toString();
}

/** Draws a picture onto a canvas of its own, as for a frame of a film. */
export function renderCanvas(drawable: Drawable, scale: number, theme = readTheme()): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(drawable.width * scale);
  canvas.height = Math.round(drawable.height * scale);
  const context = canvas.getContext("2d")!;
  context.scale(canvas.width / drawable.width, canvas.height / drawable.height);
  drawOnPaper(context, drawable, theme);
  return canvas;
}

/** Offers a file to the reader. */
export function saveFile(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

function drawOnPaper(pen: Pen, drawable: Drawable, theme: Theme): void {
  pen.save();
  pen.fillStyle = theme.colors.paper;
  pen.fillRect(0, 0, drawable.width, drawable.height);
  drawable.draw(pen, theme);
  pen.restore();
}

function canvasToBlob(canvas: HTMLCanvasElement): Promise<Blob> {
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("The picture is too large."))));
  });
}
