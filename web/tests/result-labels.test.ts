import { expect, test } from "vitest";

import { findLabel, labelOf } from "../src/result-labels";

const LABELS = { error: "Error", "w{n}": "Weight w{n}", w0: "Threshold w0", outputs: "Outputs", eq_t: "EQ-T" };

test("a metric has the words of its lab, a number in its name too", () => {
  expect(findLabel(LABELS, "error")).toBe("Error");
  expect(findLabel(LABELS, "w0")).toBe("Threshold w0");
  expect(findLabel(LABELS, "w12")).toBe("Weight w12");
});

test("a value within a result has the result's words and its own name", () => {
  expect(findLabel(LABELS, "outputs.01")).toBe("Outputs, 01");
  expect(findLabel(LABELS, "eq_t.db")).toBe("EQ-T, db");
});

test("what a lab has no words for keeps its name", () => {
  for (const name of ["slope", "w", "constructor", "none.of.it"]) {
    expect(findLabel(LABELS, name)).toBeNull();
    expect(labelOf(LABELS, name)).toBe(name);
  }
});
