/** An images view: all pictures of an array on one sheet, in as many rows as columns. */

import { drawPixels, type Pixels } from "../canvas/pen";
import type { Pen } from "../canvas";
import type { NdArray } from "../engines/session";

/** Between two pictures, in their pixels. */
const GAP = 1;

/** Pictures [n, h, w] or [n, h, w, c] as one of `columns` by `rows`, what lies between transparent. */
export function makeSheet({ shape, data }: NdArray, low: number, high: number): Pixels {
  const [count = 0, height = 0, width = 0, channels = 1] = shape;
  const columns = Math.max(1, Math.ceil(Math.sqrt(count)));
  const rows = Math.max(1, Math.ceil(count / columns));
  const sheetWidth = columns * (width + GAP) - GAP;
  const sheetHeight = rows * (height + GAP) - GAP;
  const pixels = new Uint8ClampedArray(sheetWidth * sheetHeight * 4);
  const scale = 255 / (high - low || 1);
  for (let image = 0; image < count; image++) {
    const left = (image % columns) * (width + GAP);
    const top = Math.floor(image / columns) * (height + GAP);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const from = ((image * height + y) * width + x) * channels;
        const to = ((top + y) * sheetWidth + left + x) * 4;
        for (let c = 0; c < 3; c++) pixels[to + c] = (data[from + (channels === 3 ? c : 0)]! - low) * scale;
        pixels[to + 3] = 255;
      }
    }
  }
  return { width: sheetWidth, height: sheetHeight, data: pixels };
}

/** Draws a sheet as large as it fits, each pixel a square. */
export function drawSheet(pen: Pen, sheet: Pixels, width: number, height: number): void {
  const scale = Math.min(width / sheet.width, height / sheet.height);
  drawPixels(pen, sheet, [0, 0, sheet.width * scale, sheet.height * scale], scale < 1);
}
