/** The state of a training in one sentence, for those who listen. */

import { formatMeasure, formatNumber, plural, t } from "../../i18n";
import type { Measures } from "./measures/measures";
import { measureModes, MIXTURES } from "./measures/mixture";
import type { Moment } from "./moment";
import type { Recent } from "./notes";
import { shareOutside } from "./notes";
import { formatShare } from "./phases";

/** "Iteration 1,200; 7 of 8 modes; losses 1.21 and 0.86; …" */
export function describeState(moment: Moment, recent: Recent, data: string, measures: Measures | null): string {
  const parts = [plural("{count} iteration", "{count} iterations", moment.step)];
  const mixture = MIXTURES[data];
  if (mixture) {
    const { covered, count } = measureModes(moment.fake, mixture);
    parts.push(t("{covered} of {count} modes", { covered, count }));
  }
  const losses = { d: formatMeasure(recent.lossD), g: formatMeasure(recent.lossG) };
  if (!Number.isNaN(recent.lossD)) parts.push(t("losses {d} of the discriminator, {g} of the generator", losses));
  if (!Number.isNaN(recent.accuracy)) {
    parts.push(t("the discriminator is right about {share}", { share: formatShare(recent.accuracy) }));
  }
  if (measures) parts.push(t("sliced distance {distance}", { distance: formatMeasure(measures.slicedW1) }));
  const outside = shareOutside(moment.fake);
  if (outside > 0.01) parts.push(t("{share} of the generated points outside", { share: formatShare(outside) }));
  return `${parts.join(t("; "))}.`;
}

/** One thing at most every two seconds. */
export class Speaker {
  private last = -Infinity;

  constructor(private readonly pause = 2000) {}

  /** Returns the text, or null where the last one is too young. */
  say(text: string, now = performance.now()): string | null {
    if (now - this.last < this.pause) return null;
    this.last = now;
    return text;
  }
}

export function describePlace(moment: Moment, [x, y]: readonly [number, number], answer: number, ring: number | null): string {
  const place = `${formatNumber(x, { minimumFractionDigits: 2, maximumFractionDigits: 2 })}  ${formatNumber(y, { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
  const text = moment.isProbability
    ? t("{place}: D's answer {answer}", { place, answer: formatMeasure(answer, 2) })
    : t("{place}: D's number {answer}", { place, answer: formatMeasure(answer, 3) });
  return ring === null ? text : `${text} · ${t("generated point {number}", { number: ring + 1 })}`;
}
