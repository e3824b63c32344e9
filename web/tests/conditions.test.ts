import { expect, test } from "vitest";

import { choiceWord } from "../src/form/conditions";
import { findUnmet, readSchema } from "../src/form/schema";
import { checkValue, readText } from "../src/form/values";

const SCHEMA = readSchema({
  properties: {
    task: { enum: ["train", "analyze"], type: "string", default: "train" },
    metrics: { type: "array", items: { type: "string" }, default: [], only: { task: ["train"] } },
    images: { type: "integer", default: 9, only: { metrics: { not: [[]] } } },
    weights: { anyOf: [{ type: "string" }, { type: "null" }], default: null, only: { metrics: ["fid", "kid"] } },
  },
});

function reasonFor(path: string, values: Record<string, unknown>): string | undefined {
  return findUnmet(SCHEMA, path, { task: "train", metrics: [], ...values })?.path;
}

test("a list meets a condition by one of its entries, and being empty is a value too", () => {
  expect(reasonFor("weights", { metrics: ["swd"] })).toBe("metrics");
  expect(reasonFor("weights", { metrics: ["swd", "kid"] })).toBeUndefined();
  expect(reasonFor("images", {})).toBe("metrics");
  expect(reasonFor("images", { metrics: ["swd"] })).toBeUndefined();
  expect(reasonFor("images", { task: "analyze", metrics: ["swd"] })).toBe("task");
});

test("a setting of several files takes a list of uploads, one of names that ship a name", () => {
  const schema = readSchema({
    properties: {
      files: { type: "array", items: { type: "string" }, default: [], file: ["txt"] },
      corpus: { type: "string", default: "a", file: [], names: ["a", "b"] },
    },
  });
  const [files, corpus] = schema.settings;
  expect(files && checkValue(files, ["upload:1"])).toBeNull();
  expect(files && checkValue(files, "upload:1")).toBe("upload:1 is not allowed; it takes a file that ends in .txt.");
  expect(files && readText(files, "upload:1, upload:2")).toEqual({ value: ["upload:1", "upload:2"] });
  expect(corpus && checkValue(corpus, 3)).toBe("3 is not allowed; it takes one of a, b.");
});

test("a choice is shown in the setting's words, and as it is written where it has none", () => {
  const [setting] = readSchema({
    properties: { loss: { enum: ["log", "least_squares"], default: "log", choices: { log: "non saturante" } } },
  }).settings;
  expect(choiceWord("log", setting)).toBe("non saturante");
  expect(choiceWord("least_squares", setting)).toBe("least squares");
});
