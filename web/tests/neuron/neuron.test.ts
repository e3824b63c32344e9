import { readFileSync } from "node:fs";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";

import { findClassPoints, keepClassTable, pickClassPoints, readClassPoints, suggestColumns, whyIdleInput, whyNoInput, whyNotLearned, writeClassPoints } from "../../src/data/class-points";
import { readTable } from "../../src/data/table";
import { Engine } from "../../src/engines/engine";
import { manifestOf } from "../../src/engines/manifests";
import { flatPlace, separateWeights } from "../../src/engines/weight-edits";
import { defaultValues, readSchema } from "../../src/form/schema";
import labs from "../labs";
import { computeMaps, computeOutput, readModel } from "../../src/pages/neuron/model";
import { findPart, layoutNetwork, pathOf, placeOfPart, valueOf, type Part } from "../../src/pages/neuron/network-picture";
import { accuracyOf, countConfusion, readPoints, sliceOf } from "../../src/pages/neuron/points";
import { PRESETS } from "../../src/pages/neuron/presets";
import { decideSeparability } from "../../src/pages/neuron/separability";
import { PointsSketch } from "../../src/pages/neuron/sketch";
import { findMisfit, readJson, readSafetensors, writeJson, writeSafetensors } from "../../src/pages/neuron/weights-file";
import { ownPointsCsv } from "../../src/data/own-points";

const file = new URL("../../../src/epoque/bench/live_engine/engine.wasm", import.meta.url);
const base = defaultValues(readSchema(labs.neuron.schema));
let module: WebAssembly.Module;

beforeAll(async () => {
  module = await WebAssembly.compile(readFileSync(file));
});

function begin(values: Record<string, unknown>, points: Parameters<Engine["begin"]>[1] = null) {
  const engine = new Engine(module, manifestOf("neuron")!);
  const config = { ...base, ...values };
  expect(engine.begin(config, points)).toEqual([]);
  const frame = () => ({ step: engine.step, milliseconds: 0, arrays: engine.snapshot(), metrics: engine.metrics() });
  return { engine, config, frame };
}

function table(text: string): { x: number[]; d: number[]; inputs: number } {
  const inputs = Math.log2(text.length);
  const x = Array.from(text).flatMap((_, i) => Array.from({ length: inputs }, (_, f) => (i >> (inputs - 1 - f)) & 1));
  return { x, d: Array.from(text, Number), inputs };
}

describe("the model in the client", () => {
  it.each([{ rule: "step" }, { truth_table: "0110" }, { model: "mlp", data: "circle", hidden_layers: [4, 3], init: "normal" }, { model: "mlp", activation: "relu" }])(
    "answers what the engine answers: %o",
    (values) => {
      const { engine, config, frame } = begin(values);
      engine.advance(50);
      const now = frame();
      const model = readModel(now, config)!;
      for (const set of [readPoints(now), readPoints(now, true)]) {
        for (let i = 0; i < set.count; i++) {
          const inputs = [...set.x.slice(i * set.inputs, (i + 1) * set.inputs)];
          expect(computeOutput(model, inputs)).toBeCloseTo(set.outputs[i]!, 4);
        }
      }
    },
  );
  it("draws maps of the same answers", () => {
    const { engine, config, frame } = begin({ model: "mlp", data: "spiral", hidden_layers: [5] });
    engine.advance(20);
    const now = frame();
    const model = readModel(now, config)!;
    const maps = computeMaps(model, sliceOf(readPoints(now)), { left: -6, bottom: -6, size: 12 });
    expect(maps.side).toBe(100);
    expect(maps.layers.map((layer) => layer.length)).toEqual([2, 5, 1]);
    const at = (index: number) => -6 + ((index + 0.5) / 100) * 12;
    expect(maps.layers[2]![0]![30 * 100 + 70]).toBeCloseTo(computeOutput(model, [at(70), at(30)]), 4);
  });
});

describe("separability", () => {
  const lines = new Set(["0110", "1001"]);
  it.each(Array.from({ length: 16 }, (_, i) => i.toString(2).padStart(4, "0")))("is right of the gate %s", (text) => {
    const { x, d, inputs } = table(text);
    const verdict = decideSeparability(x, d, inputs);
    expect(verdict.separable).toBe(!lines.has(text));
  });
  it("gives a line with a margin, or means that meet, of any points", () => {
    const coordinate = fc.integer({ min: -6, max: 6 });
    const points = fc.array(fc.tuple(coordinate, coordinate, fc.boolean()), { minLength: 2, maxLength: 24 });
    fc.assert(
      fc.property(points, (list) => {
        const x = list.flatMap(([a, b]) => [a, b]);
        const d = list.map(([, , kind]) => Number(kind));
        const { separable, line, certificate } = decideSeparability(x, d, 2);
        expect(separable).not.toBeNull();
        if (line) list.forEach(([a, b], i) => expect((2 * d[i]! - 1) * (line[1]! * a + line[2]! * b - line[0]!)).toBeGreaterThan(1 - 1e-6));
        if (!certificate) return;
        for (const [shares, kind] of [[certificate.ones, 1], [certificate.zeros, 0]] as const) {
          expect(shares.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(1, 9);
          expect(shares.every(({ point, weight }) => d[point] === kind && weight > 0)).toBe(true);
          for (const axis of [0, 1]) {
            const mean = shares.reduce((sum, { point, weight }) => sum + weight * x[2 * point + axis]!, 0);
            expect(mean).toBeCloseTo(certificate.place[axis]!, 6);
          }
        }
      }),
    );
  });
  it("is right of five inputs: their majority, and their parity", () => {
    const texts = [0, 1].map((isParity) => Array.from({ length: 32 }, (_, i) => {
      const ones = i.toString(2).replaceAll("0", "").length;
      return String(Number(isParity ? ones % 2 === 1 : ones > 2));
    }).join(""));
    const verdicts = texts.map((text) => decideSeparability(table(text).x, table(text).d, 5).separable);
    expect(verdicts).toEqual([true, false]);
  });
});

describe("weights as files", () => {
  it("come back to the last bit", async () => {
    const { engine } = begin({ model: "mlp", data: "circle", hidden_layers: [4, 2] });
    engine.advance(30);
    const weights = engine.weights();
    for (const back of [readJson(writeJson(weights)), readSafetensors(writeSafetensors(weights))]) {
      expect(Object.keys(back)).toEqual(["w1", "b1", "w2", "b2", "w3", "b3"]);
      for (const [name, { shape, data }] of Object.entries(back)) {
        expect(shape).toEqual(weights[name]!.shape);
        expect([...data]).toEqual([...weights[name]!.data]);
      }
      expect(findMisfit(back, weights)).toBeNull();
    }
  });
  it("say in one sentence what is wrong", () => {
    const { engine } = begin({});
    const weights = engine.weights();
    expect(findMisfit({}, weights)).toMatch(/no array w/);
    expect(findMisfit(readJson('{"w": [1, 2]}'), weights)).toMatch(/is 2; this model needs 3/);
    for (const text of ["[1]", "{", '{"w": ["a"]}', '{"w": [[1], [1, 2]]}', '{"w": [null]}']) expect(() => readJson(text)).toThrow(/file/);
    for (const bytes of [[], [1, 2, 3], [255, 255, 255, 255, 0, 0, 0, 0, 123], [2, 0, 0, 0, 0, 0, 0, 0, 123]]) {
      expect(() => readSafetensors(Uint8Array.from(bytes))).toThrow(/safetensors/);
    }
  });
});

describe("points of the reader's own", () => {
  it("stand in the text of a config, to two decimals", () => {
    const points = [{ x: 1.234, y: -2, kind: 1 as const }, { x: 0, y: 3.5, kind: 0 as const }];
    const text = writeClassPoints(points);
    expect(text).toBe("points:1.23_-2_1~0_3.5_0");
    expect(readClassPoints(text)).toEqual([{ ...points[0], x: 1.23 }, points[1]]);
    expect([...findClassPoints(text).data]).toEqual([1.23, -2, 1, 0, 3.5, 0]);
    expect(() => findClassPoints("points:1_1_1")).toThrow(/both classes/);
    expect(() => findClassPoints("own:gone.csv")).toThrow(/“own:gone.csv” are not here/);
    expect(readClassPoints("points:1_x_1~nan_1_0~1_1_7")).toEqual([]);
  });
  it("are read from tables with semicolons, decimal commas and words for classes", () => {
    const read = readTable("taille;poids;espèce\n1,5;2;chat\n2,5;3;chien\n3;1,25;chat\n");
    const choice = suggestColumns(read);
    expect(choice).toEqual({ inputs: [0, 1], label: 2 });
    const points = pickClassPoints(read, choice);
    expect([...points.data]).toEqual([1.5, 2, 0, 2.5, 3, 1, 3, 1.25, 0]);
    keepClassTable("own:chats.csv", points);
    const csv = ownPointsCsv("neuron", { data: "csv", csv: "own:chats.csv" });
    expect(csv).toBe("x1,x2,class\n1.5,2,0\n2.5,3,1\n3,1.25,0\n");
  });
  it.each([
    ["x;y\n1;1\n2;1\n", /one class/],
    ["x;y;z\n1;1;1\n2;1;2\n3;4;3\n", /more than two/],
    ["x\n1\n0\n", /one column/],
    ["x;d\na;1\nb;0\n", /No column of numbers/],
  ])("are refused in one sentence: %j", (text, sentence) => {
    const read = readTable(text);
    expect(() => pickClassPoints(read, suggestColumns(read))).toThrow(sentence);
  });
  it("over 10,000 rows are refused", () => {
    const rows = Array.from({ length: 10_001 }, (_, i) => `${i};${i % 2}`);
    const read = readTable(`x;d\n${rows.join("\n")}\n`);
    expect(() => pickClassPoints(read, suggestColumns(read))).toThrow(/10,001 rows/);
  });
  it("say of each column why it is none, or what is odd about it", () => {
    const read = readTable("id,name,same,size,class\n1,a,7,nan,0\n2,b,7,,1\n3,c,7,2.5,1\n");
    const reasons = read.header.map((_, i) => whyNoInput(read, i) ?? "");
    expect(reasons).toEqual(["", "Row 1 holds “a”, which is no number.", "", "Row 1 holds “nan”, which is no number.", ""]);
    expect(whyIdleInput(read, 2)).toMatch(/same in every row/);
    expect(suggestColumns(read)).toEqual({ inputs: [0], label: 4 });
    expect(whyNotLearned(read, { inputs: [0], label: 4 })).toBeNull();
    expect(whyNotLearned(read, { inputs: [], label: 4 })).toMatch(/at least one/);
    expect(whyNotLearned(read, { inputs: [0], label: 3 })).toBe("Column “size” has no class in row 2.");
  });
  it("can be drawn, erased, moved, undone and done again", () => {
    let sketch = new PointsSketch([]).add({ x: 0, y: 0, kind: 1 }, false).add({ x: 1, y: 0, kind: 1 }, true);
    expect(sketch.points).toHaveLength(2);
    sketch = sketch.move(sketch.nearest([1.1, 0], 0.5), [3, 3], false);
    expect(sketch.points[1]).toEqual({ x: 3, y: 3, kind: 1 });
    sketch = sketch.erase([0, 0], 0.5, false);
    expect(sketch.points).toHaveLength(1);
    expect(sketch.undo().points).toHaveLength(2);
    expect(sketch.undo().undo().undo().points).toHaveLength(0);
    expect(sketch.undo().redo().points).toEqual(sketch.points);
    expect(sketch.erase([9, 9], 0.1, false)).toBe(sketch);
  });
  it("are learned by the engine", () => {
    const { engine, frame } = begin({ data: "csv", csv: "points:", scale: "standard" }, findClassPoints("points:1_1_1~2_2_1~-1_-1_0~-2_-1_0"));
    engine.advance(200);
    expect(accuracyOf(countConfusion(readPoints(frame())))).toBe(1);
  });
});

describe("the network's picture", () => {
  it("finds each weight and bias where it is drawn", () => {
    const { config: values, frame: now } = begin({ model: "mlp", data: "circle", hidden_layers: [4, 2] });
    const model = readModel(now(), values)!;
    const layout = layoutNetwork(model.sizes, 400, 240);
    for (let layer = 1; layer < model.sizes.length; layer++) {
      for (let to = 0; to < model.sizes[layer]!; to++) {
        const bias: Part = { kind: "bias", layer, to };
        expect(findPart(layout, ...placeOfPart(layout, bias))).toEqual(bias);
        expect(valueOf(model, bias)).toBe(model.biases[layer - 1]![to]);
        for (let from = 0; from < model.sizes[layer - 1]!; from++) {
          const part: Part = { kind: "weight", layer, from, to };
          const [edit] = separateWeights({ [pathOf(model, part)!]: 0 }).edits;
          const { shape, data } = now().arrays[edit!.array]!;
          expect(valueOf(model, part)).toBe(data[flatPlace(shape, edit!.place)]);
        }
      }
    }
  });
});

describe("presets", () => {
  it.each(PRESETS.filter(({ name }) => !["xor", "gaussian-mlp"].includes(name)))("$name works", ({ values }) => {
    const { engine, frame } = begin(values);
    engine.advance(3000);
    expect(accuracyOf(countConfusion(readPoints(frame())))).toBeGreaterThan(0.94);
  });
});
