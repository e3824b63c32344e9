/** Several sessions, iteration by iteration at the same time. */

import { Pace } from "../engines/pace";
import type { Frame, Session } from "../engines/session";

/** Each round computes about so long, so that a change of pace is felt at once. */
const ROUND_MS = 16;
const MOST = 4096;
/** Over so long the true rate is measured. */
const RATE_MS = 500;

export class Lockstep {
  readonly #sessions: readonly Session[];
  readonly #pace: number;
  readonly #until: number;
  readonly #tell: (rate: number | null) => void;
  #isRunning = false;
  #fitting = 1;
  #milliseconds: readonly number[] = [];

  /**
   * @param pace iterations a second.
   * @param until the iteration at which it ends.
   * @param tell receives the true rate, and null at the end.
   */
  constructor(sessions: readonly Session[], pace: number, until: number, tell: (rate: number | null) => void) {
    this.#sessions = sessions;
    this.#pace = pace;
    this.#until = until;
    this.#tell = tell;
  }

  start(): void {
    this.#isRunning = true;
    this.#tell(0);
    void this.#run();
  }

  stop(): void {
    this.#isRunning = false;
  }

  async #run(): Promise<void> {
    const begin = performance.now();
    const paced = new Pace(this.#pace, begin, this.#step);
    let told = begin;
    let toldAt = this.#step;
    while (this.#isRunning) {
      const due = paced.due(performance.now(), this.#step);
      const count = Math.min(due, this.#fitting, this.#until - this.#step);
      if (this.#until <= this.#step) break;
      if (count < 1) {
        await sleep(Math.min(50, 1000 / this.#pace));
        continue;
      }
      const frames = await Promise.all(this.#sessions.map((session) => session.iterate(count)));
      if (this.#sessions.some((session) => session.state.kind === "diverged")) break;
      this.#measure(frames, count);
      await drawn();
      const passed = performance.now() - told;
      if (!this.#isRunning || passed < RATE_MS) continue;
      this.#tell(((this.#step - toldAt) / passed) * 1000);
      [told, toldAt] = [performance.now(), this.#step];
    }
    const wasRunning = this.#isRunning;
    this.#isRunning = false;
    if (wasRunning) this.#tell(null);
  }

  get #step(): number {
    return this.#sessions[0]?.step ?? 0;
  }

  /** Learns from what was computed, not from what messages and pictures cost, how many fit a round. */
  #measure(frames: readonly Frame[], count: number): void {
    const computed = frames.map((frame, i) => frame.milliseconds - (this.#milliseconds[i] ?? 0));
    this.#milliseconds = frames.map((frame) => frame.milliseconds);
    const cost = Math.max(...computed, 0.01) / count;
    this.#fitting = Math.max(1, Math.min(2 * this.#fitting, Math.floor(ROUND_MS / cost), MOST));
  }
}

/** Resolves once the screen has drawn, or soon where it does not, as in a hidden tab. */
function drawn(): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, 100);
    requestAnimationFrame(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
