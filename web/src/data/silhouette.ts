/** The silhouette of a picture as points: `epoque.gan2d.data.silhouette`, in the client. */

import { t } from "../i18n";
import { DataError } from "./problem";

/** Pixels that a picture's longer side is reduced to. */
export const LONGER_SIDE = 128;
/** Tones closer than that, of 0 to 1, are one tone. */
const EDGE = 0.05;

/**
 * Returns the pixels of a silhouette as points [n, 2], x to the right and y up, a pixel being 1 wide.
 * Where the picture has transparency, its opaque part is the silhouette; else its tones are parted in
 * two by Otsu's threshold (Otsu 1979), and it is the tone that the border has less of.
 *
 * @param pixels red, green, blue, opacity, 0 to 255, row by row from the top.
 */
export function traceSilhouette(pixels: ArrayLike<number>, width: number, height: number): number[] {
  const count = width * height;
  const opaque = Uint8Array.from({ length: count }, (_, i) => (pixels[4 * i + 3]! >= 127.5 ? 1 : 0));
  if (!opaque.some(Boolean)) throw new DataError(t("The picture has no silhouette: it is transparent all over."));
  const mask = opaque.every(Boolean) ? traceFigure(readTones(pixels, count), width, height) : opaque;
  const points: number[] = [];
  for (let i = 0; i < count; i++) {
    if (mask[i]) points.push((i % width) + 0.5, height - Math.floor(i / width) - 0.5);
  }
  return points;
}

function readTones(pixels: ArrayLike<number>, count: number): Float64Array {
  return Float64Array.from(
    { length: count },
    (_, i) => (0.299 * pixels[4 * i]! + 0.587 * pixels[4 * i + 1]! + 0.114 * pixels[4 * i + 2]!) / 255,
  );
}

/** Which pixels are of the tone that is not the background's. */
function traceFigure(tones: Float64Array, width: number, height: number): Uint8Array {
  const [least, most] = [tones.reduce((a, b) => Math.min(a, b)), tones.reduce((a, b) => Math.max(a, b))];
  if (most - least < EDGE) throw new DataError(t("The picture has no silhouette: all of it has the same tone."));
  const threshold = findThreshold(tones);
  const dark = Uint8Array.from(tones, (tone) => (tone <= threshold ? 1 : 0));
  let [border, darkBorder] = [0, 0];
  for (let i = 0; i < dark.length; i++) {
    const [x, y] = [i % width, Math.floor(i / width)];
    if (x > 0 && y > 0 && x < width - 1 && y < height - 1) continue;
    border += 1;
    darkBorder += dark[i]!;
  }
  return darkBorder / border > 0.5 ? dark.map((value) => 1 - value) : dark;
}

/** The tone that parts the pixels with the greatest variance between the two sides. */
function findThreshold(tones: Float64Array): number {
  const values = tones.slice().sort();
  const total = values.reduce((sum, value) => sum + value, 0);
  let [best, greatest, sum] = [values[0]!, -1, 0];
  for (let i = 0; i + 1 < values.length; i++) {
    sum += values[i]!;
    if (values[i] === values[i + 1]) continue;
    const below = (i + 1) / values.length;
    const apart = sum / (i + 1) - (total - sum) / (values.length - i - 1);
    const variance = below * (1 - below) * apart * apart;
    if (variance > greatest) [best, greatest] = [values[i]!, variance];
  }
  return best;
}
