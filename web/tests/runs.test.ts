import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { readSchema } from "../src/form/schema";
import { noteTable } from "../src/form/upload-names";
import type { RunInfo } from "../src/pages/runs/api";
import { commonMetrics, compareResults, compareSettings, findPairs } from "../src/pages/runs/comparison";
import { addFilter, MOST_CHOSEN, readChoice, readChosen, USUAL, writeChoice, writeChosen } from "../src/pages/runs/filters";
import { groupCurves, groupNames } from "../src/pages/runs/curve-groups";
import { after, joinCurves, NONE, seriesOf } from "../src/pages/runs/run-curves.svelte";
import { parseSafetensors } from "../src/pages/runs/safetensors";
import { thinPairs } from "../src/pages/runs/thin-pairs";
import { bytesText, cellText, durationText, progressText, settingText, titleOf } from "../src/pages/runs/words";

function fileOf(header: unknown, data: Uint8Array = new Uint8Array()): ArrayBuffer {
  const text = new TextEncoder().encode(JSON.stringify(header));
  const file = new Uint8Array(8 + text.length + data.length);
  new DataView(file.buffer).setBigUint64(0, BigInt(text.length), true);
  file.set(text, 8);
  file.set(data, 8 + text.length);
  return file.buffer;
}

function runOf(id: string, settings: Record<string, unknown>, results: Record<string, unknown>, lab = "gan2d"): RunInfo {
  return {
    ...{ id, lab, settings, results, recipe: `${lab}/ring`, created: "", state: "finished", reason: "", seconds: 1, values: {} },
    ...{ path: id, recipe_settings: null, not_measured: {}, timings: {}, environment: null, metrics: [], figures: [], files: [] },
    ...{ checkpoints: [], snapshots: 0, command: null, resume: null, notes: [], name: null, progress: null, background: false },
  };
}

describe("the line of filters", () => {
  it("quotes what a shell would part", () => {
    expect(addFilter("ring", "seed", "<", "3")).toBe("ring seed<3");
    expect(addFilter("", "reason", "~", "no space")).toBe("'reason~no space'");
    expect(addFilter("", "reason", "~", "it's")).toBe(`'reason~it'"'"'s'`);
  });

  it("is read back from the address as it was written", () => {
    const text = fc.string({ maxLength: 60 });
    const names = fc.array(fc.string({ minLength: 1, maxLength: 20 }).filter((name) => !name.includes(",")), { maxLength: 10 });
    fc.assert(
      fc.property(text, text, fc.boolean(), fc.option(names), (where, sort, descending, columns) => {
        const choice = { where, sort, descending, columns };
        expect(readChoice(writeChoice(choice))).toEqual(choice);
      }),
    );
    expect(readChoice("")).toEqual(USUAL);
    expect(writeChoice(USUAL)).toBe("");
  });

  it("takes at most twelve runs to compare, each once, whatever their ids hold", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string(), { maxLength: MOST_CHOSEN }), (ids) => {
        expect(readChosen(writeChosen(ids))).toEqual(ids);
      }),
    );
    expect(readChosen(writeChosen([..."abcdefghijklmnopqa"]))).toEqual([..."abcdefghijkl"]);
  });
});

describe("curves that grow", () => {
  it("have no value where a metric was not there yet", () => {
    const before = { steps: [1, 2], seconds: null, values: new Map([["a", [1, 2]]]) };
    const after = { steps: [3], seconds: null, values: new Map([["b", [5]]]) };
    const joined = joinCurves(before, after);
    expect(joined.steps).toEqual([1, 2, 3]);
    expect(joined.values.get("a")).toEqual([1, 2, NaN]);
    expect(joined.values.get("b")).toEqual([NaN, NaN, 5]);
    expect(joinCurves(NONE, after).steps).toEqual([3]);
  });

  it("lose no peak when they are thinned", () => {
    const values = fc.array(fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constant(NaN)), { minLength: 30, maxLength: 400 });
    fc.assert(
      fc.property(values, (y) => {
        const curves = { steps: y.map((_, i) => i), seconds: null, values: new Map([["a", y]]) };
        const thin = thinPairs(curves, 20, 20);
        const kept = thin.values.get("a")!;
        expect(kept.length).toBeLessThanOrEqual(20);
        expect(kept.length).toBe(thin.steps.length);
        const real = (list: readonly number[]) => list.filter((value) => !Number.isNaN(value));
        if (real(y).length) {
          expect(Math.max(...real(kept))).toBe(Math.max(...real(y)));
          expect(Math.min(...real(kept))).toBe(Math.min(...real(y)));
        }
        expect([...thin.steps].sort((a, b) => a - b)).toEqual(thin.steps);
      }),
    );
  });

  it("stand with their kin, over steps or seconds", () => {
    expect(groupNames(["loss_d", "error", "loss_g", "w0", "w1"])).toEqual([["loss_d", "loss_g"], ["error"], ["w0", "w1"]]);
    const curves = { steps: [1, 2], seconds: [0.5, 1], values: new Map([["a", [3, 4]]]) };
    expect(seriesOf(curves, ["a", "none"], "seconds")[0]).toMatchObject({ name: "a", x: [0.5, 1], y: [3, 4] });
    expect(seriesOf({ ...curves, seconds: null }, ["a"], "seconds")[0]?.x).toEqual([1, 2]);
  });

  it("are called as the lab says, in its pictures first", () => {
    const metrics = [{ name: "loss_d", label: "discriminator" }, { name: "loss_x", label: "nobody" }];
    const view = { kind: "curves" as const, title: "Losses", metrics, log: true, references: [] };
    const groups = groupCurves(["w1", "loss_d", "odd"], [view], { "w{n}": "Weight w{n}" });
    expect(groups.map(({ title, names, log }) => [title, names, log])).toEqual([["Losses", ["loss_d"], true], ["Weight w1", ["w1"], false], ["odd", ["odd"], false]]);
    expect(groups[0]!.labels).toEqual({ loss_d: "discriminator" });
  });

  it("take only rows that they do not have", () => {
    const rows = { steps: [3, 4, 5], seconds: [1, 2, 3], values: new Map([["a", [7, 8, 9]]]) };
    expect(after(rows, 4)).toEqual({ steps: [5], seconds: [3], values: new Map([["a", [9]]]) });
    expect(after(rows, 2)).toBe(rows);
    expect(after(rows, 5).steps).toEqual([]);
    expect(after(NONE, 0).steps).toEqual([]);
  });
});

describe("a run in words", () => {
  it("is called by the name that it was given, else by its recipe", () => {
    expect(titleOf({ id: "mine", name: "mine", recipe: "gan2d/ring" })).toBe("mine");
    expect(titleOf({ id: "2026-gan2d-ring", name: null, recipe: "gan2d/ring" })).toBe("gan2d/ring");
    expect(titleOf({ id: "2026-x", name: null, recipe: null })).toBe("2026-x");
  });

  it("says how far it is", () => {
    expect(progressText({ done: 1200, total: 5000 })).toBe("1,200 of 5,000");
    expect(progressText({ done: 0.345, total: 1 })).toBe("35%");
    expect(progressText({ done: 12, total: null })).toBe("12");
  });

  it("shows a choice in the lab's words, and a file by its name", () => {
    const { settings } = readSchema({
      properties: { engine: { enum: ["jax", "wasm"], choices: { wasm: "live engine" } }, csv: { type: "string", file: ["csv"] } },
    });
    expect(settingText(settings[0], "wasm")).toBe("live engine");
    expect(settingText(settings[0], "jax")).toBe("jax");
    noteTable("own:fr.csv:0+2:1", { file: "fr.csv", inputs: ["length", "width"], label: "sort" });
    expect(settingText(settings[1], "own:fr.csv:0+2:1")).toBe("fr.csv: length, width; class: sort");
    expect(settingText(settings[1], `upload:${"ab".repeat(16)}`)).toBe("uploaded file abababab");
    expect(settingText(undefined, 3)).toBe("3");
  });
});

describe("safetensors", () => {
  it("are read whatever their kind", () => {
    const data = new Uint8Array(new Float64Array([1.5, -2]).buffer);
    const header = { x: { dtype: "F64", shape: [2, 1], data_offsets: [0, 16] }, __metadata__: {}, y: { dtype: "BF16", shape: [1], data_offsets: [0, 2] } };
    const arrays = parseSafetensors(fileOf(header, data));
    expect(Object.keys(arrays)).toEqual(["x"]);
    expect(arrays["x"]).toEqual({ shape: [2, 1], data: new Float32Array([1.5, -2]) });
  });

  it("that are none are refused and never hang", () => {
    const odd = [
      new ArrayBuffer(8),
      fileOf({ x: { dtype: "F32", shape: [1e9], data_offsets: [0, 4] } }),
      fileOf({ x: { dtype: "F32", shape: [1], data_offsets: [0, 4] } }),
      new Uint8Array([255, 255, 255, 255, 255, 255, 255, 127]).buffer,
    ];
    for (const file of odd) expect(() => parseSafetensors(file)).toThrow();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          parseSafetensors(new Uint8Array(bytes).buffer);
        } catch {
          // One sentence stands on the page.
        }
      }),
    );
  });
});

describe("a comparison", () => {
  const runs = [
    runOf("a", { seed: 1, rate: 0.1, layers: [2, 3] }, { loss: 1, kept: 5 }),
    runOf("b", { seed: 1, rate: 0.2, layers: [2, 3] }, { loss: 3, kept: 5 }),
    runOf("c", { seed: 2, rate: 0.2 }, {}),
  ];

  it("tells the settings that differ, and results with gaps", () => {
    expect(compareSettings(runs).map(({ name, values }) => [name, ...values])).toEqual([
      ["seed", 1, 1, 2],
      ["rate", 0.1, 0.2, 0.2],
      ["layers", [2, 3], [2, 3], undefined],
    ]);
    expect(compareResults(runs)[0]).toEqual({ name: "loss", values: [1, 3, undefined], differs: true });
  });

  it("pairs runs of one lab and one seed", () => {
    expect(findPairs(runs)).toEqual([{ first: 0, second: 1, seed: 1, settings: ["rate"], differences: { loss: 2 } }]);
    expect(findPairs([runs[0]!, runOf("d", { seed: 1 }, {}, "neuron")])).toEqual([]);
  });

  it("draws what is common first", () => {
    expect(commonMetrics([["a", "b"], ["b", "c"], ["b", "a"]])).toEqual(["b", "a"]);
    expect(commonMetrics([["a"]])).toEqual(["a"]);
  });
});

describe("words", () => {
  it("show any value as text", () => {
    expect([null, undefined, [], [10, 10], true, 3, 0.123456, "x<b>", { a: 1 }].map(cellText)).toEqual([
      "–", "–", "–", "10, 10", "yes", "3", "0.1235", "x<b>", '{"a":1}',
    ]);
  });

  it("tell times and sizes", () => {
    expect([null, 3.21, 75, 7260].map(durationText)).toEqual(["–", "3.21 s", "1 min 15 s", "2 h 1 min"]);
    expect([12, 12_300, 5e9].map(bytesText)).toEqual(["12 byte", "12.3 kB", "5 GB"]);
  });
});
