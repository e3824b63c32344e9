/** What is drawn on the plane: the answer, the line, points of both classes, proofs, a correction. */

import type { Layer } from "../../canvas";
import { contoursLayer } from "../../canvas/layers/contours";
import { type Grid, shadesLayer } from "../../canvas/layers/shades";
import { pointRadius } from "../../canvas/layer";
import type { Pen } from "../../canvas/pen";
import type { Theme } from "../../canvas/theme";
import { toPixel, type View, viewScale } from "../../canvas/view";
import { formatMeasure } from "../../i18n";
import type { Model, Slice } from "./model";
import { placeOf, placesOf, type PointSet } from "./points";
import type { Verdict } from "./separability";

/** The answer over the plane: smooth, or in steps of which side is taken. */
export function answerLayer(grid: Grid, range: readonly [number, number], inSteps: boolean): Layer {
  const middle = (range[0] + range[1]) / 2;
  const values = inSteps ? grid.values.map((value) => (value > middle ? range[1] : range[0])) : grid.values;
  return shadesLayer({ ...grid, values }, { name: "answer", least: range[0], most: range[1], low: "vermilion", high: "blue", cells: inSteps });
}

/** Where the answer changes sides. */
export function boundaryLayer(grid: Grid, middle: number): Layer {
  return contoursLayer(grid, { name: "boundary", levels: [middle], middle });
}

/** The line of one neuron: w0 = w1·x1 + w2·x2, through the whole plane. */
export function lineLayer(w: ArrayLike<number>, slice: Slice, isDashed = false): Layer {
  return {
    name: isDashed ? "line before" : "line",
    draw(pen, view, theme) {
      const ends = lineEnds(w, slice, view);
      if (!ends) return;
      pen.strokeStyle = isDashed ? theme.colors.muted : theme.colors.ink;
      pen.lineWidth = isDashed ? 1 : 1.5;
      pen.setLineDash(isDashed ? [5, 4] : []);
      pen.beginPath();
      pen.moveTo(...toPixel(view, ...ends[0]));
      pen.lineTo(...toPixel(view, ...ends[1]));
      pen.stroke();
      pen.setLineDash([]);
    },
  };
}

type Place = readonly [number, number];

/** Two places of a line w0 = Σ wi·xi far outside of what is shown; null if it is none. */
export function lineEnds(w: ArrayLike<number>, { axes, held }: Slice, view: View): readonly [Place, Place] | null {
  const a = w[axes[0] + 1] ?? 0;
  const b = axes[1] < 0 ? 0 : (w[axes[1] + 1] ?? 0);
  const rest = held.reduce((sum, value, input) => (axes.includes(input) ? sum : sum + value * (w[input + 1] ?? 0)), 0);
  const length = a * a + b * b;
  if (!(length > 0) || !Number.isFinite(length)) return null;
  const [mx, my] = view.middle;
  const gap = ((w[0] ?? 0) - rest - a * mx - b * my) / length;
  const [x, y] = [mx + gap * a, my + gap * b];
  const far = (2 * view.domain.size) / view.zoom / Math.sqrt(length);
  return [
    [x - b * far, y + a * far],
    [x + b * far, y - a * far],
  ];
}

/** Points of one class: discs (1) and rings (0); those of the test as squares, filled and open. */
export function classLayer(set: PointSet, slice: Slice, kind: 0 | 1, middle: number, isTest = false): Layer {
  const places = placesOf(set, slice, kind, middle);
  const count = places.length / 2;
  return {
    name: `${isTest ? "test" : "train"} ${kind}`,
    opacity: isTest ? 0.75 : 1,
    draw(pen, view, theme) {
      const radius = radiusOf(view, set.count) * (isTest ? 0.8 : 1);
      pen.beginPath();
      for (let i = 0; i < count; i++) {
        const [x, y] = toPixel(view, places[2 * i]!, places[2 * i + 1]!);
        if (isTest) pen.rect(x - radius, y - radius, 2 * radius, 2 * radius);
        else {
          pen.moveTo(x + radius, y);
          pen.arc(x, y, radius, 0, 2 * Math.PI);
        }
      }
      paint(pen, theme, kind, radius);
    },
  };
}

function paint(pen: Pen, theme: Theme, kind: 0 | 1, radius: number): void {
  pen.fillStyle = kind ? theme.colors.blue : theme.colors.paper;
  pen.fill();
  pen.strokeStyle = kind ? theme.colors.paper : theme.colors.vermilion;
  pen.lineWidth = kind ? 0.75 : Math.max(1, radius * 0.5);
  pen.stroke();
}

/** The few points of a truth table are drawn large. */
function radiusOf(view: View, count: number): number {
  return count <= 64 ? Math.min(9, Math.max(4.5, view.side / 70)) : pointRadius(view) * 1.15;
}

/** Crosses over the points that are on the wrong side. */
export function mistakesLayer(set: PointSet, slice: Slice, middle: number): Layer {
  return {
    name: "mistakes",
    draw(pen, view, theme) {
      const half = radiusOf(view, set.count) * 1.5;
      pen.strokeStyle = theme.colors.ink;
      pen.lineWidth = 1.25;
      pen.beginPath();
      for (let point = 0; point < set.count; point++) {
        if (set.outputs[point]! > 0.5 === (set.d[point] === 1)) continue;
        const [x, y] = toPixel(view, ...placeOf(set, slice, point, middle));
        pen.moveTo(x - half, y - half);
        pen.lineTo(x + half, y + half);
        pen.moveTo(x + half, y - half);
        pen.lineTo(x - half, y + half);
      }
      pen.stroke();
    },
  };
}

/** The proof of a verdict: the line with its margins, or the weighted means that meet. */
export function proofLayer(verdict: Verdict, set: PointSet, slice: Slice, middle: number): Layer {
  return {
    name: "proof",
    draw(pen, view, theme) {
      if (verdict.line) drawMargin(pen, view, theme, verdict.line, slice);
      if (verdict.certificate) drawCertificate(pen, view, theme, verdict.certificate, set, slice, middle);
    },
  };
}

function drawMargin(pen: Pen, view: View, theme: Theme, line: readonly number[], slice: Slice): void {
  pen.strokeStyle = theme.colors.green;
  for (const offset of [-1, 0, 1]) {
    const ends = lineEnds([line[0]! + offset, ...line.slice(1)], slice, view);
    if (!ends) continue;
    pen.lineWidth = offset ? 1 : 2;
    pen.setLineDash(offset ? [2, 4] : []);
    pen.beginPath();
    pen.moveTo(...toPixel(view, ...ends[0]));
    pen.lineTo(...toPixel(view, ...ends[1]));
    pen.stroke();
  }
  pen.setLineDash([]);
}

type Certificate = NonNullable<Verdict["certificate"]>;

function drawCertificate(pen: Pen, view: View, theme: Theme, proof: Certificate, set: PointSet, slice: Slice, middle: number): void {
  const [px, py] = [proof.place[slice.axes[0]] ?? 0, slice.axes[1] < 0 ? middle : (proof.place[slice.axes[1]] ?? 0)];
  const [x, y] = toPixel(view, px, py);
  for (const [shares, color, dash] of [[proof.ones, theme.colors.blue, []], [proof.zeros, theme.colors.vermilion, [6, 3]]] as const) {
    pen.strokeStyle = color;
    pen.setLineDash([...dash]);
    for (const { point, weight } of shares) {
      pen.lineWidth = 1 + 3 * weight;
      pen.beginPath();
      pen.moveTo(...toPixel(view, ...placeOf(set, slice, point, middle)));
      pen.lineTo(x, y);
      pen.stroke();
    }
  }
  pen.setLineDash([]);
  pen.fillStyle = theme.colors.ink;
  pen.beginPath();
  for (const [dx, dy] of [[0, -7], [7, 0], [0, 7], [-7, 0]] as const) pen.lineTo(x + dx, y + dy);
  pen.closePath();
  pen.fill();
}

/** A pattern that is presented: a ring around it and, once it is known, its correction as an arrow. */
export function patternLayer(place: Place, w: ArrayLike<number>, after: ArrayLike<number> | null, slice: Slice): Layer {
  return {
    name: "pattern",
    draw(pen, view, theme) {
      const [x, y] = toPixel(view, ...place);
      pen.strokeStyle = theme.colors.ink;
      pen.lineWidth = 2;
      pen.beginPath();
      pen.arc(x, y, Math.max(12, view.side / 36), 0, 2 * Math.PI);
      pen.stroke();
      drawWeights(pen, view, theme, w, after, slice);
    },
  };
}

/** The weights as an arrow from the origin, and the correction from its tip to that of the new ones. */
function drawWeights(pen: Pen, view: View, theme: Theme, w: ArrayLike<number>, after: ArrayLike<number> | null, { axes }: Slice): void {
  const read = (v: ArrayLike<number>): Place => [v[axes[0] + 1] ?? 0, axes[1] < 0 ? 0 : (v[axes[1] + 1] ?? 0)];
  const [before, next] = [read(w), after ? read(after) : null];
  const longest = Math.max(Math.hypot(...before), next ? Math.hypot(...next) : 0);
  if (!(longest > 0)) return;
  const factor = (0.35 * view.domain.size) / view.zoom / longest;
  const tip = (v: Place) => toPixel(view, v[0] * factor, v[1] * factor);
  const origin = toPixel(view, 0, 0);
  arrow(pen, origin, tip(before), theme.colors.muted, 2);
  if (!next) return;
  arrow(pen, origin, tip(next), theme.colors.ink, 2);
  arrow(pen, tip(before), tip(next), theme.colors.green, 3);
}

function arrow(pen: Pen, [x0, y0]: readonly number[], [x1, y1]: readonly number[], color: string, width: number): void {
  const [dx, dy] = [x1! - x0!, y1! - y0!];
  const length = Math.hypot(dx, dy);
  if (!(length > 1)) return;
  const [ux, uy] = [dx / length, dy / length];
  const head = Math.min(10, length * 0.6);
  pen.strokeStyle = pen.fillStyle = color;
  pen.lineWidth = width;
  pen.beginPath();
  pen.moveTo(x0!, y0!);
  pen.lineTo(x1! - ux * head * 0.8, y1! - uy * head * 0.8);
  pen.stroke();
  pen.beginPath();
  pen.moveTo(x1!, y1!);
  pen.lineTo(x1! - ux * head - uy * head * 0.4, y1! - uy * head + ux * head * 0.4);
  pen.lineTo(x1! - ux * head + uy * head * 0.4, y1! - uy * head - ux * head * 0.4);
  pen.closePath();
  pen.fill();
}

/** The axes through the origin, thin, so that weights have a place to start. */
export function axesLayer(slice: Slice): Layer {
  return {
    name: "axes",
    opacity: 0.8,
    draw(pen, view, theme) {
      const [x, y] = toPixel(view, 0, 0);
      pen.strokeStyle = theme.colors.grid;
      pen.lineWidth = 1;
      pen.beginPath();
      if (y > 0 && y < view.side && slice.axes[1] >= 0) {
        pen.moveTo(0, y);
        pen.lineTo(view.side, y);
      }
      if (x > 0 && x < view.side) {
        pen.moveTo(x, 0);
        pen.lineTo(x, view.side);
      }
      pen.stroke();
      labelUnits(pen, view, theme);
    },
  };
}

/** Small numbers at the left and lower edge. */
function labelUnits(pen: Pen, view: View, theme: Theme): void {
  const span = view.domain.size / view.zoom;
  const step = [1, 2, 5, 10].map((factor) => factor * 10 ** Math.floor(Math.log10(span / 4))).find((size) => span / size <= 6) ?? span;
  pen.font = `11px ${theme.numbers}`;
  pen.fillStyle = theme.colors.muted;
  const scale = viewScale(view);
  const low = (middle: number) => Math.ceil((middle - span / 2) / step);
  for (let i = low(view.middle[0]); i * step < view.middle[0] + span / 2; i++) {
    const x = view.side / 2 + (i * step - view.middle[0]) * scale;
    pen.textAlign = "center";
    pen.textBaseline = "bottom";
    if (x > 20 && x < view.side - 20) pen.fillText(formatMeasure(i * step, 6), x, view.side - 4);
  }
  for (let i = low(view.middle[1]); i * step < view.middle[1] + span / 2; i++) {
    const y = view.side / 2 - (i * step - view.middle[1]) * scale;
    pen.textAlign = "left";
    pen.textBaseline = "middle";
    if (y > 20 && y < view.side - 24) pen.fillText(formatMeasure(i * step, 6), 5, y);
  }
}

/** The line of a perceptron's weights with w0 first, of a model. */
export function perceptronLine(model: Model): Float32Array {
  return Float32Array.of(-(model.biases[0]?.[0] ?? 0), ...(model.weights[0] ?? []));
}
