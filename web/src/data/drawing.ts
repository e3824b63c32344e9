/** Drawings as points: what `epoque.gan2d.data.user_points` makes of strokes, in the client. */

import { t } from "../i18n";
import { DataError } from "./problem";

/** Places of a stroke, x to the right and y up, the square from 0 to 1. */
export type Stroke = readonly (readonly [number, number])[];

/** Standard deviation around a stroke, as GAN Lab's. */
export const BRUSH = 0.02;
const STROKE_STEP = 0.0025;
const DOT_POINTS = 10;
const MAX_STROKE_POINTS = 20_000;

/** A drawing as the setting `drawing` takes it; places to a thousandth. */
export function writeDrawing(strokes: readonly Stroke[]): string {
  const round = (value: number) => Math.round(value * 1000) / 1000;
  return JSON.stringify({ strokes: strokes.map((stroke) => stroke.map(([x, y]) => [round(x), round(y)])) });
}

/** Reads a drawing; throws a `DataError` where the text is none. */
export function readDrawing(text: string): Stroke[] {
  let drawing: unknown;
  try {
    drawing = JSON.parse(text);
  } catch {
    throw new DataError(t("The drawing is not JSON."));
  }
  const strokes = (drawing as { strokes?: unknown } | null)?.strokes;
  if (!Array.isArray(strokes)) throw new DataError(t("The drawing has no list of strokes."));
  return strokes.map(readStroke).filter((stroke) => stroke.length > 0);
}

function readStroke(stroke: unknown, number: number): Stroke {
  const isPlace = (place: unknown) =>
    Array.isArray(place) && place.length === 2 && place.every((c) => typeof c === "number" && Math.abs(c) < 1e300);
  if (Array.isArray(stroke) && stroke.every(isPlace)) return stroke as unknown as Stroke;
  throw new DataError(t("The drawing's stroke {number} is no list of places.", { number: number + 1 }));
}

/** Returns points [n, 2] evenly along the strokes, however fast the hand moved. */
export function sampleStrokes(strokes: readonly Stroke[]): Float32Array<ArrayBuffer> {
  if (!strokes.length) throw new DataError(t("The drawing is empty; draw something first."));
  const total = strokes.reduce((sum, stroke) => sum + waysOf(stroke).at(-1)!, 0);
  const step = Math.max(STROKE_STEP, total / MAX_STROKE_POINTS);
  return Float32Array.from(strokes.flatMap((stroke) => resample(stroke, step)));
}

/** The way along a stroke up to each of its places. */
function waysOf(stroke: Stroke): number[] {
  let way = 0;
  return stroke.map(([x, y], i) => {
    const before = stroke[i - 1];
    if (before) way += Math.hypot(x - before[0], y - before[1]);
    return way;
  });
}

function resample(stroke: Stroke, step: number): number[] {
  const ways = waysOf(stroke);
  const length = ways.at(-1)!;
  const count = Math.max(DOT_POINTS, roundHalfEven(length / step) + 1);
  const points: number[] = [];
  let part = 0;
  for (let i = 0; i < count; i++) {
    const way = (length * i) / (count - 1);
    while (part + 2 < ways.length && ways[part + 1]! < way) part++;
    const [from, to] = [stroke[part]!, stroke[Math.min(part + 1, stroke.length - 1)]!];
    const span = (ways[part + 1] ?? 0) - ways[part]!;
    const share = span > 0 ? Math.min(1, (way - ways[part]!) / span) : 0;
    points.push(from[0] + share * (to[0] - from[0]), from[1] + share * (to[1] - from[1]));
  }
  return points;
}

/** Rounds as Python does. */
function roundHalfEven(value: number): number {
  const low = Math.floor(value);
  if (value - low !== 0.5) return Math.round(value);
  return low % 2 ? low + 1 : low;
}
