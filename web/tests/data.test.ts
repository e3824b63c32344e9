import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { readDrawing, sampleStrokes, writeDrawing } from "../src/data/drawing";
import { readSize } from "../src/data/picture";
import { traceSilhouette } from "../src/data/silhouette";
import { decodeText, pickPoints, readTable } from "../src/data/table";
import { checkPoints, findPoints, fitIntoSquare } from "../src/data/user-points";
import drawn from "./drawing.json";

const bytes = (...values: number[]) => Uint8Array.from(values);

describe("drawings", () => {
  it("become the points that Python makes of them", () => {
    for (const { strokes, points } of drawn as { strokes: [number, number][][]; points: number[][] }[]) {
      const sampled = sampleStrokes(strokes);
      expect(sampled.length).toBe(2 * points.length);
      points.flat().forEach((value, i) => expect(sampled[i]!).toBeCloseTo(value, 6));
    }
  });

  it("are written and read again", () => {
    const strokes = [[[0.1, 0.2], [0.3, 0.4]], [[0.5, 0.5]]] as const;
    expect(readDrawing(writeDrawing(strokes))).toEqual(strokes);
  });

  it.each(["", "{", "null", "[]", '{"strokes": 3}', '{"strokes": [[["a", 1]]]}', '{"strokes": [[[1, 1e999]]]}'])(
    "%j is refused in a sentence",
    (text) => expect(() => readDrawing(text)).toThrow(/\.$/),
  );

  it("of no length are refused", () => {
    expect(() => findPoints({ data: "drawing", drawing: '{"strokes": []}' })).toThrow("draw something first");
    expect(() => findPoints({ data: "drawing", drawing: '{"strokes": [[[0.5, 0.5]]]}' })).toThrow("one place");
    expect(findPoints({ data: "ring" })).toBeNull();
  });
});

describe("tables", () => {
  const expected = [0.5, 1, -2, 3e-2];

  it.each([
    "x,y\n0.5,1\n-2,3e-2\n",
    "x;y\r\n0,5;1\r\n-2;0,03\r\n",
    "\ufeffx\ty\n0.5\t1\n\n-2\t.03",
    "sep=;\nx;y\n0,5;1\n−2;0,03",
    '"the x","the, y"\n"0.5",1\n-2,"0.03"',
    "0.5 1\n-2  0.03\n",
    "name,x,y\nfirst,0.5,1\nsecond,-2,0.03\n",
  ])("%j are two points", (text) => {
    const points = pickPoints(readTable(text));
    points.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!));
  });

  it.each([
    ["", "empty"],
    ["x,y\n", "fewer than two rows"],
    ["x\n1\n2\n3", "one column"],
    ["x,y\n1,2\n1,2,3", "Line 3 has 3 cells"],
    ["x,y\n1,a\n2,b", "“y” holds no number in row 1"],
    ["x,y\n1,2\nNaN,4", "“x” holds no number in row 2"],
    ["x,y\n1,2\n1e999,4", "“x” holds no number in row 2"],
    ["a\0b", "no text"],
    ["a,b\n1,\x01\n2,3", "no text"],
    [Array(2000).fill("1").join(",") + "\n" + Array(2000).fill("1").join(","), "over 1,000 columns"],
  ])("%j is refused: %s", (text, why) => {
    expect(() => pickPoints(readTable(text))).toThrow(why);
  });

  it("of more rows than are of use are refused before their cells are read", () => {
    expect(() => readTable("x,y\n1,2\n3\n5,6\n", 2)).toThrow("The table has 3 rows; at most 2 are taken.");
  });

  it("are read in other encodings", () => {
    expect(decodeText(bytes(0xff, 0xfe, 0x61, 0))).toBe("a");
    expect(decodeText(bytes(0xe9))).toBe("é");
    expect(() => decodeText(bytes(0x50, 0x4b, 3, 4, 0))).toThrow("workbook");
    expect(() => decodeText(bytes(0x1f, 0x8b, 8, 0))).toThrow("archive");
    for (const mark of [[0x89, 0x50, 0x4e, 0x47], [0xff, 0xd8, 0xff, 0xe0], [0x47, 0x49, 0x46, 0x38], [0x52, 0x49, 0x46, 0x46]]) {
      expect(() => decodeText(bytes(...mark, 0x0a))).toThrow("picture");
    }
  });

  it("never throw anything but a sentence", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."01.,;\t\n\"ex -") }), (text) => {
        try {
          pickPoints(readTable(text));
        } catch (error) {
          expect((error as Error).name).toBe("DataError");
        }
      }),
    );
  });
});

describe("points", () => {
  it("are fitted into the square with their proportions kept", () => {
    const fitted = fitIntoSquare([10, 0, 30, 10]);
    [0.1, 0.3, 0.9, 0.7].forEach((value, i) => expect(fitted[i]!).toBeCloseTo(value, 6));
  });

  it("that are one, too far or no numbers are refused", () => {
    expect(() => checkPoints({ points: Float32Array.of(1, 2, 1, 2), jitter: 0 })).toThrow("one place");
    expect(() => checkPoints({ points: Float32Array.of(1, 2, 1e7, 2), jitter: 0 })).toThrow("1,000,000");
    expect(() => checkPoints({ points: Float32Array.of(1, 2, NaN, 2), jitter: 0 })).toThrow("1,000,000");
  });
});

describe("pictures", () => {
  function paint(rows: string[], opaque = true): number[] {
    return rows.flatMap((row) => [...row].flatMap((sign) => [0, 0, 0, 255].map((dark, i) => (sign === "#" ? dark : i < 3 ? 255 : opaque ? 255 : 0))));
  }

  it("become the middles of their dark pixels, y up", () => {
    expect(traceSilhouette(paint(["....", ".##.", "...."]), 4, 3)).toEqual([1.5, 1.5, 2.5, 1.5]);
  });

  it("become their light pixels on a dark ground, and their opaque ones where some are not", () => {
    expect(traceSilhouette(paint(["####", "#..#", "####"]), 4, 3)).toEqual([1.5, 1.5, 2.5, 1.5]);
    expect(traceSilhouette(paint(["##", ".."], false), 2, 2)).toEqual([0.5, 1.5, 1.5, 1.5]);
  });

  it("of one tone or of glass are refused", () => {
    expect(() => traceSilhouette(paint(["..", ".."]), 2, 2)).toThrow("same tone");
    expect(() => traceSilhouette(paint(["..", ".."], false), 2, 2)).toThrow("transparent");
  });

  it("tell their size before they are decoded", () => {
    const png = bytes(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52, 0, 0, 0x27, 0x10, 0, 0, 0x27, 0x10);
    expect(readSize(png)).toEqual({ width: 10_000, height: 10_000 });
    const jpeg = bytes(0xff, 0xd8, 0xff, 0xe0, 0, 4, 0, 0, 0xff, 0xc0, 0, 17, 8, 0, 3, 0, 5, 0, 0, 0, 0, 0);
    expect(readSize(jpeg)).toEqual({ width: 5, height: 3 });
    expect(readSize(bytes(0x47, 0x49, 0x46, 0x38, 0x39, 0x61, 7, 0, 9, 0))).toEqual({ width: 7, height: 9 });
    expect(readSize(bytes(1, 2, 3))).toBeNull();
    expect(readSize(bytes(0x89, 0x50, 0x4e, 0x47))).toBeNull();
  });
});
