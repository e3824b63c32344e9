import { describe, expect, it } from "vitest";

import { niceTicks } from "../src/curves/chart";
import { toCsv } from "../src/curves/csv";
import { History } from "../src/curves/history";
import { placeOf, type Series, valueAt } from "../src/curves/series";
import { pitchOf, sampleCurve } from "../src/curves/sound";
import { smooth, thinSeries } from "../src/curves/thin";

function makeSeries(x: number[], y: number[], name = "loss"): Series {
  return { name, label: name, color: "blue", x, y };
}

function measurements(from: number, values: number[]) {
  return { steps: Float64Array.from(values, (_, i) => from + i), columns: { loss: Float64Array.from(values) } };
}

describe("thinSeries", () => {
  it("keeps the one peak of a million points", () => {
    const count = 1_000_000;
    const y = new Array<number>(count).fill(1);
    y[654_321] = 9;
    y[654_322] = -9;
    const { x, ys } = thinSeries([makeSeries(y.map((_, i) => i), y)], 0, count, 300);
    expect(x).toHaveLength(600);
    const values = ys[0]!.filter((value) => value !== null);
    expect(Math.max(...values)).toBe(9);
    expect(Math.min(...values)).toBe(-9);
    expect(values.indexOf(9)).toBeLessThan(values.indexOf(-9));
  });

  it("shows few points where they are", () => {
    const { x, ys } = thinSeries([makeSeries([0, 50, 100], [3, 1, 2])], 0, 100, 10);
    const shown = ys[0]!.flatMap((value, i) => (value === null ? [] : [[x[i]!, value]]));
    expect(shown).toEqual([[2.5, 3], [52.5, 1], [92.5, 2]]); // in the columns of 0, 50 and 100
  });

  it("leaves out what is no number", () => {
    const { ys } = thinSeries([makeSeries([0, 1, 2], [NaN, Infinity, 5])], 0, 3, 3);
    expect(ys[0]!.filter((value) => value !== null)).toEqual([5]);
  });
});

describe("History", () => {
  it("gives back what it was given while there is room", () => {
    const history = new History(16);
    history.append(measurements(0, [3, 1, 2]));
    expect([...history.curve("loss").y]).toEqual([3, 1, 2]);
    expect([...history.curve("loss").x]).toEqual([0, 1, 2]);
    expect(history.last("loss")).toBe(2);
  });

  it("keeps extremes, their order and the newest value through halvings", () => {
    const history = new History(16);
    const values = Array.from({ length: 1000 }, (_, i) => Math.sin(i / 40));
    values[500] = 7;
    values[503] = -7;
    for (let i = 0; i < 1000; i += 7) history.append(measurements(i, values.slice(i, i + 7)));
    const { x, y } = history.curve("loss");
    expect(x.length).toBeLessThanOrEqual(32);
    expect(Math.max(...y)).toBe(7);
    expect(Math.min(...y)).toBe(-7);
    expect(y.indexOf(7)).toBeLessThan(y.indexOf(-7));
    expect([...x]).toEqual([...x].sort((a, b) => a - b));
    expect(history.last("loss")).toBeCloseTo(values[999]!);
  });

  it("forgets what a replay does again", () => {
    const history = new History(64);
    history.append(measurements(0, Array.from({ length: 40 }, (_, i) => i)));
    history.append(measurements(10, [100]));
    expect([...history.curve("loss").x].at(-1)).toBe(10);
    expect([...history.curve("loss").y].at(-1)).toBe(100);
  });
});

describe("smooth", () => {
  it("has no bias towards 0 at the start and passes over gaps", () => {
    expect([...smooth([4, 4, NaN, 4], 0.9)].map((v) => Number(v.toFixed(9)))).toEqual([4, 4, NaN, 4]);
  });
});

describe("values", () => {
  it("finds the value at a place or before it", () => {
    const series = makeSeries([0, 10, 20], [5, NaN, 7]);
    expect(placeOf(series.x, 10)).toBe(1);
    expect(valueAt(series, 15)).toBe(5);
    expect(valueAt(series, -1)).toBeNaN();
  });

  it("writes CSV with gaps where a curve has no value", () => {
    const csv = toCsv([makeSeries([0, 2], [1, 2], "a"), makeSeries([2, 3], [NaN, 4], "b,c")], "step");
    expect(csv).toBe('step,a,"b,c"\n0,1,\n2,2,\n3,,4\n');
  });

  it("chooses round ticks", () => {
    expect(niceTicks(0, 1.4, 4)).toEqual([0, 0.5, 1]);
    expect(niceTicks(0.001, 20, 4, true)).toEqual([0.001, 0.01, 0.1, 1, 10]);
  });
});

describe("sound", () => {
  it("is higher where the value is", () => {
    expect(pitchOf(0, 0, 1)).toBe(220);
    expect(pitchOf(1, 0, 1)).toBe(880);
    expect(pitchOf(3, 3, 3)).toBeGreaterThan(220);
  });

  it("samples a curve evenly and holds values over gaps", () => {
    const values = sampleCurve(makeSeries([0, 10], [1, 2]), 0, 10, 4);
    expect([...values]).toEqual([1, 1, 1, 2]);
  });
});
