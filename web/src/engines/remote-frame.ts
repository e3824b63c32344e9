/** Frames of the websocket as pages see them. */

import { type Layout, type Message, unpackArrays } from "./frames";
import type { Frame, MetricColumns, NdArray, Phase } from "./session";

/** The array of a layout that holds the metrics; see src/epoque/studio/layouts.py. */
const METRICS = "@metrics";

export function toFrame(layout: Layout, message: Message): Frame {
  const { [METRICS]: rows, ...arrays } = unpackArrays(layout, message);
  return {
    step: message.step,
    milliseconds: message.milliseconds,
    arrays,
    metrics: toColumns((layout.metrics ?? []) as string[], rows, message.step),
  };
}

/** The phase that a layout's frames show; null where they show a snapshot. */
export function toPhase(layout: Layout, message: Message): Phase | null {
  const about = layout.phase as { number: number; count: number; name: string } | undefined;
  if (!about) return null;
  const { [METRICS]: _, ...arrays } = unpackArrays(layout, message);
  return { ...about, arrays };
}

function toColumns(
  names: readonly string[],
  rows: NdArray | undefined,
  step: number,
): MetricColumns {
  const width = 1 + names.length;
  const count = rows ? rows.data.length / width : 0;
  const steps = new Float64Array(count);
  const columns = names.map(() => new Float64Array(count));
  for (let row = 0; row < count; row += 1) {
    steps[row] = step + (rows?.data[row * width] ?? 0);
    for (const [i, column] of columns.entries()) column[row] = rows?.data[row * width + 1 + i] ?? NaN;
  }
  return { steps, columns: Object.fromEntries(names.map((name, i) => [name, columns[i]!])) };
}
