/** What a page keeps of each of its trainings, made when it is first asked for. */

import type { LiveRun } from "./live-run.svelte";

export class RunStates<S> {
  readonly #states = new Map<LiveRun, S>();

  constructor(private readonly make: (run: LiveRun) => S) {}

  of(run: LiveRun): S {
    const known = this.#states.get(run);
    if (known) return known;
    let state!: S;
    // In a root of its own: what is made while something is drawn would not draw that anew when it changes.
    $effect.root(() => {
      state = this.make(run);
    });
    this.#states.set(run, state);
    return state;
  }

  get all(): readonly S[] {
    return [...this.#states.values()];
  }
}
