/** What runs differ in, their results beside each other, and pairs that one seed makes comparable. */

import type { Plain, RunInfo } from "./api";

/** A setting or result: one value a run, undefined where a run has none. */
export interface Line {
  readonly name: string;
  readonly values: readonly unknown[];
  readonly differs: boolean;
}

/** Two runs of one lab and one seed. */
export interface Pair {
  readonly first: number;
  readonly second: number;
  readonly seed: unknown;
  /** Settings in which they differ. */
  readonly settings: readonly string[];
  /** Name of a result in which they differ to the second's less the first's. */
  readonly differences: Readonly<Record<string, number>>;
}

export function compareSettings(runs: readonly RunInfo[]): Line[] {
  const lines = linesOf(runs.map((run) => ({ ...run.settings, recipe: run.recipe })));
  return lines.filter((line) => line.differs);
}

export function compareResults(runs: readonly RunInfo[]): Line[] {
  return linesOf(runs.map((run) => ({ ...run.results, ...run.timings }))).filter(({ values }) =>
    values.some((value) => ["number", "string", "boolean"].includes(typeof value)),
  );
}

function linesOf(columns: readonly Plain[]): Line[] {
  const names = new Set(columns.flatMap((column) => Object.keys(column)));
  return [...names].map((name) => {
    const values = columns.map((column) => column[name]);
    // None in one run and no such setting in another are shown alike.
    const spelled = new Set(values.map((value) => JSON.stringify(value ?? null)));
    return { name, values, differs: spelled.size > 1 };
  });
}

/** The pairs whose difference is no matter of luck: each run with every later one of its seed. */
export function findPairs(runs: readonly RunInfo[]): Pair[] {
  const pairs: Pair[] = [];
  for (const [first, one] of runs.entries()) {
    for (const [later, other] of runs.slice(first + 1).entries()) {
      const seed = one.settings["seed"];
      if (one.lab !== other.lab || seed === undefined || seed !== other.settings["seed"]) continue;
      const settings = compareSettings([one, other]).map(({ name }) => name);
      pairs.push({ first, second: first + 1 + later, seed, settings, differences: subtract(one.results, other.results) });
    }
  }
  return pairs;
}

function subtract(one: Plain, other: Plain): Record<string, number> {
  const differences: Record<string, number> = {};
  for (const [name, value] of Object.entries(one)) {
    const against = other[name];
    if (typeof value === "number" && typeof against === "number" && value !== against) differences[name] = against - value;
  }
  return differences;
}

/** Metrics that at least two runs have, those of all runs first. */
export function commonMetrics(names: readonly (readonly string[])[]): string[] {
  const counts = new Map<string, number>();
  for (const some of names) for (const name of some) counts.set(name, (counts.get(name) ?? 0) + 1);
  const shared = [...counts].filter(([, count]) => count > 1 || names.length === 1);
  return shared.sort((a, b) => b[1] - a[1]).map(([name]) => name);
}

/** A letter for a run: A to L. */
export function letterOf(index: number): string {
  return String.fromCharCode(65 + index);
}
