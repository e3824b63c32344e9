/** The curves of a run that may still be training: the whole once, then only what is new. */

import { untrack } from "svelte";

import type { Series } from "../../curves";
import { LOOKS } from "../../curves";
import { followRun, type RunListener } from "../../engines/follow";
import type { Frame } from "../../engines/session";
import { type Labels, labelOf } from "../../result-labels";
import { type CurvesAnswer, loadCurves, type RunState } from "./api";
import { thinPairs } from "./thin-pairs";

const POINTS = 2000;
/** When so many have come one by one, each two stretches become one. */
const MOST_POINTS = 6000;
const PACE = 1000; // milliseconds between two questions while it trains
const SLOW_PACE = 6000; // and while it does not: somebody may resume it

export interface RawCurves {
  readonly steps: readonly number[];
  readonly seconds: readonly number[] | null;
  readonly values: ReadonlyMap<string, readonly number[]>;
}

export const NONE: RawCurves = { steps: [], seconds: null, values: new Map() };

/** The name of the seconds beside the metrics of a frame; see src/epoque/studio/follow.py. */
const SECONDS = "@seconds";

/**
 * The curves of a run: all that there is over HTTP, then what is new over the websocket, as it is
 * written. Where that is blocked or lost, HTTP is asked for what is new.
 */
export class RunCurves {
  raw = $state.raw<RawCurves>(NONE);
  /** A part of x in more detail; null where the whole is shown. */
  detail = $state.raw<RawCurves | null>(null);
  names = $state.raw<readonly string[]>([]);
  state = $state<RunState | null>(null);
  total = $state(0);
  damage = $state("");
  /** What is wrong with the server or the run; "" if nothing is. */
  refusal = $state("");
  /** The newest snapshot that came as it was written; null before one does. */
  newest = $state.raw<Frame | null>(null);
  /** Whether the websocket says what is new. */
  isLive = $state(false);

  private cursor = "";
  private timer: ReturnType<typeof setTimeout> | undefined;
  private isOver = false;
  private zoomed = 0;
  private stopFollowing: (() => void) | null = null;

  constructor(readonly id: string) {}

  /** Follows the run; returns how to stop. */
  follow(): () => void {
    untrack(() => void this.look()); // an effect that follows does not begin anew when this hears
    return () => {
      this.isOver = true;
      clearTimeout(this.timer);
      this.stopFollowing?.();
    };
  }

  /** Looks at once, as whoever resumed the run wants. */
  hurry(): void {
    clearTimeout(this.timer);
    if (!this.isOver) void this.look();
  }

  private async look(): Promise<void> {
    if (!this.isLive && (!document.hidden || !this.cursor)) await this.read();
    if (this.isOver) return;
    const isTraining = this.state === "running";
    if (isTraining && this.cursor) this.stopFollowing ??= followRun(this.id, this.lastStep, this.listener());
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.look(), isTraining ? PACE : SLOW_PACE);
  }

  /** Asks for a part of the steps in detail, or for none. */
  async zoom(range: readonly [number, number] | null): Promise<void> {
    const turn = ++this.zoomed;
    if (!range) {
      this.detail = null;
      return;
    }
    try {
      const answer = await loadCurves(this.id, { points: POINTS, range });
      if (turn === this.zoomed) this.detail = toRaw(answer);
    } catch {
      // The whole is still there.
    }
  }

  private get lastStep(): number {
    return this.raw.steps.at(-1) ?? -1;
  }

  private listener(): RunListener {
    return {
      onFrame: (frame) => {
        this.isLive = true;
        if (Object.keys(frame.arrays).length) this.newest = frame;
        this.append(ofFrame(frame));
      },
      onState: (state) => void this.hear(state),
      onLost: () => this.fallBack(),
    };
  }

  /** Takes what the websocket says of the run; one that ended is read once more, whole and exactly. */
  private async hear(state: string): Promise<void> {
    if (state === "gone") {
      this.fallBack();
      return;
    }
    this.isLive = state === "running";
    this.state = state as RunState;
    if (this.isLive) return;
    this.stopFollowing?.();
    this.stopFollowing = null;
    this.cursor = "";
    await this.read();
  }

  /** Asks HTTP for all from now on: its cursor is older than what the websocket said. */
  private fallBack(): void {
    if (this.isLive) this.cursor = "";
    this.isLive = false;
  }

  private async read(): Promise<void> {
    try {
      this.take(await loadCurves(this.id, { cursor: this.cursor, points: POINTS }));
      this.refusal = "";
    } catch (error) {
      this.refusal = error instanceof TypeError ? "lost" : String((error as Error).message);
    }
  }

  private take(answer: CurvesAnswer): void {
    if (answer.reset) this.raw = toRaw(answer);
    else if (answer.rows) this.append(toRaw(answer));
    this.cursor = answer.cursor;
    if (!answer.cursor) this.isOver = true; // a recording: nothing follows
    this.names = answer.names;
    this.state = answer.state;
    this.total = answer.total;
    this.damage = answer.damage ?? "";
  }

  /** Takes rows that are new; those that HTTP and the websocket both brought are taken once. */
  private append(rows: RawCurves): void {
    const fresh = after(rows, this.lastStep);
    if (!fresh.steps.length) return;
    this.raw = thinPairs(joinCurves(this.raw, fresh), MOST_POINTS, POINTS);
    const unknown = [...fresh.values.keys()].filter((name) => !this.names.includes(name));
    if (unknown.length) this.names = [...this.names, ...unknown];
    this.total += fresh.steps.length;
  }
}

function ofFrame({ metrics }: Frame): RawCurves {
  const { [SECONDS]: seconds, ...columns } = metrics.columns;
  return {
    steps: [...metrics.steps],
    seconds: seconds ? [...seconds] : null,
    values: new Map(Object.entries(columns).map(([name, values]) => [name, [...values]])),
  };
}

/** The rows of later steps. */
export function after(curves: RawCurves, step: number): RawCurves {
  const first = curves.steps.findIndex((each) => each > step);
  if (first === 0) return curves;
  const cut = <T>(values: readonly T[]) => (first < 0 ? [] : values.slice(first));
  return {
    steps: cut(curves.steps),
    seconds: curves.seconds && cut(curves.seconds),
    values: new Map([...curves.values].map(([name, values]) => [name, cut(values)])),
  };
}

function toRaw(answer: CurvesAnswer): RawCurves {
  const number = (value: number | null) => value ?? NaN;
  return {
    steps: answer.steps,
    seconds: answer.seconds?.map(number) ?? null,
    values: new Map(Object.entries(answer.values).map(([name, values]) => [name, values.map(number)])),
  };
}

/** Two stretches one after the other; a metric that one of them lacks has no value there. */
export function joinCurves(before: RawCurves, after: RawCurves): RawCurves {
  const names = new Set([...before.values.keys(), ...after.values.keys()]);
  const none = (curves: RawCurves) => new Array<number>(curves.steps.length).fill(NaN);
  const join = (name: string) => [
    ...(before.values.get(name) ?? none(before)),
    ...(after.values.get(name) ?? none(after)),
  ];
  const isTimed = (before.seconds || !before.steps.length) && after.seconds;
  return {
    steps: [...before.steps, ...after.steps],
    seconds: isTimed ? [...(before.seconds ?? []), ...(after.seconds ?? [])] : null,
    values: new Map([...names].map((name) => [name, join(name)])),
  };
}

export type Clock = "step" | "seconds";

/** Some metrics of a run as curves over steps or seconds. */
export function seriesOf(
  curves: RawCurves,
  names: readonly string[],
  clock: Clock,
  labels: Labels = {},
): Series[] {
  const x = (clock === "seconds" && curves.seconds) || curves.steps;
  return names
    .filter((name) => curves.values.has(name))
    .map((name, i) => ({ name, label: labelOf(labels, name), ...LOOKS[i % LOOKS.length]!, x, y: curves.values.get(name)! }));
}
