/** The moments that a run keeps: fetched as the scrubber comes to them, the neighbours ahead. */

import type { Frame } from "../../engines/session";
import { loadSnapshot, loadSnapshotSteps } from "./api";

const MOST_KEPT = 40;
const NO_METRICS = { steps: new Float64Array(), columns: {} };

export class Moments {
  steps = $state.raw<readonly number[]>([]);
  /** The newest moment that arrived. */
  frame = $state.raw<Frame | null>(null);
  refusal = $state("");

  private readonly kept = new Map<number, Promise<Frame>>();
  private wanted = -1;

  constructor(private readonly id: string) {}

  /** Asks which moments there are; a run that trains has more each time. */
  async list(): Promise<void> {
    try {
      this.steps = await loadSnapshotSteps(this.id);
      this.refusal = "";
    } catch (error) {
      this.refusal = String((error as Error).message);
    }
  }

  /** Takes a moment in that came by itself. */
  add(frame: Frame): void {
    this.keep(frame.step, Promise.resolve(frame));
    if (!this.steps.includes(frame.step)) this.steps = [...this.steps, frame.step].sort((a, b) => a - b);
  }

  /** Shows the moment of a place in the list. */
  async show(place: number): Promise<void> {
    const step = this.steps[place];
    if (step === undefined) return;
    this.wanted = step;
    try {
      const frame = await this.load(step);
      if (this.wanted === step) this.frame = frame;
      this.refusal = "";
    } catch (error) {
      if (this.wanted === step) this.refusal = String((error as Error).message);
    }
    for (const near of [place + 1, place - 1]) {
      const ahead = this.steps[near];
      if (ahead !== undefined) this.load(ahead).catch(() => undefined);
    }
  }

  private load(step: number): Promise<Frame> {
    let frame = this.kept.get(step);
    if (!frame) {
      frame = loadSnapshot(this.id, step).then((arrays) => ({ step, milliseconds: 0, arrays, metrics: NO_METRICS }));
      this.keep(step, frame);
      frame.catch(() => this.kept.delete(step));
    }
    return frame;
  }

  private keep(step: number, frame: Promise<Frame>): void {
    this.kept.set(step, frame);
    for (const old of this.kept.keys()) {
      if (this.kept.size <= MOST_KEPT) break;
      this.kept.delete(old);
    }
  }
}
