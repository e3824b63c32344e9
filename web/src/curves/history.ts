/** What was measured over a training of any length, in a bounded place. */

import type { MetricColumns } from "../engines/session";

interface Extremes {
  readonly least: Float64Array;
  readonly most: Float64Array;
  /** 1 where the greatest value came before the least. */
  readonly falling: Uint8Array;
  /** The newest value. */
  last: number;
}

export interface Points {
  readonly x: Float64Array;
  readonly y: Float64Array;
}

/**
 * Curves of any length as at most `capacity` buckets of equally many steps: of each bucket the least
 * and the greatest value stay. When they are full, each two become one.
 */
export class History {
  private width = 1;
  private count = 0;
  private readonly columns = new Map<string, Extremes>();
  private readonly points = new Map<string, Points>();

  constructor(private readonly capacity = 2048) {}

  /** Adds measurements in ascending order of their steps; steps that are known already replace them. */
  append({ steps, columns }: MetricColumns): void {
    if (!steps.length) return;
    if (steps[0]! <= this.lastStep) this.cut(steps[0]! - 1);
    while (Math.floor(steps[steps.length - 1]! / this.width) >= this.capacity) this.halve();
    for (const [name, values] of Object.entries(columns)) this.appendColumn(name, steps, values);
    this.count = Math.max(this.count, Math.floor(steps[steps.length - 1]! / this.width) + 1);
    this.lastStep = steps[steps.length - 1]!;
    this.points.clear();
  }

  /** The newest step, −1 where there is none. */
  lastStep = -1;

  get names(): readonly string[] {
    return [...this.columns.keys()];
  }

  /** The newest value of a column, NaN where there is none. */
  last(name: string): number {
    return this.columns.get(name)?.last ?? NaN;
  }

  /** The points of a column: the same arrays until something is added. */
  curve(name: string): Points {
    let points = this.points.get(name);
    if (!points) this.points.set(name, (points = this.collect(this.columns.get(name))));
    return points;
  }

  clear(): void {
    this.columns.clear();
    this.points.clear();
    [this.width, this.count, this.lastStep] = [1, 0, -1];
  }

  /** Forgets what came after a step; of its bucket all is kept. */
  cut(step: number): void {
    this.count = Math.min(this.count, Math.floor(step / this.width) + 1);
    this.lastStep = Math.min(this.lastStep, step);
    for (const column of this.columns.values()) {
      column.least.fill(Infinity, this.count);
      column.most.fill(-Infinity, this.count);
    }
    this.points.clear();
  }

  private appendColumn(name: string, steps: Float64Array, values: Float64Array): void {
    let column = this.columns.get(name);
    if (!column) this.columns.set(name, (column = emptyColumn(this.capacity)));
    const { least, most, falling } = column;
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!;
      if (Number.isNaN(value)) continue;
      const bucket = Math.floor(steps[i]! / this.width);
      if (value < least[bucket]!) {
        falling[bucket] = most[bucket]! === -Infinity ? 0 : 1;
        least[bucket] = value;
      }
      if (value > most[bucket]!) {
        if (most[bucket]! !== -Infinity) falling[bucket] = 0;
        most[bucket] = value;
      }
      column.last = value;
    }
  }

  private halve(): void {
    const half = this.capacity >> 1;
    for (const { least, most, falling } of this.columns.values()) {
      for (let i = 0; i < half; i++) {
        const [a, b] = [2 * i, 2 * i + 1];
        const leastFirst = least[a]! <= least[b]!;
        const mostFirst = most[a]! >= most[b]!;
        falling[i] = leastFirst === mostFirst ? falling[leastFirst ? a : b]! : mostFirst ? 1 : 0;
        least[i] = Math.min(least[a]!, least[b]!);
        most[i] = Math.max(most[a]!, most[b]!);
      }
      least.fill(Infinity, half);
      most.fill(-Infinity, half);
    }
    this.width *= 2;
    this.count = Math.ceil(this.count / 2);
  }

  private collect(column: Extremes | undefined): Points {
    const x: number[] = [];
    const y: number[] = [];
    for (let i = 0; column && i < this.count; i++) {
      const [least, most] = [column.least[i]!, column.most[i]!];
      if (least > most) continue;
      const start = i * this.width;
      const [first, second] = column.falling[i] ? [most, least] : [least, most];
      x.push(start);
      y.push(first);
      if (least === most) continue;
      x.push(start + this.width / 2);
      y.push(second);
    }
    return { x: Float64Array.from(x), y: Float64Array.from(y) };
  }
}

function emptyColumn(capacity: number): Extremes {
  return {
    least: new Float64Array(capacity).fill(Infinity),
    most: new Float64Array(capacity).fill(-Infinity),
    falling: new Uint8Array(capacity),
    last: NaN,
  };
}
