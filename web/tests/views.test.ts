import { describe, expect, test } from "vitest";

import { History } from "../src/curves";
import exported from "./labs";
import type { NdArray } from "../src/engines/session";
import { listCharts } from "../src/views/curves";
import { makeSheet } from "../src/views/images";
import { describeNetwork, readLayers } from "../src/views/network";
import { describePlace, domainOf, planeLayers } from "../src/views/plane";
import { decodeText } from "../src/views/text";
import { canDraw, type CurvesView, isPicture, type NetworkView, type PlaneView, readViews } from "../src/views/views";

function array(shape: readonly number[], values?: readonly number[]): NdArray {
  const count = shape.reduce((product, size) => product * size, 1);
  return { shape, data: Float32Array.from(values ?? Array.from({ length: count }, (_, i) => i)) };
}

function exportedViews(lab: "gan2d" | "neuron") {
  return readViews(exported[lab].schema);
}

const PLANE: PlaneView = {
  kind: "plane",
  title: "Points",
  layers: [
    { kind: "cells", array: "d", label: "answers", low: 0, high: 1 },
    { kind: "points", array: "x", label: "learned from", color: "blue", form: "disc", classes: "c" },
    { kind: "arrows", array: "g", at: "x", label: "gradients", color: "green" },
  ],
  corner: null,
  size: 1,
};
const NETWORK: NetworkView = { kind: "network", title: "Weights", weights: "w{layer}", biases: "b{layer}", inputs: null };

describe("views", () => {
  test("are read as the labs export them, and unknown kinds are left out", () => {
    expect(exportedViews("gan2d").map((view) => view.kind)).toContain("plane");
    expect(exportedViews("neuron").filter((view) => view.kind === "network")).toHaveLength(2);
    expect(readViews({ views: [{ kind: "hologram" }, { kind: "text", title: "T", array: "t" }] })).toHaveLength(1);
    expect(readViews({})).toEqual([]);
  });

  test("are drawn where a frame has their arrays, in the shape that they need", () => {
    expect(canDraw(PLANE, {})).toBe(false);
    expect(canDraw(PLANE, { x: array([3, 3]) })).toBe(false);
    expect(canDraw(PLANE, { x: array([3, 2]) })).toBe(true);
    expect(canDraw(NETWORK, { w1: array([2, 3]) })).toBe(true);
    expect(canDraw({ ...NETWORK, weights: "w" }, { w: array([3]) })).toBe(true);
    expect(canDraw({ kind: "images", title: "I", array: "i", low: 0, high: 1 }, { i: array([2, 4, 4, 2]) })).toBe(false);
    const snapshot = Object.fromEntries(["real", "fake"].map((name) => [name, array([450, 2])]));
    expect(exportedViews("gan2d").filter(isPicture).filter((view) => canDraw(view, snapshot))).toHaveLength(1);
  });
});

describe("a plane", () => {
  const arrays = { x: array([2, 2], [-1, 0, 3, 2]), c: array([2], [0, 1]), d: array([2, 4], [0, 0, 0, 0, 1, 1, 1, 1]) };

  test("is fitted to its points, a square with a margin", () => {
    const domain = domainOf(PLANE, arrays);
    expect(domain.size).toBeCloseTo(4 * 1.16);
    expect([domain.left + domain.size / 2, domain.bottom + domain.size / 2]).toEqual([1, 1]);
    expect(domainOf({ ...PLANE, corner: [-2, -2], size: 4 }, arrays)).toEqual({ left: -2, bottom: -2, size: 4 });
  });

  test("tells classes apart by form, and leaves out what a frame lacks or a reader hides", () => {
    const domain = domainOf(PLANE, arrays);
    const names = (hidden: readonly string[]) => planeLayers(PLANE, arrays, domain, hidden).map((layer) => layer.name);
    expect(names([])).toEqual(["d", "x 0", "x 1"]);
    expect(names(["d"])).toEqual(["x 0", "x 1"]);
  });

  test("says where a place is, and the number of the cell there", () => {
    const domain = { left: 0, bottom: 0, size: 1 };
    expect(describePlace(PLANE, arrays, domain, [0.5, 0.99])).toBe("x 0.5, y 0.99; answers 1");
    expect(describePlace(PLANE, arrays, domain, [0.5, 0.01])).toBe("x 0.5, y 0.01; answers 0");
  });
});

describe("a network", () => {
  test("is read layer by layer, or as one neuron with its bias last", () => {
    const layers = readLayers(NETWORK, { w1: array([2, 3]), b1: array([3]), w2: array([3, 1]) });
    expect(layers.map(({ inputs, outputs }) => [inputs, outputs])).toEqual([[2, 3], [3, 1]]);
    expect(layers[1]?.biases).toBeNull();
    const [neuron] = readLayers({ ...NETWORK, weights: "w" }, { w: array([3], [0.5, -2, 7]) });
    expect([...(neuron?.weights ?? [])]).toEqual([0.5, -2]);
    expect([...(neuron?.biases ?? [])]).toEqual([7]);
  });

  test("is told in a sentence", () => {
    const layers = readLayers({ ...NETWORK, weights: "w" }, { w: array([3], [0.5, -2, 7]) });
    expect(describeNetwork(layers)).toBe("1 layer of weights between 2, 1 neurons; the largest weight is −2, in layer 1.");
  });
});

test("pictures lie on one sheet, gray ones in three equal channels", () => {
  const sheet = makeSheet(array([3, 1, 2], [0, 0.5, 1, 1, 0, 0]), 0, 1);
  expect([sheet.width, sheet.height]).toEqual([5, 3]);
  expect([...sheet.data.slice(0, 8)]).toEqual([0, 0, 0, 255, 128, 128, 128, 255]);
  expect(sheet.data[4 * 2 + 3]).toBe(0);
});

test("a text is read from its bytes, line by line", () => {
  const bytes = [...new TextEncoder().encode("é!")];
  expect(decodeText(array([3], bytes))).toBe("é!");
  expect(decodeText(array([2, 4], [...bytes, 0, 104, 105, 0, 0]))).toBe("é!\nhi");
});

describe("charts", () => {
  const view: CurvesView = {
    ...{ kind: "curves", title: "Losses", log: true, references: [] },
    metrics: [{ name: "loss", label: "training" }, { name: "test_loss", label: "test" }],
  };

  test("are those that are declared and measured, then every other metric by its label or its name", () => {
    const history = new History();
    history.append({ steps: Float64Array.of(1, 2), columns: { loss: Float64Array.of(3, 2), grad_norm: Float64Array.of(1, 1), kimg: Float64Array.of(NaN, NaN) } });
    const charts = listCharts([view], { grad_norm: "Length" }, history);
    expect(charts.map((chart) => [chart.title, chart.isDeclared, chart.series.map((one) => one.label)])).toEqual([
      ["Losses", true, ["training"]],
      ["Length", false, ["Length"]],
    ]);
    expect(listCharts([], {}, history).map((chart) => chart.title)).toEqual(["loss", "grad norm"]);
    expect(listCharts([view], {}, new History())).toEqual([]);
  });
});
