/** A training that a page shows and steers, wherever it is computed. No page knows where. */

/** Path of a setting ("generator.layers") to its value, as in the JSON schema. */
export type Values = Readonly<Record<string, unknown>>;

/** What is wrong with a setting, in the words of the Python error. */
export interface Problem {
  readonly field: string;
  readonly message: string;
}

/** What became of a change: what is wrong with it, or what it changed. */
export interface Changed {
  /** With any, nothing was changed. */
  readonly problems: readonly Problem[];
  /** What was changed, each setting and weight as it was; nothing where a server keeps it. */
  readonly before: Values;
}

/** An array of a snapshot or of a phase, row by row. */
export interface NdArray {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Metrics of some iterations: each column is as long as `steps`; NaN where one was not taken. */
export interface MetricColumns {
  readonly steps: Float64Array;
  readonly columns: Readonly<Record<string, Float64Array>>;
}

/** What one moment of a training looks like, and what was measured since the frame before. */
export interface Frame {
  readonly step: number;
  /** Of computing, since the training began. */
  readonly milliseconds: number;
  /** Names as in the snapshots of the lab's runs: its views name them. */
  readonly arrays: Readonly<Record<string, NdArray>>;
  readonly metrics: MetricColumns;
  /** The metrics of this state, where it was changed after its iteration: those told of that are another state's. */
  readonly evaluation?: Readonly<Record<string, number>>;
}

/** One phase of an iteration (`Lab.live(...).phases()`), where the engine stops between phases. */
export interface Phase {
  /** From 0, and how many an iteration has. */
  readonly number: number;
  readonly count: number;
  /** A key of the catalogue: "discriminator_loss". */
  readonly name: string;
  readonly arrays: Readonly<Record<string, NdArray>>;
}

/** Fresh points for measures, and the iteration they were drawn after. */
export interface Samples {
  readonly step: number;
  readonly arrays: Readonly<Record<string, NdArray>>;
}

/** What a training is doing. */
export type State =
  | { readonly kind: "starting" }
  | { readonly kind: "paused" }
  | { readonly kind: "playing"; readonly iterationsPerSecond: number }
  /** The iteration after `step` would make `what` infinite. */
  | { readonly kind: "diverged"; readonly step: number; readonly what: string }
  | { readonly kind: "lost"; readonly why: string };

export interface Session {
  readonly lab: string;
  /** Every setting as it is now. */
  readonly config: Values;
  readonly state: State;
  /** Iterations done. */
  readonly step: number;
  /** Whether `nextPhase` can be asked for. */
  readonly hasPhases: boolean;

  /**
   * Plays at a pace in iterations a second; Infinity: as fast as it goes. It pauses exactly after
   * the iteration `until`, and is paused at once if that is past.
   */
  play(pace: number, until?: number): void;
  pause(): void;
  /** Does some iterations, then is paused. */
  iterate(count: number): Promise<Frame>;
  /** Does the next phase of an iteration, then is paused. */
  nextPhase(): Promise<Phase>;
  /** Changes settings that are `live`, and weights; with problems the training goes on as it was. */
  change(values: Values): Promise<Changed>;
  /** Starts over from iteration 0 with these settings (all of them). */
  restart(config: Values): Promise<readonly Problem[]>;
  /** Replays from the start, the changes at their iterations, to the state after `step`. */
  replay(step: number): Promise<Frame>;
  /** The changes made so far, as the setting `changes` takes them. */
  changes(): string;
  /** Those, and the ones that are planned for later. */
  timeline(): string;
  /** So many real and so many generated points, where the engine gives them: those of an evaluation. */
  readonly samples?: (count: number) => Promise<Samples>;
  /** SHA-256 of the state, hexadecimal. */
  digest(): Promise<string>;
  /** Calls with every new frame, at most as often as the screen draws; returns how to stop. */
  onFrame(listener: (frame: Frame) => void): () => void;
  onState(listener: (state: State) => void): () => void;
  /** Calls with each sentence that the page is to show, where it is computed elsewhere. */
  onNotice?(listener: (sentence: string) => void): () => void;
  close(): void;
}

/** What computes: the browser's engine, and the server's. */
export interface Engines {
  /** Where these settings are computed; a session of another place has to be opened anew. */
  placeOf(lab: string, config: Values): string;
  /** Why this browser does not compute these settings, in the language in use; null if it does. */
  whyNotHere(lab: string, config: Values): string | null;
  open(lab: string, config: Values): Promise<Session>;
}
