/** What the live engine says of the labs that it knows. */

import engine from "../generated/engine.json";
import type { Manifest, Rule } from "./manifest";
import type { Values } from "./session";

const MANIFESTS: Readonly<Record<string, Manifest | undefined>> = Object.fromEntries(
  Object.entries<Omit<Manifest, "lab">>(engine.labs).map(([lab, manifest]) => [lab, { ...manifest, lab }]),
);

/** What the engine says of a lab; null if it does not know it. */
export function manifestOf(lab: string): Manifest | null {
  return MANIFESTS[lab] ?? null;
}

/**
 * Why the engine does not compute these settings, an English sentence of the catalogue; null if it
 * does. Python asks the same rules (`epoque.bench.live_engine.find_uncovered`).
 */
export function findUncovered(lab: string, values: Values): string | null {
  const rules = manifestOf(lab)?.covers;
  if (!rules) return "The live engine does not compute this lab.";
  return rules.find((rule) => !fits(rule, values[rule.path]))?.reason ?? null;
}

function fits(rule: Rule, value: unknown): boolean {
  if ("is" in rule) return value === rule.is;
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  const isShort = values.length <= (rule.max_length ?? values.length);
  return isShort && values.every((each) => each === null || Number(each) <= (rule.at_most ?? Infinity));
}
