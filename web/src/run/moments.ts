/** The moments of a training that were seen and can be scrubbed over. */

import type { Frame, MetricColumns } from "../engines/session";

export const MAX_MOMENTS = 600;

const NO_METRICS: MetricColumns = { steps: new Float64Array(), columns: {} };

/**
 * The frames that are kept of a training, the first and the last always among them. When there are
 * too many, the one goes whose neighbors lie closest together: what stays lies evenly.
 */
export class Moments {
  #frames: Frame[] = [];
  readonly #most: number;

  constructor(most = MAX_MOMENTS) {
    this.#most = most;
  }

  /** In the order of their iterations. */
  get frames(): readonly Frame[] {
    return this.#frames;
  }

  get last(): Frame | null {
    return this.#frames.at(-1) ?? null;
  }

  /**
   * Keeps what is seen of a frame; one that is not after the last begins anew from where it stands.
   * What was measured up to it is kept elsewhere (`History`), and may be more than all its arrays.
   */
  add(frame: Frame): void {
    if (this.last && frame.step <= this.last.step) {
      this.#frames = this.#frames.filter((kept) => kept.step < frame.step);
    }
    this.#frames.push({ ...frame, metrics: NO_METRICS });
    if (this.#frames.length > this.#most) this.#frames.splice(this.#crowded(), 1);
  }

  clear(): void {
    this.#frames = [];
  }

  /** The kept frame whose iteration is nearest. */
  nearest(step: number): Frame | null {
    const frames = this.#frames;
    let low = 0;
    let high = frames.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((frames[middle] as Frame).step < step) low = middle + 1;
      else high = middle;
    }
    const after = frames[low];
    const before = frames[low - 1];
    if (!after || !before) return after ?? null;
    return step - before.step <= after.step - step ? before : after;
  }

  #crowded(): number {
    const frames = this.#frames;
    let best = 1;
    let least = Infinity;
    for (let i = 1; i < frames.length - 1; i++) {
      const span = (frames[i + 1] as Frame).step - (frames[i - 1] as Frame).step;
      if (span < least) [best, least] = [i, span];
    }
    return best;
  }
}
