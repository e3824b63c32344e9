import { expect, test } from "vitest";

import { defaultValues, readSchema } from "../src/form/schema";
import labs from "./labs";
import { commandLine, type Experiment, recipeYaml, settingsOf } from "../src/run/commands";

const schema = readSchema(labs.gan2d.schema);
const base = defaultValues(schema);
const experiment: Experiment = {
  lab: "gan2d", schema, recipe: "gan2d/ring", base, config: { ...base, seed: 7 },
  changes: "20:d_steps=2", iterations: 40,
};

test("a run of the live engine needs its engine, iterations and changes", () => {
  expect(settingsOf(experiment)).toEqual({ seed: 7, engine: "wasm", iterations: 40, changes: "20:d_steps=2" });
  expect(commandLine(experiment)).toBe(
    "epoque run gan2d/ring --seed 7 --engine wasm --iterations 40 --changes 20:d_steps=2",
  );
});

test("a decay that ended with the last iteration still ends there", () => {
  const decaying = { ...experiment, config: { ...base, lr_decay: "linear", iterations: 2000 } };
  expect(settingsOf(decaying)).toMatchObject({ iterations: 40, lr_decay_until: 2000 });
  const said = { ...decaying, config: { ...decaying.config, lr_decay_until: 500 } };
  expect(settingsOf(said)).toMatchObject({ lr_decay_until: 500 });
});

test("a recipe of one's own is a recipe", () => {
  expect(recipeYaml(experiment, "Mine: a ring")).toBe(
    'lab: gan2d\ntitle: "Mine: a ring"\nconfig:\n  seed: 7\n  engine: wasm\n  iterations: 40\n' +
      '  changes: "20:d_steps=2"\n',
  );
});

test("what the live engine does not compute is run without it", () => {
  const penalized = { ...experiment, config: { ...base, r1: 0.1 }, changes: "" };
  expect(settingsOf(penalized)).toEqual({ r1: 0.1, iterations: 40 });
});

test("what is planned for later is no part of a training that ends before", () => {
  const planned = { ...experiment, config: { ...base, changes: "20:d_steps=2;90:loss=hinge" } };
  expect(settingsOf(planned)).toMatchObject({ changes: "20:d_steps=2" });
  expect(settingsOf({ ...planned, changes: "", iterations: 10 })).not.toHaveProperty("changes");
  expect(settingsOf({ ...planned, changes: "", iterations: 0 })).toMatchObject({ changes: "20:d_steps=2;90:loss=hinge" });
});

test("what never has an effect is no part of a run", () => {
  const tried = { ...experiment, config: { ...base, image: "own:cat.png~00000000", label_smoothing: 0.1, loss: "wasserstein" }, changes: "" };
  expect(settingsOf(tried)).toEqual({ loss: "wasserstein", engine: "wasm", iterations: 40 });
  expect(settingsOf({ ...tried, changes: "20:loss=log" })).toMatchObject({ label_smoothing: 0.1, changes: "20:loss=log" });
});
