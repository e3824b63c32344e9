/** What a page knows of data of the reader's own while it is drawn or read. */

import type { LiveRun } from "./live-run.svelte";

/** The training pauses while its reader draws, and goes on where it was when the drawing is left. */
export abstract class DrawingPage {
  isDrawing = $state(false);
  /** What is wrong with data of the reader's own. */
  problem = $state("");
  #wasPlaying = false;

  protected pauseToDraw(run: LiveRun): void {
    this.#wasPlaying = run.isPlaying;
    run.pause();
    this.isDrawing = true;
    this.problem = "";
  }

  /** Goes on where drawing held up the training. */
  leaveDrawing(run: LiveRun): void {
    if (!this.isDrawing) return;
    this.isDrawing = false;
    this.problem = "";
    if (this.#wasPlaying) run.play();
  }

  /** Does what may fail: why stands in `problem`. */
  protected async attempt(work: () => Promise<void>): Promise<void> {
    this.problem = "";
    try {
      await work();
    } catch (error) {
      this.problem = error instanceof Error ? error.message : String(error);
    }
  }
}
