/** Which values of settings do not go together: the rules of `epoque.bench.setting_conflicts`. */

import type { Problem } from "../engines/session";
import { type Conflict, isMet, type Schema, type Values } from "./schema";
import { writeValue } from "./write";

/** What is wrong between settings that are each right alone, in the words of the Python error. */
export function findConflicts(schema: Schema, values: Values): Problem[] {
  const problems = schema.conflicts.filter((rule) => holds(rule, values)).map((rule) => describe(rule, values));
  const isFirst = (problem: Problem, i: number) =>
    problems.findIndex(({ field, message }) => field === problem.field && message === problem.message) === i;
  return problems.filter(isFirst);
}

function holds(rule: Conflict, values: Values): boolean {
  const isAbove = !rule.above || Number(values[rule.field]) > Number(values[rule.above]);
  return isAbove && rule.where.every((condition) => isMet(condition, values));
}

function describe({ field, message }: Conflict, values: Values): Problem {
  return { field, message: message.replace(/\{([\w.]+)\}/g, (_, path: string) => writeValue(values[path])) };
}

/** The paths of the settings that a rule looks at. */
function pathsOf(rule: Conflict): string[] {
  return [rule.field, ...(rule.above ? [rule.above] : []), ...rule.where.map(({ path }) => path)];
}

/**
 * What goes together of values that someone wrote, such as a link's, over a base whose values do; with
 * what is wrong about the rest.
 */
export function leaveOutConflicts(schema: Schema, base: Values, values: Values): { values: Values; problems: readonly Problem[] } {
  const kept: Record<string, unknown> = { ...values };
  const problems: Problem[] = [];
  const findRule = () => schema.conflicts.find((rule) => holds(rule, { ...base, ...kept }));
  for (let rule = findRule(); rule; rule = findRule()) {
    const written = pathsOf(rule).filter((path) => path in kept);
    if (written.length === 0) break; // the base's own, against what this promises
    problems.push(describe(rule, { ...base, ...kept }));
    for (const path of written) delete kept[path];
  }
  return { values: kept, problems };
}
