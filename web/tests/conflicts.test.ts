import { describe, expect, it } from "vitest";

import expected from "./conflicts.json";
import labs from "./labs";
import { findConflicts, leaveOutConflicts } from "../src/form/conflicts";
import { defaultValues, readSchema, type Values } from "../src/form/schema";

interface Case {
  readonly values: Values;
  readonly problems: readonly (readonly [string, string])[];
}

// What Python says of them: tests/bench/test_setting_conflicts.py holds the file.
describe.each(["neuron", "gan2d"] as const)("%s: values that do not go together", (lab) => {
  const schema = readSchema(labs[lab].schema);
  const base = defaultValues(schema);
  const cases = expected[lab] as unknown as readonly Case[];

  it.each(cases.map((each) => [JSON.stringify(each.values), each] as const))("%s", (_, { values, problems }) => {
    const told = findConflicts(schema, { ...base, ...values });
    expect(told.map(({ field, message }) => [field, message])).toEqual(problems);
  });

  it.each(cases.map((each) => [JSON.stringify(each.values), each] as const))("are left out: %s", (_, { values, problems }) => {
    const { values: kept, problems: told } = leaveOutConflicts(schema, base, values);
    expect(findConflicts(schema, { ...base, ...kept })).toEqual([]);
    expect(told.length > 0).toBe(problems.length > 0);
    if (problems.length === 0) expect(kept).toEqual(values);
  });
});
