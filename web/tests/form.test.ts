import fc from "fast-check";
import { describe, expect, it } from "vitest";

import labs from "./labs";
import { fromShare, nextValue, scaleOf, toShare } from "../src/form/scale";
import { defaultValues, findUnmet, listDifferences, readSchema, type Setting } from "../src/form/schema";
import { allowedValues, checkValue, isWithin, readText, showValue } from "../src/form/values";

const gan2d = readSchema(labs.gan2d.schema);
const neuron = readSchema(labs.neuron.schema);
const at = (path: string) => gan2d.byPath.get(path) as Setting;

describe("the schema", () => {
  it("gives settings by their paths, with what a form needs", () => {
    expect(at("discriminator.optimizer.learning_rate")).toMatchObject({ kind: "number", log: true, live: true, part: "Optimiser", default: 0.1, group: "Discriminator" });
    expect(at("csv")).toMatchObject({ kind: "file", optional: true, endings: ["csv"] });
    expect(at("generator.layers")).toMatchObject({ kind: "list", maxItems: 16, items: { minimum: 1, maximum: 4096 } });
    expect(at("instance_noise_until")).toMatchObject({ kind: "integer", optional: true });
    expect(gan2d.groups.map((group) => group.title)).toContain("Data");
  });
  it("says why a setting has no effect, the deepest reason first", () => {
    const values = defaultValues(neuron);
    expect(findUnmet(neuron, "momentum", values)).toMatchObject({ path: "model", values: ["mlp"] });
    expect(findUnmet(neuron, "momentum", { ...values, model: "mlp" })).toMatchObject({ path: "optimizer" });
    expect(findUnmet(neuron, "momentum", { ...values, model: "mlp", optimizer: "momentum" })).toBeNull();
    expect(findUnmet(gan2d, "lr_final", { ...defaultValues(gan2d), lr_decay: "cosine" })).toBeNull();
  });
  it("lists differences by path", () => {
    const base = defaultValues(gan2d);
    expect(listDifferences(gan2d, base, { ...base, seed: 1, "generator.layers": [10, 10] })).toEqual(["seed"]);
  });
});

describe("a typed text", () => {
  it.each([
    ["seed", "7", 7],
    ["seed", " 1 000 ", 1000],
    ["generator.optimizer.learning_rate", "0,03", 0.03],
    ["generator.optimizer.learning_rate", "1e-3", 0.001],
    ["instance_noise_until", "none", null],
    ["generator.layers", "10, 10", [10, 10]],
    ["generator.layers", "", []],
    ["fit", "true", true],
    ["loss", "hinge", "hinge"],
  ])("%s: %s", (path, text, value) => expect(readText(at(path), text)).toEqual({ value }));

  it.each([
    ["seed", "-1", "-1 is not allowed; it takes a whole number at least 0 and at most 4,294,967,295."],
    ["seed", "1.5", /whole number/],
    ["generator.optimizer.learning_rate", "0", "0 is not allowed; it takes a finite number greater than 0 and at most 1,000."],
    ["generator.optimizer.learning_rate", "1e9", /at most 1,000/],
    ["generator.optimizer.learning_rate", "abc", /abc is not allowed/],
    ["generator.layers", "0", /at least 1 and at most 4,096/],
    ["generator.layers", "10000", /10000 is not allowed/],
    ["generator.layers", "a,b", /a list such as 4,2/],
    ["loss", "huber", /one of log, minimax/],
    ["instance_noise_until", "0", "0 is not allowed; it takes a whole number at least 1, or none."],
  ])("%s refuses %s in the words of the Python error", (path, text, message) => {
    const reading = readText(at(path), text) as { problem: string };
    if (typeof message === "string") expect(reading.problem).toBe(message);
    else expect(reading.problem).toMatch(message);
  });

  it("is what a field shows, for every default", () => {
    for (const setting of [...gan2d.settings, ...neuron.settings]) {
      if (setting.kind === "text") continue;
      expect(readText(setting, showValue(setting.default)), setting.path).toEqual({ value: setting.default });
    }
  });
  it("can be typed as it is shown, whatever the number", () => {
    const setting = at("generator.optimizer.learning_rate");
    fc.assert(fc.property(fc.double({ min: 1e-9, max: 1000, noNaN: true }), (value) => {
      const reading = readText(setting, showValue(value)) as { value: number };
      expect(reading.value).toBeCloseTo(value, 9);
    }));
  });
});

describe("a list of choices", () => {
  const features = neuron.byPath.get("features") as Setting;
  it("has a word for each, and takes them alone", () => {
    expect(features).toMatchObject({ kind: "choices", words: { x1_squared: "x1²" } });
    expect(readText(features, "x1_x2, sin_x1")).toEqual({ value: ["x1_x2", "sin_x1"] });
    expect(readText(features, "x1_x2,x3")).toEqual({
      problem: "x1_x2,x3 is not allowed; it takes a list such as x1_squared,x2_squared in which each is one of x1_squared, x2_squared, x1_x2, sin_x1, sin_x2.",
    });
  });
});

describe("what is allowed", () => {
  it("is said as Python says it", () => {
    expect(allowedValues(at("ema"))).toBe("a finite number at least 0 and less than 1");
    expect(allowedValues(at("lr_decay"))).toBe("one of none, linear, cosine, exponential");
  });
});

describe("a slider", () => {
  const sliders = [...gan2d.settings, ...neuron.settings].flatMap((setting) => {
    const scale = scaleOf(setting);
    return scale ? [{ setting, scale }] : [];
  });
  it("exists for every bounded number", () => expect(sliders.length).toBeGreaterThan(25));
  it("gives allowed values only", () => {
    for (const { setting, scale } of sliders) {
      for (let share = 0; share <= 1.0001; share += 0.01) {
        const value = fromShare(scale, share);
        expect(checkValue(setting, value), `${setting.path} at ${share}`).toBeNull();
      }
    }
  });
  it("moves by arrow keys, and stays allowed", () => {
    for (const { setting, scale } of sliders) {
      for (const steps of [-1, 1, -10, 10]) {
        const from = Number(setting.default);
        const next = nextValue(scale, from, steps);
        expect(isWithin(setting.bounds, next), `${setting.path} ${from} ${steps}`).toBe(true);
      }
    }
  });
  it("moves up where there is room", () => {
    const { scale } = sliders.find(({ setting }) => setting.path === "generator.optimizer.learning_rate")!;
    expect(nextValue(scale, 0.03, 1)).toBeGreaterThan(0.03);
    expect(nextValue(scale, 0.03, -1)).toBeLessThan(0.03);
  });
  it("stands where its value is", () => {
    for (const { scale } of sliders) {
      for (const share of [0.2, 0.5, 0.8]) {
        expect(Math.abs(toShare(scale, fromShare(scale, share)) - share)).toBeLessThan(0.25);
      }
    }
  });
  it("has 0 at its left end where 0 is allowed", () => {
    const { scale } = sliders.find(({ setting }) => setting.path === "r1")!;
    expect(fromShare(scale, 0)).toBe(0);
    expect(toShare(scale, 0)).toBe(0);
    expect(fromShare(scale, 0.1)).toBeGreaterThan(0);
  });
});
