/** Work that is slower than who asks for it: a slider moves faster than a training starts over. */

/** Does what is asked for one after another; of what waits under a name only the newest. */
export class Newest<T> {
  readonly #waiting = new Map<string, T>();
  readonly #work: (name: string, value: T) => Promise<void>;
  #isBusy = false;

  constructor(work: (name: string, value: T) => Promise<void>) {
    this.#work = work;
  }

  async put(name: string, value: T): Promise<void> {
    this.#waiting.set(name, value);
    if (this.#isBusy) return;
    this.#isBusy = true;
    try {
      for (let next = this.#take(); next; next = this.#take()) await this.#work(...next);
    } finally {
      this.#isBusy = false;
    }
  }

  #take(): [string, T] | null {
    for (const [name, value] of this.#waiting) {
      this.#waiting.delete(name);
      return [name, value];
    }
    return null;
  }
}
