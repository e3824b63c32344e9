/**
 * A reader's own points, for engines that take them as numbers. In a config they are named: a drawing
 * is the text of its strokes; a table or a picture is a name under which its points are kept here.
 */

import { nameOfFile } from "../form/upload-names";
import { t } from "../i18n";
import { BRUSH, readDrawing, sampleStrokes } from "./drawing";
import { DataError } from "./problem";

/** Where real points are drawn from: `epoque.gan2d.data.user_points.UserPoints`. */
export interface UserPoints {
  /** [n, 2]. */
  readonly points: Float32Array<ArrayBuffer>;
  /** Standard deviation of the noise on each draw. */
  readonly jitter: number;
}

/** Points as they were read [n, 2]; those of a table may lie anywhere. */
export interface KeptPoints {
  readonly points: ArrayLike<number>;
  readonly jitter: number;
}

const kept = new Map<string, KeptPoints>();

/** Keeps points under a name, as a config's `csv` or `image` has it. */
export function keepPoints(name: string, points: KeptPoints): void {
  kept.set(name, points);
}

/** The points that are kept under a name. */
export function findKept(name: string): KeptPoints | null {
  return kept.get(name) ?? null;
}

export function isKept(name: string): boolean {
  return kept.has(name);
}

/** Returns the points that a gan2d config asks for, null where a formula makes them. */
export function findPoints(config: Readonly<Record<string, unknown>>): UserPoints | null {
  const data = String(config["data"]);
  if (data === "drawing") {
    const strokes = readDrawing(String(config["drawing"] ?? ""));
    return checkPoints({ points: sampleStrokes(strokes), jitter: BRUSH });
  }
  if (data !== "csv" && data !== "image") return null;
  const points = kept.get(String(config[data]));
  if (!points) throw missingPoints(config[data]);
  const isFitted = data === "csv" && config["fit"] === true;
  return checkPoints(isFitted ? fitUserPoints(points) : { ...points, points: Float32Array.from(points.points) });
}

/** What is said where a config names no points, or some of a link's that this page does not have. */
export function missingPoints(name: unknown): DataError {
  if (!name) return new DataError(t("No file is chosen yet: drop one on the page, or draw points there."));
  return new DataError(t("The points of “{name}” are not here: drop that file on the page, or choose other data.", { name: nameOfFile(String(name)) }));
}

/** Returns points in the middle of the square, the noise on each draw scaled as they are. */
export function fitUserPoints({ points, jitter }: KeptPoints): UserPoints {
  return { points: fitIntoSquare(points), jitter: jitter * scaleToSquare(points) };
}

/** Returns points that can be learned from; throws a `DataError` otherwise. */
export function checkPoints(user: UserPoints): UserPoints {
  const { points } = user;
  if (points.length < 4) throw new DataError(t("These are fewer than two points."));
  if (points.some((value) => !(Math.abs(value) <= FARTHEST))) {
    throw new DataError(t("A coordinate lies beyond ±{most}.", { most: FARTHEST }));
  }
  const isSame = points.every((value, i) => value === points[i % 2]);
  if (isSame) throw new DataError(t("All points lie at one place; it takes at least two different ones."));
  return user;
}

/** Beyond it squared distances lose all digits of a float32. */
export const FARTHEST = 1e6;
/** Of the square, on each side of what is fitted into it. */
const MARGIN = 0.1;

/** Moves and scales points [n, 2] into the middle of the square, their proportions kept. */
export function fitIntoSquare(points: ArrayLike<number>): Float32Array<ArrayBuffer> {
  const box = boxOf(points);
  const factor = scaleOf(box);
  const fitted = new Float32Array(points.length);
  for (let i = 0; i < points.length; i++) {
    const axis = i % 2;
    fitted[i] = 0.5 + factor * (points[i]! - (box.low[axis]! + box.high[axis]!) / 2);
  }
  return fitted;
}

/** The factor that makes the longer side of the points' box fill the square but its margins. */
export function scaleToSquare(points: ArrayLike<number>): number {
  return scaleOf(boxOf(points));
}

interface Box {
  readonly low: readonly number[];
  readonly high: readonly number[];
}

function boxOf(points: ArrayLike<number>): Box {
  const [low, high] = [[Infinity, Infinity], [-Infinity, -Infinity]];
  for (let i = 0; i < points.length; i++) {
    low[i % 2] = Math.min(low[i % 2]!, points[i]!);
    high[i % 2] = Math.max(high[i % 2]!, points[i]!);
  }
  return { low, high };
}

function scaleOf({ low, high }: Box): number {
  const side = Math.max(high[0]! - low[0]!, high[1]! - low[1]!);
  return side > 0 ? (1 - 2 * MARGIN) / side : 1;
}
