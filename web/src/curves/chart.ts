/** A chart as a file shows it: curves, axes and key, by a pen. */

import type { Pen } from "../canvas/pen";
import type { Theme } from "../canvas/theme";
import { DASHES, type Reference, type Series } from "./series";
import { thinSeries } from "./thin";

export interface Chart {
  readonly title: string;
  readonly series: readonly Series[];
  readonly range: readonly [number, number];
  readonly log: boolean;
  readonly xLabel: string;
  readonly references: readonly Reference[];
  readonly format: (value: number) => string;
}

const LEFT = 56;
const RIGHT = 24;
const TOP = 56;
const BOTTOM = 40;

/** Draws a chart of so many CSS pixels. */
export function drawChart(pen: Pen, chart: Chart, theme: Theme, width: number, height: number): void {
  const { series, range, log } = chart;
  const aligned = thinSeries(series, range[0], range[1], Math.round(width - LEFT - RIGHT));
  const shown = aligned.ys.flat().filter((value): value is number => value !== null && (!log || value > 0));
  const [least, most] = padRange(Math.min(...shown), Math.max(...shown), log);
  const level = log ? Math.log10 : (value: number) => value;
  const [low, high] = [level(least), level(most)];
  const toX = (x: number) => LEFT + ((x - range[0]) / (range[1] - range[0] || 1)) * (width - LEFT - RIGHT);
  const toY = (y: number) => height - BOTTOM - ((level(y) - low) / (high - low || 1)) * (height - TOP - BOTTOM);
  drawTitle(pen, chart, theme);
  drawAxes(pen, chart, theme, { toX, toY, width, height, least, most });
  series.forEach(({ color, dash }, i) => {
    pen.strokeStyle = theme.colors[color];
    pen.lineWidth = 1.5;
    pen.lineJoin = "round";
    pen.setLineDash(DASHES[dash ?? "solid"]);
    pen.beginPath();
    let first = true;
    aligned.ys[i]!.forEach((value, at) => {
      if (value === null || (log && value <= 0)) return;
      if (first) pen.moveTo(toX(aligned.x[at]!), toY(value));
      else pen.lineTo(toX(aligned.x[at]!), toY(value));
      first = false;
    });
    pen.stroke();
  });
  pen.setLineDash([]);
}

/** Ticks at 1, 2 or 5 times a power of ten; of a log scale at powers of ten. */
export function niceTicks(least: number, most: number, count: number, log = false): number[] {
  if (!(most > least)) return [least];
  if (log) {
    const powers = Array.from({ length: 40 }, (_, i) => 10 ** (i - 20)).filter((p) => p >= least && p <= most);
    if (powers.length > 1) return powers;
  }
  const rough = (most - least) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10);
  const first = Math.ceil(least / step - 1e-9);
  const ticks = [];
  for (let i = first; i * step <= most + 1e-9 * step; i++) ticks.push(Number((i * step).toPrecision(12)));
  return ticks;
}

/** A little air above and below. */
export function padRange(least: number, most: number, log: boolean): [number, number] {
  if (!(least <= most)) return log ? [0.1, 1] : [0, 1];
  if (log) return least === most ? [least / 2, most * 2] : [least / 1.1, most * 1.1];
  if (least === 0 && most === 0) return [-0.06, 1]; // of what is counted or shared out, nothing is below none
  const air = (most - least) * 0.06 || Math.abs(most) * 0.1 || 1;
  return [least - air, most + air];
}

function drawTitle(pen: Pen, { title, series }: Chart, theme: Theme): void {
  pen.textBaseline = "alphabetic";
  pen.textAlign = "left";
  pen.fillStyle = theme.colors.ink;
  pen.font = `600 15px ${theme.words}`;
  pen.fillText(title, LEFT, 22);
  let x = LEFT;
  pen.font = `13px ${theme.words}`;
  for (const { label, color, dash } of series) {
    pen.strokeStyle = theme.colors[color];
    pen.lineWidth = 2;
    pen.setLineDash(DASHES[dash ?? "solid"]);
    pen.beginPath();
    pen.moveTo(x, 38);
    pen.lineTo(x + 22, 38);
    pen.stroke();
    pen.fillText(label, x + 28, 42);
    x += 44 + 7 * label.length;
  }
  pen.setLineDash([]);
}

interface Axes {
  readonly toX: (x: number) => number;
  readonly toY: (y: number) => number;
  readonly width: number;
  readonly height: number;
  readonly least: number;
  readonly most: number;
}

function drawAxes(pen: Pen, chart: Chart, theme: Theme, { toX, toY, width, height, least, most }: Axes): void {
  pen.lineWidth = 1;
  pen.strokeStyle = theme.colors.grid;
  pen.fillStyle = theme.colors.muted;
  pen.font = `12px ${theme.numbers}`;
  pen.textBaseline = "middle";
  pen.textAlign = "right";
  for (const tick of niceTicks(least, most, 4, chart.log)) {
    const y = toY(tick);
    line(pen, LEFT, y, width - RIGHT, y);
    pen.fillText(chart.format(tick), LEFT - 6, y);
  }
  pen.textBaseline = "top";
  pen.textAlign = "center";
  for (const tick of niceTicks(...chart.range, 5)) pen.fillText(chart.format(tick), toX(tick), height - BOTTOM + 6);
  pen.textAlign = "right";
  pen.font = `13px ${theme.words}`;
  pen.fillText(chart.xLabel, width - RIGHT, height - 18);
  pen.strokeStyle = theme.colors.muted;
  for (const { value, label } of chart.references) {
    if (value < least || value > most) continue;
    pen.setLineDash([2, 4]);
    line(pen, LEFT, toY(value), width - RIGHT, toY(value));
    pen.setLineDash([]);
    pen.textBaseline = "bottom";
    pen.fillText(label, width - RIGHT, toY(value) - 2);
  }
  line(pen, LEFT, height - BOTTOM, width - RIGHT, height - BOTTOM);
}

function line(pen: Pen, x0: number, y0: number, x1: number, y1: number): void {
  pen.beginPath();
  pen.moveTo(x0, y0);
  pen.lineTo(x1, y1);
  pen.stroke();
}
