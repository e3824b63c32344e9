import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";

import labs from "../labs";
import { Engine } from "../../src/engines/engine";
import { encodeSettings, pathOfSlot } from "../../src/engines/manifest";
import { findUncovered, manifestOf } from "../../src/engines/manifests";
import type { Frame, Problem, State } from "../../src/engines/session";
import type { Change } from "../../src/engines/timeline";
import { writeChanges } from "../../src/engines/timeline";
import { Trainer } from "../../src/engines/trainer";
import { defaultValues, readSchema } from "../../src/form/schema";

const file = new URL("../../../src/epoque/bench/live_engine/engine.wasm", import.meta.url);
const base = defaultValues(readSchema(labs.gan2d.schema));
const config = { ...base, d_steps: 3, seed: 7 };
let module: WebAssembly.Module;

beforeAll(async () => {
  module = await WebAssembly.compile(readFileSync(file));
});

/** A trainer, the frames and states that it told, and a clock that is fast enough to measure. */
function makeTrainer(lab = "gan2d") {
  const frames: Frame[] = [];
  const states: State[] = [];
  const refused: string[] = [];
  const clock = { now: () => performance.now(), wait: (ms: number) => new Promise<void>((done) => setTimeout(done, ms)) };
  const listener = { isReady: () => true, frame: (frame: Frame) => void frames.push(frame), state: (state: State) => void states.push(state), refuse: (change: Change, problems: readonly Problem[]) => void refused.push(`${change.step} ${problems[0]!.field}`) };
  return { trainer: new Trainer(module, manifestOf(lab)!, clock, listener), frames, states, refused };
}

describe("the manifest", () => {
  it("names the setting of each slot", () => {
    const manifest = manifestOf("gan2d")!;
    const slots = encodeSettings(manifest, config);
    expect(pathOfSlot(manifest, 0)).toBe("seed");
    expect(slots[0]).toBe(7);
    expect(pathOfSlot(manifest, slots.length - 1)).toBe(manifest.settings.at(-1)!.path);
  });
  it("says what the engine does not compute, and why", () => {
    expect(findUncovered("gan2d", config)).toBeNull();
    expect(findUncovered("gan2d", { ...config, r1: 0.1 })).toMatch(/R1/);
    expect(findUncovered("gan2d", { ...config, "generator.layers": [65] })).toMatch(/layers/);
    expect(findUncovered("language", {})).toMatch(/lab/);
  });
});

describe("the engine", () => {
  it("learns: after 2,000 iterations generated points lie where real ones do", () => {
    const engine = new Engine(module, manifestOf("gan2d")!);
    expect(engine.begin(config, null)).toEqual([]);
    expect(engine.advance(2000)).toBe(2000);
    const { real, fake } = engine.snapshot();
    const mean = (data: Float32Array) => data.reduce((sum, value) => sum + value, 0) / data.length;
    expect(Math.abs(mean(real!.data) - mean(fake!.data))).toBeLessThan(0.15);
  });
  it("tells each iteration's metrics once", () => {
    const engine = new Engine(module, manifestOf("gan2d")!);
    engine.begin(config, null);
    engine.advance(10);
    expect([...engine.metrics().steps]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    engine.advance(2);
    const { steps, columns } = engine.metrics();
    expect([...steps]).toEqual([11, 12]);
    expect(columns["loss_d"]!.every(Number.isFinite)).toBe(true);
  });
  it("names the setting that it does not take", () => {
    const engine = new Engine(module, manifestOf("gan2d")!);
    expect(engine.begin({ ...config, loss: "nonsense" }, null)[0]!.field).toBe("loss");
  });
  it("does an iteration in ten phases, and ends in the same state as in one go", () => {
    const [phased, whole] = [new Engine(module, manifestOf("gan2d")!), new Engine(module, manifestOf("gan2d")!)];
    const once = { ...config, d_steps: 1 };
    for (const engine of [phased, whole]) engine.begin(once, null);
    const names = Array.from({ length: 10 }, () => phased.phase()!.name);
    expect(names[0]).toBe("discriminator_sample");
    expect(new Set(names).size).toBe(10);
    whole.advance(1);
    expect(phased.digest()).toBe(whole.digest());
  });
});

describe("the neuron", () => {
  const settings = defaultValues(readSchema(labs.neuron.schema));
  it("learns AND, given by its name or its table", () => {
    const digests = ["and", "0001"].map((truth_table) => {
      const engine = new Engine(module, manifestOf("neuron")!);
      expect(engine.begin({ ...settings, truth_table }, null)).toEqual([]);
      engine.advance(1000);
      const outputs = [...engine.snapshot()["outputs"]!.data];
      expect(outputs.map(Math.round)).toEqual([0, 0, 0, 1]);
      return engine.digest();
    });
    expect(digests[0]).toBe(digests[1]);
  });
  it("says that a table of three symbols is none", () => {
    expect(new Engine(module, manifestOf("neuron")!).begin({ ...settings, truth_table: "01x" }, null)).toHaveLength(1);
  });
});

describe("a training that plays", () => {
  it("pauses exactly at an iteration", async () => {
    const { trainer, states } = makeTrainer();
    trainer.begin(config, null);
    await trainer.play(Infinity, 777);
    expect(trainer.step).toBe(777);
    expect(states.at(-1)).toEqual({ kind: "paused" });
  });
  it("keeps a pace", async () => {
    const { trainer } = makeTrainer();
    trainer.begin(config, null);
    const begin = performance.now();
    await trainer.play(200, 41);
    expect(performance.now() - begin).toBeGreaterThan(190);
  });
  it("does not make up for an hour in which its machine slept", async () => {
    const steps: number[] = [];
    let [now, waits] = [0, 0];
    const wait = (ms: number) => {
      now += ms + (++waits === 20 ? 3_600_000 : 0.01);
      return Promise.resolve();
    };
    const listener = { isReady: () => true, frame: (frame: Frame) => void steps.push(frame.step), state: () => undefined, refuse: () => undefined };
    const trainer = new Trainer(module, manifestOf("gan2d")!, { now: () => now, wait }, listener);
    trainer.begin(config, null);
    await trainer.play(10, 60);
    expect(now).toBeGreaterThan(3_600_000 + 5_000);
    expect(Math.max(...steps.map((step, i) => step - (steps[i - 1] ?? 0)))).toBe(1);
  });
  it("stops at another order", async () => {
    const { trainer, states } = makeTrainer();
    trainer.begin(config, null);
    const playing = trainer.play(Infinity, Infinity);
    await new Promise((done) => setTimeout(done, 30));
    trainer.pause();
    const { step } = trainer;
    await playing;
    expect(trainer.step).toBe(step);
    expect(step).toBeGreaterThan(0);
    expect(states.at(-1)).toEqual({ kind: "paused" });
  });
  it("replays to the same bytes, over changes and from checkpoints", async () => {
    const { trainer } = makeTrainer();
    trainer.begin(config, null);
    await trainer.iterate(500);
    trainer.change({ loss: "hinge", d_steps: 2 });
    await trainer.iterate(300);
    const digest = trainer.digest();
    await trainer.iterate(700);
    const later = trainer.digest();
    await trainer.replay(800);
    expect(trainer.step).toBe(800);
    expect(trainer.digest()).toBe(digest);
    await trainer.iterate(700);
    expect(trainer.digest()).toBe(later);

    const other = makeTrainer().trainer;
    other.begin({ ...config, changes: "500:loss=hinge,d_steps=2" }, null);
    await other.replay(1500);
    expect(other.digest()).toBe(later);
    expect(other.timeline.made).toEqual([{ step: 500, values: { loss: "hinge", d_steps: 2 } }]);
  });
  it("tells what is planned until it is made, and a change by hand ends the plan", async () => {
    const { trainer } = makeTrainer();
    const texts = () => [trainer.timeline.made, trainer.timeline.planned].map(writeChanges);
    trainer.begin({ ...config, changes: "10:d_steps=2;20:d_steps=1" }, null);
    expect(texts()).toEqual(["", "10:d_steps=2;20:d_steps=1"]);
    await trainer.iterate(15);
    expect(texts()).toEqual(["10:d_steps=2", "20:d_steps=1"]);
    await trainer.replay(5);
    expect(texts()).toEqual(["", "10:d_steps=2;20:d_steps=1"]);
    trainer.change({ g_steps: 2 });
    expect(texts()).toEqual(["5:g_steps=2", ""]);
  });
  it("forgets a change that is taken back before it has an effect, and keeps what was planned", async () => {
    const { trainer } = makeTrainer();
    trainer.begin({ ...config, changes: "10:d_steps=2;20:d_steps=1" }, null);
    await trainer.iterate(15);
    trainer.change({ g_steps: 2, batch_size: 20 });
    trainer.change({ batch_size: base["batch_size"] });
    expect(writeChanges(trainer.timeline.made)).toBe("10:d_steps=2;15:g_steps=2");
    trainer.change({ g_steps: base["g_steps"] });
    expect(trainer.timeline).toEqual({ made: [{ step: 10, values: { d_steps: 2 } }], planned: [{ step: 20, values: { d_steps: 1 } }] });
  });
  it("goes on as it was after settings that it does not take", async () => {
    const { trainer } = makeTrainer();
    trainer.begin(config, null);
    await trainer.iterate(20);
    expect(trainer.begin({ ...config, "generator.layers": [1, 2, 3, 4, 5, 6, 7] }, null)).toHaveLength(1);
    expect(trainer.change({ loss: "nonsense" }).problems).toHaveLength(1);
    expect(trainer.step).toBe(20);
    await trainer.iterate(1);
    expect(trainer.step).toBe(21);
  });
  it("stops before a number is infinite, says where, and goes on once a change mends it", async () => {
    const { trainer, states, frames } = makeTrainer();
    trainer.begin({ ...config, loss: "wasserstein", "discriminator.optimizer.learning_rate": 1000, "generator.optimizer.learning_rate": 1000, "generator.output": "linear" }, null);
    await trainer.play(Infinity, 5000);
    const state = states.at(-1)!;
    expect(state.kind).toBe("diverged");
    if (state.kind !== "diverged") return;
    expect(state.step).toBe(trainer.step);
    expect(state.what).toMatch(/loss|weight/);
    expect(frames.at(-1)!.arrays["fake"]!.data.every(Number.isFinite)).toBe(true);
  });
});

describe("weights that are set and held", () => {
  const settings = { ...defaultValues(readSchema(labs.neuron.schema)), model: "mlp", truth_table: "0110", hidden_layers: [3] };

  async function train() {
    const { trainer, frames } = makeTrainer("neuron");
    trainer.begin(settings, null);
    trainer.change({ "w1.1.2": 0.125, "held.w1.1.2": 1 });
    await trainer.iterate(20);
    trainer.change({ learning_rate: 0.1, "b2.0": -0, "held.w1.1.2": 0 });
    await trainer.iterate(10);
    return { trainer, frames };
  }

  it("are part of the changes, and a training that plans them ends in the same bytes", async () => {
    const { trainer } = await train();
    const changes = writeChanges(trainer.timeline.made);
    expect(changes).toBe("0:w1.1.2=0.125,held.w1.1.2=1;20:learning_rate=0.1,b2.0=-0,held.w1.1.2=0");
    const { trainer: again } = makeTrainer("neuron");
    again.begin({ ...settings, changes }, null);
    await again.replay(20);
    expect(again.weights()["w1"]!.data[5]).toBe(0.125);
    expect(again.weights()["held.w1"]!.data[5]).toBe(0);
    await again.iterate(10);
    expect(again.digest()).toBe(trainer.digest());
    expect(again.weights()["w1"]!.data[5]).not.toBe(0.125);
  });

  it("are as they were once what they took the place of is set again", async () => {
    const { trainer } = makeTrainer("neuron");
    trainer.begin(settings, null);
    await trainer.iterate(20);
    const digest = trainer.digest();
    const { before } = trainer.change({ "w1.1.2": 0.125, "held.w1.1.2": 1 });
    expect(before["held.w1.1.2"]).toBe(0);
    expect(trainer.digest()).not.toBe(digest);
    expect(trainer.change(before).before).toEqual({ "w1.1.2": 0.125, "held.w1.1.2": 1 });
    expect(trainer.digest()).toBe(digest);
    expect(trainer.timeline.made).toEqual([]);
  });

  it("are seen again when the training is replayed", async () => {
    const { trainer } = await train();
    const digest = trainer.digest();
    await trainer.replay(5);
    expect(trainer.weights()["held.w1"]!.data[5]).toBe(1);
    await trainer.replay(30);
    expect(trainer.digest()).toBe(digest);
  });

  it("are measured as they are, not as the iteration before left them", async () => {
    const { trainer, frames } = makeTrainer("neuron");
    trainer.begin(settings, null);
    await trainer.iterate(5);
    trainer.change({ "w2.0.0": 9 });
    const { step, evaluation, arrays } = frames.at(-1)!;
    expect(step).toBe(5);
    const gaps = [...arrays["outputs"]!.data].map((output, i) => Math.abs(output - arrays["d"]!.data[i]!));
    expect(evaluation!["error_max"]).toBeCloseTo(Math.max(...gaps), 5);
    const after = await trainer.iterate(1);
    expect(after.evaluation).toBeUndefined();
  });

  it("that there are not, or that are no numbers, are refused and change nothing", async () => {
    const { trainer, refused } = makeTrainer("neuron");
    trainer.begin({ ...settings, changes: "0:w9.0.0=1;0:w1.2.0=1;0:w1.0=1;0:w1.0.0=NaN;0:held.b1.0=2;0:nonsense=1;0:b1.0=0.5" }, null);
    expect(refused).toEqual(["0 w9.0.0", "0 w1.2.0", "0 w1.0", "0 w1.0.0", "0 held.b1.0", "0 nonsense"]);
    expect(writeChanges(trainer.timeline.made)).toBe("0:b1.0=0.5");
    expect(trainer.change({ "w1.0.3": 1 }).problems).toHaveLength(1);
  });
});
