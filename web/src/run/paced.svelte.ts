/** What changes with every frame, looked at a few times a second: numbers are read, not watched. */

/**
 * A value that follows another one, at most once in so many milliseconds; its last change is never
 * missed. To be made while a component is, or in an effect.
 */
export class Paced<T> {
  #value = $state.raw() as T;

  constructor(read: () => T, milliseconds = 90) {
    this.#value = read();
    let changed = 0;
    $effect(() => {
      const value = read();
      const due = changed + milliseconds - performance.now();
      const change = () => {
        changed = performance.now();
        this.#value = value;
      };
      if (due <= 0) {
        change();
        return;
      }
      const timer = setTimeout(change, due);
      return () => clearTimeout(timer);
    });
  }

  get value(): T {
    return this.#value;
  }
}
