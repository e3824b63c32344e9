/** Which metrics of a run belong in one picture: as its lab declares, the others with their kin. */

import type { Reference } from "../../curves";
import { type Labels, labelOf } from "../../result-labels";
import { isCurves, type View } from "../../views/views";

export interface CurveGroup {
  readonly title: string;
  readonly names: readonly string[];
  /** A reader's words for each, below that title. */
  readonly labels: Labels;
  readonly log: boolean;
  readonly references: readonly Reference[];
}

/** The pictures of some metrics, those that the lab's views declare first, as on its live page. */
export function groupCurves(names: readonly string[], views: readonly View[], labels: Labels): readonly CurveGroup[] {
  const declared = views.filter(isCurves).map(({ title, metrics, log, references }) => {
    const own = metrics.filter(({ name }) => names.includes(name));
    return { title, names: own.map(({ name }) => name), labels: Object.fromEntries(own.map(({ name, label }) => [name, label])), log, references };
  });
  const shown = new Set(declared.flatMap((group) => group.names));
  const others = groupNames(names.filter((name) => !shown.has(name))).map((some) => {
    const words = some.map((name) => [name, labelOf(labels, name)] as const);
    return { title: words.map(([, label]) => label).join(", "), names: some, labels: Object.fromEntries(words), log: false, references: [] };
  });
  return [...declared, ...others].filter((group) => group.names.length > 0);
}

/** Metrics whose names begin alike: `loss_d` and `loss_g`; alone what has no kin. */
export function groupNames(names: readonly string[], most = 5): readonly (readonly string[])[] {
  const groups = new Map<string, string[]>();
  for (const name of names) {
    const kin = name.replace(/[0-9]+$/, "").split(/[_.]/)[0] || name;
    const group = groups.get(kin) ?? [];
    groups.set(kin, [...group, name]);
  }
  return [...groups.values()].flatMap((group) => chunk(group, most));
}

function chunk(names: readonly string[], most: number): string[][] {
  const parts: string[][] = [];
  for (let start = 0; start < names.length; start += most) parts.push(names.slice(start, start + most));
  return parts;
}
