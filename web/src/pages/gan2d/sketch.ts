/** A drawing while it is made: strokes, with what came before to be undone. */

import type { Stroke } from "../../data";

export interface Sketch {
  readonly strokes: readonly Stroke[];
  /** The sketches before, the last one first to be undone. */
  readonly before: readonly (readonly Stroke[])[];
}

export const EMPTY: Sketch = { strokes: [], before: [] };
const MOST_UNDO = 50;
/** Places nearer than that to the one before are left out. */
const NEAR = 0.003;

/** Begins a stroke at a place, or goes on with the last one; both clip to the square. */
export function addPlace(sketch: Sketch, place: readonly [number, number], isNew: boolean): Sketch {
  const clipped = [clip(place[0]), clip(place[1])] as const;
  if (isNew || !sketch.strokes.length) return { strokes: [...sketch.strokes, [clipped]], before: remember(sketch) };
  const last = sketch.strokes.at(-1)!;
  const [x, y] = last.at(-1)!;
  if (Math.hypot(clipped[0] - x, clipped[1] - y) < NEAR) return sketch;
  return { ...sketch, strokes: [...sketch.strokes.slice(0, -1), [...last, clipped]] };
}

/** Removes what lies within a radius: a stroke that is cut becomes two. */
export function eraseAt(sketch: Sketch, [x, y]: readonly [number, number], radius: number): Sketch {
  const isNear = ([px, py]: readonly [number, number]) => Math.hypot(px - x, py - y) <= radius;
  if (!sketch.strokes.some((stroke) => stroke.some(isNear))) return sketch;
  const strokes = sketch.strokes.flatMap((stroke) => cut(stroke, isNear));
  return { strokes, before: remember(sketch) };
}

export function undo(sketch: Sketch): Sketch {
  const strokes = sketch.before.at(-1);
  return strokes ? { strokes, before: sketch.before.slice(0, -1) } : sketch;
}

export function clear(sketch: Sketch): Sketch {
  return sketch.strokes.length ? { strokes: [], before: remember(sketch) } : sketch;
}

function remember({ strokes, before }: Sketch): Sketch["before"] {
  return [...before, strokes].slice(-MOST_UNDO);
}

function cut(stroke: Stroke, isAway: (place: Stroke[number]) => boolean): Stroke[] {
  const parts: Stroke[number][][] = [[]];
  for (const place of stroke) {
    if (!isAway(place)) parts.at(-1)!.push(place);
    else if (parts.at(-1)!.length) parts.push([]);
  }
  return parts.filter((part) => part.length > 0);
}

function clip(value: number): number {
  return Math.min(1, Math.max(0, value));
}
