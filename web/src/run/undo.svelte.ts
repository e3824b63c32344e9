/** Undo and redo, over all that a hand changed on a page, in its order. */

/** What one undo takes back. */
export interface Step {
  /** Makes it as it was; resolves with the step that makes it as it is now, null where that was refused. */
  take(): Promise<Step | null>;
  /** Whether nothing is left to take back. */
  isOver(): boolean;
}

const MOST_STEPS = 20;

export class UndoHistory {
  canUndo = $state(false);
  canRedo = $state(false);

  readonly #past: Step[] = [];
  readonly #future: Step[] = [];
  #last: Promise<void> = Promise.resolve();

  /** Notes how what was done is taken back; what was taken back before is not made again. */
  note(step: Step): void {
    this.#past.push(step);
    this.#past.splice(0, this.#past.length - MOST_STEPS);
    this.#future.length = 0;
    this.forgetOver();
  }

  undo(): Promise<void> {
    return this.#queue(() => this.#move(this.#past, this.#future));
  }

  redo(): Promise<void> {
    return this.#queue(() => this.#move(this.#future, this.#past));
  }

  /** Forgets the steps that are over. */
  forgetOver(): void {
    for (const steps of [this.#past, this.#future]) steps.splice(0, steps.length, ...steps.filter((step) => !step.isOver()));
    this.canUndo = this.#past.length > 0;
    this.canRedo = this.#future.length > 0;
  }

  async #move(from: Step[], to: Step[]): Promise<void> {
    this.forgetOver();
    const back = await from.pop()?.take();
    if (back) to.push(back);
    this.forgetOver();
  }

  /** One after another, however fast they are asked for. */
  #queue(work: () => Promise<void>): Promise<void> {
    const next = this.#last.then(work);
    this.#last = next.catch(() => undefined);
    return next;
  }
}
