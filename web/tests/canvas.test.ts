import { describe, expect, it } from "vitest";

import { drawLayers } from "../src/canvas/layer";
import { arrowsLayer } from "../src/canvas/layers/arrows";
import { traceLevel } from "../src/canvas/layers/contours";
import { densityDifference } from "../src/canvas/layers/difference";
import { densities } from "../src/canvas/layers/manifold";
import { pointsLayer } from "../src/canvas/layers/points";
import { readGrid } from "../src/canvas/layers/shades";
import { SvgPen } from "../src/canvas/svg";
import { mixColors, parseRgb, type Theme, TOKENS } from "../src/canvas/theme";
import { panBy, showPoint, toPixel, toPlane, UNIT, wholeView, zoomAt } from "../src/canvas/view";

const THEME: Theme = {
  colors: Object.fromEntries(TOKENS.map((token) => [token, token])) as Theme["colors"],
  rgb: Object.fromEntries(TOKENS.map((token) => [token, [0, 0, 0]])) as unknown as Theme["rgb"],
  forced: false,
  numbers: "monospace",
  words: "sans-serif",
};

function gridOf(side: number, value: (x: number, y: number) => number) {
  const values = Float32Array.from({ length: side * side }, (_, i) =>
    value(((i % side) + 0.5) / side, (Math.floor(i / side) + 0.5) / side),
  );
  return { values, side };
}

describe("views", () => {
  const view = wholeView(UNIT, 600);

  it("maps the square to the canvas, y up, and back", () => {
    expect(toPixel(view, 0, 0)).toEqual([0, 600]);
    expect(toPixel(view, 1, 1)).toEqual([600, 0]);
    const zoomed = zoomAt(view, 3, 100, 200);
    const [x, y] = toPlane(zoomed, 123, 456);
    const [px, py] = toPixel(zoomed, x, y);
    expect(px).toBeCloseTo(123);
    expect(py).toBeCloseTo(456);
  });

  it("zooms around what lies under the pointer", () => {
    const before = toPlane(view, 300, 200);
    const after = toPlane(zoomAt(view, 4, 300, 200), 300, 200);
    expect(after[0]).toBeCloseTo(before[0]);
    expect(after[1]).toBeCloseTo(before[1]);
  });

  it("never leaves the domain, and follows a cursor", () => {
    const zoomed = zoomAt(view, 4, 300, 300);
    const [left] = toPlane(panBy(zoomed, 1e6, 0), 0, 0);
    expect(left).toBeCloseTo(0);
    const [px] = toPixel(showPoint(zoomed, [0.95, 0.5]), 0.95, 0.5);
    expect(px).toBeLessThan(600);
  });
});

describe("grids", () => {
  it("are read bilinearly", () => {
    const grid = gridOf(30, (x, y) => x + 2 * y);
    expect(readGrid(grid, 0.31, 0.62)).toBeCloseTo(1.55, 5);
    expect(readGrid(grid, -5, 0.5)).toBeCloseTo(readGrid(grid, 0, 0.5));
  });

  it("have contours where the value is", () => {
    const segments = traceLevel(gridOf(30, (x, y) => Math.hypot(x - 0.5, y - 0.5)), 0.3);
    expect(segments.length).toBeGreaterThan(100);
    for (let i = 0; i < segments.length; i += 2) {
      expect(Math.hypot(segments[i]! - 0.5, segments[i + 1]! - 0.5)).toBeCloseTo(0.3, 2);
    }
  });
});

describe("densities", () => {
  it("are 1 where points lie as dense as on average", () => {
    const dense = densities(Float64Array.from([1, 1, 2]), Float64Array.from([1, 1, 2]));
    expect([...dense]).toEqual([1, 1, 1]);
  });

  it("differ where generated points are too many or too few, and sum to nothing", () => {
    const real = Float32Array.from([0.25, 0.25, 0.25, 0.25]);
    const fake = Float32Array.from([0.75, 0.75, 0.75, 0.75]);
    const difference = densityDifference(real, fake);
    expect(difference[6 * 24 + 6]!).toBeLessThan(-1);
    expect(difference[18 * 24 + 18]!).toBeGreaterThan(1);
    expect(difference.reduce((sum, value) => sum + value, 0)).toBeCloseTo(0, 3);
  });
});

describe("SVG by the calls of a canvas", () => {
  const view = wholeView(UNIT, 100);

  it("holds every point as a circle, and leaves out those outside", () => {
    const pen = new SvgPen(100, 100, 2);
    const points = Float32Array.from([0.5, 0.5, 0.25, 0.75, 7, 7]);
    drawLayers(pen, [pointsLayer(points, { name: "real", shape: "disc", color: "blue" })], view, THEME);
    const svg = pen.toString();
    expect(svg).toContain('width="200" height="200" viewBox="0 0 100 100"');
    expect(svg).toContain('fill="blue"');
    expect(svg.match(/a1\.6 1\.6 0 1 0 3\.2 0/g)).toHaveLength(2);
  });

  it("closes the groups that clips opened, and escapes text", () => {
    const pen = new SvgPen(10, 10);
    pen.save();
    pen.beginPath();
    pen.rect(0, 0, 5, 5);
    pen.clip();
    pen.fillText('<script>"&', 1, 1);
    const svg = pen.toString();
    expect(svg.match(/<g /g)).toHaveLength(1);
    expect(svg.match(/<\/g>/g)).toHaveLength(1);
    expect(svg).toContain("&#60;script&#62;&#34;&#38;");
  });

  it("draws an arrow uphill and shortens a long one", () => {
    const pen = new SvgPen(100, 100);
    const layer = arrowsLayer(Float32Array.from([0.5, 0.5]), Float32Array.from([0, 100]), {
      ...{ name: "gradients", color: "ink", count: 150, length: 0.15, longest: 0.1 },
    });
    drawLayers(pen, [layer], view, THEME);
    expect(pen.toString()).toContain("L50 40");
  });
});

describe("colors", () => {
  it("are read as browsers compute them, and mixed", () => {
    expect(parseRgb("#0055a5")).toEqual([0, 85, 165]);
    expect(parseRgb("rgb(0, 85, 165)")).toEqual([0, 85, 165]);
    expect(mixColors([0, 0, 0], 0.34, [255, 255, 255]).map(Math.round)).toEqual([168, 168, 168]);
  });
});
