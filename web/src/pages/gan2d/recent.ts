/** The newest numbers of a training, calm enough to be read. */

import type { History, Points } from "../../curves/history";
import { placeOf } from "../../curves/series";
import type { Recent } from "./notes";

/** Points of a curve, each of one or more iterations, that are averaged. */
const COUNT = 24;

/** Means of the metrics over what was measured last, up to an iteration. */
export function readRecent(metrics: History, step: number): Recent {
  const mean = (name: string) => meanBefore(metrics.curve(name), step);
  return {
    lossD: mean("loss_d"),
    lossG: mean("loss_g"),
    accuracy: (mean("accuracy_real") + mean("accuracy_fake")) / 2,
    saturated: mean("saturated"),
    gradNormG: mean("grad_norm_g"),
  };
}

function meanBefore({ x, y }: Points, step: number): number {
  const end = placeOf(x, step) + 1;
  const start = Math.max(0, end - COUNT);
  if (end <= start) return NaN;
  return y.subarray(start, end).reduce((sum, value) => sum + value, 0) / (end - start);
}
