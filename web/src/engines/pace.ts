/** Iterations at a pace, by a clock that may jump: a machine that slept, a tab that was frozen. */
export class Pace {
  readonly #perSecond: number;
  #begin: number;
  #first: number;

  /**
   * @param perSecond iterations a second; Infinity: as fast as it goes.
   * @param now milliseconds.
   * @param step the iterations that are done.
   */
  constructor(perSecond: number, now: number, step: number) {
    this.#perSecond = perSecond;
    [this.#begin, this.#first] = [now, step];
  }

  /** How many iterations are due. What is more than a second late is not made up. */
  due(now: number, step: number): number {
    if (!Number.isFinite(this.#perSecond)) return Infinity;
    const due = Math.floor(((now - this.#begin) * this.#perSecond) / 1000) - (step - this.#first) + 1;
    if (now >= this.#begin && due <= Math.max(1, this.#perSecond)) return due;
    [this.#begin, this.#first] = [now, step];
    return 1;
  }
}
