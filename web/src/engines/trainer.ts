/**
 * A training that plays: the engine, the changes made so far, checkpoints to go back to, and the
 * loop that keeps a pace. It runs in a worker, and knows nothing of one.
 */

import { Engine, type Points, type Weights } from "./engine";
import type { Manifest } from "./manifest";
import { Pace } from "./pace";
import { addChange, addHandChange, type Change, type HandChange, readChanges, type Timeline } from "./timeline";
import type { Changed, Frame, Phase, Problem, Samples, State, Values } from "./session";
import { separateWeights } from "./weight-edits";

/** How long iterations are done before messages are looked at. */
const SLICE_MS = 8;
const MOST_CHECKPOINTS = 64;
/** Over so long the true rate is measured. */
const RATE_MS = 500;

export interface Clock {
  now(): number;
  /** Returns after so many milliseconds; 0 lets messages in between. */
  wait(ms: number): Promise<void>;
}

export interface Listener {
  /** Whether another frame may be sent: the last one was drawn. */
  isReady(): boolean;
  frame(frame: Frame, timeline: Timeline): void;
  state(state: State, step: number): void;
  /** What was planned for an iteration could not be made. */
  refuse(change: Change, problems: readonly Problem[]): void;
}

interface Evaluation {
  /** The iteration after which something was changed. */
  readonly step: number;
  readonly metrics: Readonly<Record<string, number>>;
}

interface Kept {
  readonly step: number;
  readonly state: Uint8Array;
  readonly config: Values;
  readonly changes: readonly Change[];
}

export class Trainer {
  readonly #module: WebAssembly.Module;
  readonly #manifest: Manifest;
  readonly #clock: Clock;
  readonly #listener: Listener;
  #engine!: Engine;
  #begun: Values = {};
  #config: Values = {};
  #points: Points | null = null;
  /** Made so far. */
  #changes: readonly Change[] = [];
  /** To be made at their iterations: the setting `changes` has them, or a replay. */
  #planned: readonly Change[] = [];
  /** What was changed by hand last. */
  #hand: HandChange | null = null;
  #kept: Kept[] = [];
  /** What the state measures that was changed last. */
  #evaluation: Evaluation | null = null;
  #milliseconds = 0;
  /** Milliseconds an iteration takes, as far as is known. */
  #cost = 1;
  /** Grows with every order: a loop of an older one ends. */
  #order = 0;

  constructor(module: WebAssembly.Module, manifest: Manifest, clock: Clock, listener: Listener) {
    this.#module = module;
    this.#manifest = manifest;
    this.#clock = clock;
    this.#listener = listener;
  }

  get step(): number {
    return this.#engine.step;
  }

  get timeline(): Timeline {
    return { made: this.#changes, planned: this.#planned };
  }

  /** Begins a training of these settings; with problems the one before goes on. */
  begin(config: Values, points: Points | null): readonly Problem[] {
    this.#order++;
    // In an instance of its own, so that a refusal leaves the other as it was.
    const engine = new Engine(this.#module, this.#manifest);
    const problems = engine.begin(config, points);
    if (problems.length) return problems;
    this.#engine = engine;
    [this.#begun, this.#config, this.#points] = [config, config, points];
    [this.#changes, this.#kept, this.#milliseconds] = [[], [], 0];
    this.#evaluation = null;
    this.#hand = null;
    this.#planned = readChanges(config["changes"], config);
    this.#makeDueChanges();
    this.#send();
    this.#say({ kind: "paused" });
    return [];
  }

  /** Changes settings and weights now; what was planned for later is planned no more. */
  change(values: Values): Changed {
    const { step, timeline } = this;
    const changed = this.#change(values);
    if (changed.problems.length) return changed;
    const earlier = this.#hand?.step === step ? this.#hand : { values: {}, before: {}, timeline };
    this.#hand = { step, values: { ...earlier.values, ...values }, before: { ...changed.before, ...earlier.before }, timeline: earlier.timeline };
    ({ made: this.#changes, planned: this.#planned } = addHandChange(this.#hand));
    if (this.#evaluation) this.#send();
    return changed;
  }

  #change(values: Values): Changed {
    const { settings, edits } = separateWeights(values);
    const unknown = Object.keys(settings).filter((path) => !(path in this.#config));
    const misplaced = [...unknown.map((field) => ({ field, message: "no such setting." })), ...this.#engine.checkEdits(edits)];
    if (misplaced.length) return { problems: misplaced, before: {} };
    const config = { ...this.#config, ...settings };
    const problems = this.#engine.change(config);
    if (problems.length) {
      this.#engine.change(this.#config);
      return { problems, before: {} };
    }
    const before = { ...Object.fromEntries(Object.keys(settings).map((path) => [path, this.#config[path]])), ...this.#engine.readEdited(edits) };
    this.#engine.editWeights(edits);
    this.#config = config;
    this.#changes = addChange(this.#changes, { step: this.step, values });
    const metrics = this.#engine.evaluate();
    this.#evaluation = metrics && { step: this.step, metrics };
    return { problems: [], before };
  }

  /** Makes the changes that are planned for now. */
  #makeDueChanges(): void {
    for (let due = this.#planned[0]; due && due.step <= this.step; due = this.#planned[0]) {
      this.#planned = this.#planned.slice(1);
      const { problems } = this.#change(due.values);
      if (problems.length) this.#listener.refuse(due, problems);
    }
  }

  /** Plays until told otherwise, at a pace in iterations a second, to an iteration. */
  async play(pace: number, until: number): Promise<void> {
    const order = ++this.#order;
    const begin = this.#clock.now();
    const paced = new Pace(pace, begin, this.step);
    const rate = new Rate(begin, this.step);
    this.#say({ kind: "playing", iterationsPerSecond: 0 });
    while (order === this.#order) {
      const due = paced.due(this.#clock.now(), this.step);
      const count = Math.min(this.#fitting(), until - this.step, due);
      if (until <= this.step) return this.pause();
      if (count < 1) {
        await this.#clock.wait(Math.min(50, 1000 / pace));
        continue;
      }
      if (!this.#advance(count)) return this.#diverge();
      if (this.#listener.isReady()) this.#send();
      const measured = rate.note(this.#clock.now(), this.step);
      if (measured !== null) this.#say({ kind: "playing", iterationsPerSecond: measured });
      await this.#clock.wait(0);
    }
  }

  pause(): void {
    this.#order++;
    this.#send();
    this.#say({ kind: "paused" });
  }

  /** Does some iterations, then is paused; returns the moment after them. */
  async iterate(count: number): Promise<Frame> {
    const finished = await this.#run(++this.#order, this.step + count);
    if (finished) this.#say({ kind: "paused" });
    return this.#frame();
  }

  nextPhase(): Phase {
    this.#order++;
    const phase = this.#engine.phase();
    if (!phase) {
      this.#diverge();
      throw new Error(this.#engine.failure);
    }
    this.#say({ kind: "paused" });
    return phase;
  }

  /**
   * Goes to the state after an iteration and the changes that were made then, from the nearest
   * checkpoint before it. Later changes are planned: who goes on from there sees them again.
   */
  async replay(step: number): Promise<Frame> {
    const order = ++this.#order;
    this.#return(step, [...this.#changes, ...this.#planned]);
    if (await this.#run(order, step)) {
      this.#makeDueChanges();
      this.#say({ kind: "paused" });
    }
    return this.#frame();
  }

  digest(): string {
    return this.#engine.digest();
  }

  /** Fresh points of the state as it stands. */
  samples(count: number): Samples {
    return { step: this.#engine.step, arrays: this.#engine.samples(count) };
  }

  weights(): Record<string, Weights> {
    return this.#engine.weights();
  }

  /** Goes on to an iteration; returns false if it diverged or another order came. */
  async #run(order: number, until: number): Promise<boolean> {
    while (this.step < until) {
      if (!this.#advance(Math.min(this.#fitting(), until - this.step))) {
        this.#diverge();
        return false;
      }
      if (this.step < until) {
        if (this.#listener.isReady()) this.#send();
        await this.#clock.wait(0);
      }
      if (order !== this.#order) return false;
    }
    return true;
  }

  /** Does iterations, at most to the next planned change; returns whether they were done. */
  #advance(most: number): boolean {
    this.#makeDueChanges();
    const count = Math.min(most, (this.#planned[0]?.step ?? Infinity) - this.step);
    const begin = this.#clock.now();
    const done = this.#engine.advance(count);
    const took = this.#clock.now() - begin;
    this.#milliseconds += took;
    if (done > 0) this.#cost = Math.max(took / done, 1e-4);
    this.#keep();
    return done === count;
  }

  #fitting(): number {
    return Math.max(1, Math.min(4096, Math.floor(SLICE_MS / this.#cost)));
  }

  #diverge(): void {
    this.#order++;
    this.#send();
    this.#say({ kind: "diverged", step: this.step, what: this.#engine.failure });
  }

  /** Keeps a checkpoint now and then, at most 64 that lie evenly. */
  #keep(): void {
    const last = this.#kept.at(-1)?.step ?? 0;
    const gap = Math.max(256, this.step / MOST_CHECKPOINTS);
    if (this.step - last < gap) return;
    const kept = { step: this.step, state: this.#engine.checkpoint(), config: this.#config, changes: this.#changes };
    this.#kept.push(kept);
    if (this.#kept.length > MOST_CHECKPOINTS) this.#kept = this.#kept.filter((_, i) => i % 2 === 1);
  }

  /** Returns to the nearest checkpoint before an iteration that these changes led to, or the start. */
  #return(step: number, timeline: readonly Change[]): void {
    const fits = (kept: Kept) => {
      const before = timeline.filter((change) => change.step < kept.step);
      return kept.step <= step && JSON.stringify(before) === JSON.stringify(kept.changes);
    };
    const from = this.#kept.findLast(fits);
    const config = from?.config ?? this.#begun;
    const engine = new Engine(this.#module, this.#manifest);
    engine.begin(this.#begun, this.#points);
    if (from) {
      engine.change(config);
      engine.restore(from.state);
    }
    this.#engine = engine;
    this.#config = config;
    this.#changes = from?.changes ?? [];
    this.#evaluation = null;
    this.#hand = null;
    this.#planned = timeline.slice(this.#changes.length);
    this.#kept = this.#kept.filter((kept) => kept.step <= engine.step);
  }

  #frame(): Frame {
    const { step } = this;
    const arrays = this.#engine.snapshot();
    const frame = { step, milliseconds: this.#milliseconds, arrays, metrics: this.#engine.metrics() };
    return this.#evaluation?.step === step ? { ...frame, evaluation: this.#evaluation.metrics } : frame;
  }

  #send(): void {
    this.#listener.frame(this.#frame(), this.timeline);
  }

  #say(state: State): void {
    this.#listener.state(state, this.step);
  }
}

/** The true rate, told anew every half second. */
class Rate {
  #since: number;
  #step: number;

  constructor(now: number, step: number) {
    this.#since = now;
    this.#step = step;
  }

  /** Returns iterations a second where they are measured anew, else null. */
  note(now: number, step: number): number | null {
    const passed = now - this.#since;
    if (passed < RATE_MS) return null;
    const rate = ((step - this.#step) / passed) * 1000;
    [this.#since, this.#step] = [now, step];
    return rate;
  }
}
