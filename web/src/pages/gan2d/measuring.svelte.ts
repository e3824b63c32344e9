/** Measures of a training, as they are asked for. */

import type { LiveRun } from "../../run/live-run.svelte";
import { Measurer } from "./measures/client";
import { type Measures, SAMPLES } from "./measures/measures";
import { readMoment } from "./moment";

export interface MeasureRecord {
  readonly step: number;
  readonly measures: Measures;
}

/** Between two measures that nobody asked for one by one, so that the training keeps its core. */
const PAUSE_MS = 500;
const MOST = 2000;

export class Measuring {
  /** In the order of their iterations. */
  records = $state.raw<readonly MeasureRecord[]>([]);
  /** Every so many iterations; 0 for never. */
  every = $state(0);
  isBusy = $state(false);

  readonly #measurer = new Measurer();
  #last = -Infinity;

  constructor(private readonly run: LiveRun) {}

  /** The last record up to an iteration. */
  at(step: number): MeasureRecord | null {
    return this.records.findLast((record) => record.step <= step) ?? null;
  }

  /** A frame has come: measures where they are due. */
  note(step: number): void {
    const last = this.records.at(-1)?.step ?? -1;
    if (step < last) this.records = this.records.filter((record) => record.step <= step);
    const isDue = this.every > 0 && (last < 0 || Math.floor(step / this.every) > Math.floor(last / this.every));
    if (isDue && !this.isBusy && performance.now() - this.#last > PAUSE_MS) void this.measure();
  }

  /** Measures the training as it stands now. */
  async measure(): Promise<void> {
    const { session } = this.run;
    if (!session || this.isBusy) return;
    this.isBusy = true;
    try {
      const { step, real, fake } = await this.#samples();
      const data = String(this.run.config["data"]);
      const measures = await this.#measurer.measure(real, fake, data);
      const others = this.records.filter((record) => record.step !== step);
      this.records = [...others, { step, measures }].sort((a, b) => a.step - b.step).slice(-MOST);
    } catch {
      // The training was closed meanwhile, or diverged: there is nothing to measure.
    } finally {
      this.isBusy = false;
      this.#last = performance.now();
    }
  }

  clear(): void {
    this.records = [];
  }

  close(): void {
    this.#measurer.close();
  }

  /** Fresh points where the engine gives them, else those that are drawn. */
  async #samples(): Promise<{ step: number; real: Float32Array; fake: Float32Array }> {
    const { session } = this.run;
    const samples = await session?.samples?.(SAMPLES);
    const { real, fake } = samples?.arrays ?? {};
    if (samples && real && fake) return { step: samples.step, real: real.data, fake: fake.data };
    const moment = readMoment(this.run.moments.last);
    if (!moment) throw new Error("nothing is trained yet");
    return { step: moment.step, real: moment.real, fake: moment.fake };
  }
}
