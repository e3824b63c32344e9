/** What a page and the worker of its engine say to each other. */

import type { Points, Weights } from "./engine";
import type { Manifest } from "./manifest";
import type { Change, Timeline } from "./timeline";
import type { Changed, Frame, Phase, Problem, Samples, State, Values } from "./session";

/** What the page asks; each answer carries the number of its question. */
export type Question =
  | { readonly kind: "begin"; readonly module: WebAssembly.Module; readonly manifest: Manifest; readonly config: Values; readonly points: Points | null }
  | { readonly kind: "restart"; readonly config: Values; readonly points: Points | null }
  | { readonly kind: "change"; readonly values: Values }
  | { readonly kind: "play"; readonly pace: number; readonly until: number }
  | { readonly kind: "pause" }
  | { readonly kind: "iterate"; readonly count: number }
  | { readonly kind: "phase" }
  | { readonly kind: "replay"; readonly step: number }
  | { readonly kind: "samples"; readonly count: number }
  | { readonly kind: "digest" }
  | { readonly kind: "weights" }
  | { readonly kind: "drawn" };

export interface Asked {
  readonly id: number;
  readonly question: Question;
}

/** What a question is answered with. */
export type Answer =
  | { readonly kind: "begun"; readonly problems: readonly Problem[]; readonly timeline: Timeline }
  | { readonly kind: "changed"; readonly changed: Changed; readonly timeline: Timeline }
  | { readonly kind: "frame"; readonly frame: Frame; readonly timeline: Timeline }
  | { readonly kind: "phase"; readonly phase: Phase }
  | { readonly kind: "samples"; readonly samples: Samples }
  | { readonly kind: "digest"; readonly digest: string }
  | { readonly kind: "weights"; readonly weights: Readonly<Record<string, Weights>> }
  | { readonly kind: "done" };

/** What the worker says: answers, and news that nobody asked for. */
export type Said =
  | { readonly kind: "answer"; readonly id: number; readonly answer: Answer }
  | { readonly kind: "failed"; readonly id: number; readonly why: string }
  | { readonly kind: "frame"; readonly frame: Frame; readonly timeline: Timeline }
  | { readonly kind: "state"; readonly state: State; readonly step: number }
  | { readonly kind: "refused"; readonly change: Change; readonly problems: readonly Problem[] };
