import { describe, expect, it } from "vitest";

import { findClassPoints, keepClassTable } from "../src/data/class-points";
import { findPoints, keepPoints } from "../src/data/user-points";
import { needsFile, readExperimentFile, writeExperimentFile } from "../src/link/experiment-file";

const PLACE = { path: "/gan2d", query: "v=1&recipe=ganlab-ring&at=7" };

function fileOf(text: string): File {
  return new File([text], "mine.epoque");
}

describe("an experiment as a file", () => {
  it("opens where it was", async () => {
    expect(needsFile("gan2d", { data: "ring", csv: "own:a.csv" })).toBe(false);
    const text = writeExperimentFile(PLACE, "gan2d", { data: "ring" });
    expect(await readExperimentFile(fileOf(text))).toEqual(PLACE);
  });
  it("brings the GAN's own points along, to the last digit", async () => {
    const points = Float64Array.of(0.1, 0.2, 1 / 3, 0.7);
    const config = { data: "csv", csv: "own:a.csv", fit: false };
    keepPoints("own:a.csv", { points, jitter: 0 });
    expect(needsFile("gan2d", config)).toBe(true);
    const text = writeExperimentFile(PLACE, "gan2d", config);
    keepPoints("own:a.csv", { points: Float64Array.of(0, 0, 1, 1), jitter: 0 });
    await readExperimentFile(fileOf(text));
    expect([...findPoints(config)!.points]).toEqual([...Float32Array.from(points)]);
  });
  it("brings a table of two classes along", async () => {
    const data = Float64Array.of(1.25, -3, 1, 0, 1 / 3, 0);
    const config = { data: "csv", csv: "own:b.csv:0+1:2" };
    keepClassTable(config.csv, { columns: 3, data });
    const text = writeExperimentFile({ ...PLACE, path: "/neuron" }, "neuron", config);
    keepClassTable(config.csv, { columns: 3, data: new Float64Array(3) });
    await readExperimentFile(fileOf(text));
    expect(findClassPoints(config.csv)).toEqual({ columns: 3, data });
  });
});

const POINTS = { lab: "neuron", name: "own:x", columns: 3, jitter: 0, values: [1, 2, 0] };
const whole = (changes: object) => JSON.stringify({ epoque: "experiment", ...PLACE, points: null, ...changes });

describe("what is no experiment", () => {
  it.each([
    ["a text", "hello"],
    ["nothing", ""],
    ["null", "null"],
    ["another JSON", '{"strokes": []}'],
    ["a page that there is not", whole({ path: "/nowhere/at/all" })],
    ["an address elsewhere", whole({ path: "https://example.org/" })],
    ["a query that is none", whole({ query: 7 })],
    ["points without their name", whole({ points: { ...POINTS, name: "epoque:cat.png" } })],
    ["points that are not whole rows", whole({ points: { ...POINTS, values: [1, 2] } })],
    ["points that are no numbers", whole({ points: { ...POINTS, values: [1, "2", 0] } })],
    ["a class that is none", whole({ points: { ...POINTS, values: [1, 2, 3] } })],
    ["points of another lab", whole({ points: { ...POINTS, lab: "language" } })],
  ])("is refused in one sentence: %s", async (_, text) => {
    await expect(readExperimentFile(fileOf(text))).rejects.toThrow("“mine.epoque” is no experiment that this page saved; such a file ends in .epoque.");
  });
});
