/** Words for the parts of a network, and the state of a training in one sentence. */

import { formatMeasure, formatNumber, joinClauses, t } from "../../i18n";
import type { Model } from "./model";
import type { Part } from "./network-picture";
import { accuracyOf, countConfusion, type PointSet } from "./points";
import type { Verdict } from "./separability";

/** "weight from x1 to neuron 2 of layer 1", in short. */
export function namePart(model: Model, part: Part, names: readonly string[]): string {
  const isOutput = part.layer === model.sizes.length - 1;
  if (part.layer === 0) return names[part.to] ?? `x${part.to + 1}`;
  const neuron = isOutput ? t("output") : t("neuron {layer}.{number}", { layer: String(part.layer), number: String(part.to + 1) });
  if (part.kind === "neuron") return neuron;
  if (!model.isNetwork) return part.kind === "bias" ? "w0" : `w${part.from + 1}`;
  if (part.kind === "bias") return t("bias of {neuron}", { neuron });
  const from = part.layer === 1 ? (names[part.from] ?? `x${part.from + 1}`) : `${part.layer - 1}.${part.from + 1}`;
  return `${from} → ${isOutput ? t("output") : `${part.layer}.${part.to + 1}`}`;
}

export function formatShare(share: number): string {
  return Number.isNaN(share) ? "–" : formatNumber(share, { style: "percent", maximumFractionDigits: 1 });
}

/** "Iteration 1,200; 4 of 4 training points right; error 0.0098; one line can part the classes." */
export function describeState(step: number, train: PointSet, test: PointSet, error: number, verdict: Verdict | null): string {
  const confusion = countConfusion(train);
  const parts = [
    t("Iteration {step}", { step }),
    t("{right} of {count} training points right", { right: confusion.trueOnes + confusion.trueZeros, count: train.count }),
  ];
  if (test.count) parts.push(t("test accuracy {share}", { share: formatShare(accuracyOf(countConfusion(test))) }));
  if (!Number.isNaN(error)) parts.push(t("loss {value}", { value: formatMeasure(error) }));
  const line = describeVerdict(verdict);
  if (line) parts.push(line);
  return `${joinClauses(parts)}.`;
}

export function describeVerdict(verdict: Verdict | null): string {
  if (!verdict) return "";
  if (verdict.separable === null) return t("whether one line can part the classes, rounding does not let us say");
  return verdict.separable ? t("one line can part the classes") : t("no line can part the classes");
}

/** A place by its inputs: "x1 0.5, x2 1.2". */
export function namePlace([x, y]: readonly [number, number], names: readonly [string, string | null]): string {
  return names[1] === null ? `${names[0]} ${write(x)}` : `${names[0]} ${write(x)}, ${names[1]} ${write(y)}`;
}

/** What is answered at a place: "x1 0.5, x2 1.2: output 0.93, class 1". */
export function describePlace(at: readonly [number, number], answer: number, names: readonly [string, string | null]): string {
  return t("{place}: output {answer}, class {kind}", { place: namePlace(at, names), answer: formatMeasure(answer), kind: String(Number(answer > 0.5)) });
}

function write(value: number): string {
  return formatMeasure(value, 3);
}
