/** Pictures that a reader drops: their size is read before anything is decoded. */

import { t } from "../i18n";
import { DataError } from "./problem";
import { LONGER_SIDE, traceSilhouette } from "./silhouette";
import { checkPoints, fitIntoSquare, scaleToSquare, type UserPoints } from "./user-points";

const MAX_BYTES = 64 * 2 ** 20;
const MAX_PIXELS = 2 ** 26;
/** Bytes in which every kind that is read tells its size, but for JPEGs with large previews. */
const HEAD = 2 ** 18;

/** Returns the points of a picture's silhouette, fitted into the square. */
export async function readPicture(file: Blob): Promise<UserPoints> {
  if (file.size > MAX_BYTES) throw new DataError(t("The picture has over {most} MB.", { most: MAX_BYTES / 2 ** 20 }));
  const size = readSize(new Uint8Array(await file.slice(0, HEAD).arrayBuffer()));
  if (!size) throw new DataError(t("This is no picture that is read here: PNG, JPEG, GIF, WebP or BMP."));
  if (size.width * size.height > MAX_PIXELS) {
    const pixels = Math.round((size.width * size.height) / 1e6);
    throw new DataError(t("The picture has {pixels} million pixels; at most {most} are read.", { pixels, most: 67 }));
  }
  const { pixels, width, height } = await reduce(file, size);
  const points = traceSilhouette(pixels, width, height);
  return checkPoints({ points: fitIntoSquare(points), jitter: 0.5 * scaleToSquare(points) });
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Reads the size that a picture's first bytes tell; null where they are no picture's. */
export function readSize(head: Uint8Array<ArrayBuffer>): Size | null {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const text = (from: number, length: number) => String.fromCharCode(...head.subarray(from, from + length));
  try {
    if (text(1, 3) === "PNG") return { width: view.getUint32(16), height: view.getUint32(20) };
    if (text(0, 3) === "GIF") return { width: view.getUint16(6, true), height: view.getUint16(8, true) };
    if (text(0, 2) === "BM") return { width: view.getInt32(18, true), height: Math.abs(view.getInt32(22, true)) };
    if (text(0, 4) === "RIFF" && text(8, 4) === "WEBP") return readWebp(view, text(12, 4));
    if (head[0] === 0xff && head[1] === 0xd8) return readJpeg(view);
  } catch {
    // The file ends before it tells its size.
  }
  return null;
}

function readWebp(view: DataView, kind: string): Size | null {
  const three = (at: number) => view.getUint8(at) | (view.getUint8(at + 1) << 8) | (view.getUint8(at + 2) << 16);
  if (kind === "VP8X") return { width: three(24) + 1, height: three(27) + 1 };
  if (kind === "VP8 ") return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
  if (kind !== "VP8L") return null;
  const bits = view.getUint32(21, true);
  return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
}

function readJpeg(view: DataView): Size | null {
  let at = 2;
  while (at + 9 < view.byteLength) {
    if (view.getUint8(at) !== 0xff) return null;
    const marker = view.getUint8(at + 1);
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) return { width: view.getUint16(at + 7), height: view.getUint16(at + 5) };
    at += 2 + view.getUint16(at + 2);
  }
  return null;
}

async function reduce(file: Blob, size: Size): Promise<{ pixels: Uint8ClampedArray } & Size> {
  const scale = Math.min(1, LONGER_SIDE / Math.max(size.width, size.height));
  const resizeWidth = Math.max(1, Math.round(size.width * scale));
  const resizeHeight = Math.max(1, Math.round(size.height * scale));
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(file, { resizeWidth, resizeHeight, resizeQuality: "high" });
  } catch {
    throw new DataError(t("The picture is damaged: it cannot be decoded."));
  }
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const { data, width, height } = context.getImageData(0, 0, canvas.width, canvas.height);
  return { pixels: data, width, height };
}
