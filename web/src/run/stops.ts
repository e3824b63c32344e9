/** When a training pauses by itself. */

import type { History } from "../curves/history";

export interface Stops {
  readonly iteration: number | null;
  readonly metric: string | null;
  readonly below: number;
}

export const NO_STOPS: Stops = { iteration: null, metric: null, below: 0 };

/** The metric that a training stopped at, and what it was. */
export interface Stopped {
  readonly metric: string;
  readonly value: number;
  readonly below: number;
}

/** What a training stops at now; null where it goes on. */
export function findStop({ metric, below }: Stops, metrics: History): Stopped | null {
  const value = metric ? metrics.last(metric) : NaN;
  return metric && value < below ? { metric, value, below } : null;
}
