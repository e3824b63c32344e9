import { expect, test } from "vitest";

import { keepClassTable } from "../src/data/class-points";
import { nameOwnData, ownFileOf } from "../src/data/own-names";
import { ownPointsCsv, withPointsAt } from "../src/data/own-points";
import { readTable, pickUserPoints } from "../src/data/table";
import { findPoints, keepPoints } from "../src/data/user-points";
import { nameOfFile, noteTable } from "../src/form/upload-names";
import { runNameOf } from "../src/run/keep";

test("own points are written so that the same numbers are read", () => {
  keepPoints("own:a.csv", { points: Float32Array.of(0.1, 0.2, 0.30000001, 1), jitter: 0 });
  const csv = ownPointsCsv("gan2d", { data: "csv", csv: "own:a.csv" });
  const rows = csv!.trim().split("\n").slice(1).flatMap((line) => line.split(",").map(Number));
  expect(csv!.startsWith("x,y\n")).toBe(true);
  expect(Float32Array.from(rows)).toEqual(Float32Array.of(0.1, 0.2, 0.30000001, 1));
});

test("drawn points of two classes are a table with their class", () => {
  const csv = ownPointsCsv("neuron", { data: "csv", csv: "points:1.2_-3_1~0_0.5_0" });
  expect(csv).toBe("x1,x2,class\n1.2,-3,1\n0,0.5,0\n");
});

test("a table's columns keep their names, where any reader takes them for names", () => {
  const write = (name: string, inputs: readonly string[]) => {
    keepClassTable(name, { columns: 3, data: Float64Array.of(1, 2, 0, 3, 4, 1) });
    noteTable(name, { file: "fr.csv", inputs, label: "sort" });
    return ownPointsCsv("neuron", { data: "csv", csv: name })!.split("\n")[0];
  };
  expect(write("own:fr.csv~00000001", ["length", "width"])).toBe("length,width,sort");
  expect(write("own:fr.csv~00000002", ["a, b", "width"])).toBe("x1,x2,class");
  expect(write("own:fr.csv~00000003", ["1", "2"])).toBe("x1,x2,class");
});

test("what a server or the package has is left as it is", () => {
  for (const csv of ["upload:" + "a".repeat(32), "epoque:sun.csv", null]) {
    expect(ownPointsCsv("gan2d", { data: "csv", csv })).toBeNull();
  }
  expect(ownPointsCsv("gan2d", { data: "ring", csv: "own:a.csv" })).toBeNull();
});

test("points at another place are taken as they are, a picture's too", () => {
  const asTheyAre = { data: "csv", csv: "data.csv", image: null, fit: false };
  expect(withPointsAt("gan2d", { data: "csv", csv: "own:a.csv", fit: true }, "data.csv")).toEqual(asTheyAre);
  expect(withPointsAt("gan2d", { data: "image", image: "own:a.png" }, "data.csv")).toEqual(asTheyAre);
  expect(withPointsAt("neuron", { scale: "minmax" }, "data.csv")).toEqual({ scale: "minmax", data: "csv", csv: "data.csv" });
});

test("a name becomes one that a run's folder may have", () => {
  expect(runNameOf("Mon anneau, été 2026.")).toBe("Mon-anneau-ete-2026");
  expect(runNameOf("../..")).toBe(null);
  expect(runNameOf("ring-7")).toBe("ring-7");
});

test("the points of a picture keep their noise on the way", () => {
  keepPoints("own:cat.png", { points: Float32Array.of(0.1, 0.2, 0.5, 0.75), jitter: 0.00625 });
  const csv = ownPointsCsv("gan2d", { data: "image", image: "own:cat.png" })!;
  expect(csv.startsWith("x,y,jitter\n")).toBe(true);
  keepPoints("again", pickUserPoints(readTable(csv)));
  const [one, two] = [{ data: "image", image: "own:cat.png" }, { data: "csv", csv: "again" }].map(findPoints);
  expect(two).toEqual(one);
});

test.each(["x,y,jitter\n1,2,0.1\n3,4,0.2\n", "x,y,jitter\n1,2,-1\n3,4,-1\n"])("%j has no noise that can be taken", (csv) => {
  expect(() => pickUserPoints(readTable(csv))).toThrow("one number from 0");
});

test("own files are told apart by their points, and known by their names", () => {
  const [one, two] = [nameOwnData("a~b.csv", [1, 2]), nameOwnData("a~b.csv", [1, 3])];
  expect(one).not.toBe(two);
  expect(nameOwnData("a~b.csv", [1, 2])).toBe(one);
  expect([ownFileOf(one), nameOfFile(one), ownFileOf("epoque:sun.csv")]).toEqual(["a~b.csv", "a~b.csv", null]);
});
