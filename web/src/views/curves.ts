/** The curves of a training: those that the lab declares, and every other metric by itself. */

import { LOOKS, type Reference, type Series } from "../curves";
import type { History } from "../curves";
import { findLabel } from "../result-labels";
import { isCurves, type View } from "./views";

export interface Chart {
  readonly title: string;
  readonly series: readonly Series[];
  readonly log: boolean;
  readonly references: readonly Reference[];
  /** Whether the lab declares it: what it does not is shown below. */
  readonly isDeclared: boolean;
}

/**
 * The charts of what was measured so far, declared ones first. A metric that was not measured has no
 * curve, and a chart without curves is none.
 *
 * @param labels Metric to a reader's words for it, for those that no view names.
 */
export function listCharts(views: readonly View[], labels: Readonly<Record<string, string>>, history: History): readonly Chart[] {
  const measured = history.names.filter((name) => history.curve(name).x.length > 0);
  const declared = views.filter(isCurves).map((view) => ({
    title: view.title,
    series: view.metrics.filter(({ name }) => measured.includes(name)).map(({ name, label }, i) => makeSeries(history, name, label, i)),
    log: view.log,
    references: view.references,
    isDeclared: true,
  }));
  const named = new Set(views.filter(isCurves).flatMap((view) => view.metrics.map(({ name }) => name)));
  const others = measured.filter((name) => !named.has(name)).map((name) => {
    const label = findLabel(labels, name) ?? wordsOf(name);
    return { title: label, series: [makeSeries(history, name, label, 0)], log: false, references: [], isDeclared: false };
  });
  return [...declared, ...others].filter((chart) => chart.series.length > 0);
}

function makeSeries(history: History, name: string, label: string, place: number): Series {
  return { name, label, ...LOOKS[place % LOOKS.length]!, ...history.curve(name) };
}

/** `gradient_norm` as a reader sees it: "gradient norm". */
export function wordsOf(name: string): string {
  return name.replaceAll("_", " ");
}
