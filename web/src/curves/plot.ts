/** A uPlot of our curves: no time scale, our colours, our numbers. */

import "./plot.css";

import uPlot from "uplot";

import type { Theme } from "../canvas/theme";
import { padRange } from "./chart";
import { DASHES, type Reference, type Series } from "./series";
import { type Aligned, smooth, thinSeries } from "./thin";

export interface PlotOptions {
  readonly series: readonly Series[];
  readonly width: number;
  readonly height: number;
  readonly log: boolean;
  /** Weight of the values before, 0 to below 1. */
  readonly smoothing: number;
  readonly axes: boolean;
  readonly range: readonly [number, number];
  /** The x of the moment that is shown; null for none. */
  readonly mark: number | null;
  readonly references: readonly Reference[];
  readonly theme: Theme;
  readonly format: (value: number) => string;
  /** The x under the pointer; null when it has left. */
  readonly look: (x: number | null) => void;
  /** A range of x was drawn with the pointer. */
  readonly zoom: (range: readonly [number, number]) => void;
}

/** A plot that is made once for its looks, and given new points as often as they come. */
export class Plot {
  private readonly plot: uPlot;

  constructor(
    element: HTMLElement,
    private options: PlotOptions,
  ) {
    this.plot = new uPlot(this.makeOptions(), this.data(), element);
  }

  /** Shows other points, or the same in another range; what it looks like stays. */
  update(options: PlotOptions): void {
    this.options = options;
    this.plot.setData(this.data(), false);
    this.plot.setScale("x", { min: options.range[0], max: options.range[1] });
  }

  resize(width: number, height: number): void {
    this.plot.setSize({ width, height });
  }

  destroy(): void {
    this.plot.destroy();
  }

  private data(): uPlot.AlignedData {
    const { series, smoothing, range, width, log } = this.options;
    const shown = smoothing ? [...series, ...series.map((s) => ({ ...s, y: smooth(s.y, smoothing) }))] : series;
    const columns = Math.max(20, Math.round(width));
    const aligned = thinSeries(shown, range[0], range[1], columns);
    return [aligned.x, ...(log ? onlyPositive(aligned) : aligned.ys)] as uPlot.AlignedData;
  }

  private makeOptions(): uPlot.Options {
    const { width, height, log, axes, theme } = this.options;
    const font = `12px ${theme.numbers}`;
    const axis = { stroke: theme.colors.muted, font, show: axes, ticks: { show: false } };
    const values = (_: uPlot, ticks: number[]) => ticks.map((tick) => (tick === null ? "" : this.options.format(tick)));
    return {
      width,
      height,
      legend: { show: false },
      padding: axes ? [8, 20, 0, 0] : [2, 0, 2, 0],
      cursor: {
        points: { show: false },
        y: false,
        drag: { x: true, y: false, setScale: false },
      },
      scales: {
        x: { time: false, range: () => [this.options.range[0], this.options.range[1]] },
        y: { distr: log ? 3 : 1, range: (_, least, most) => padRange(least ?? NaN, most ?? NaN, log) },
      },
      axes: [
        { ...axis, grid: { show: false }, size: 28, space: 72, values },
        { ...axis, grid: { show: axes, stroke: theme.colors.grid, width: 1 }, size: 64, space: 28, values },
      ],
      series: [{}, ...this.looks()],
      hooks: {
        draw: [(plot) => this.drawLines(plot)],
        setCursor: [(plot) => this.lookAt(plot)],
        setSelect: [(plot) => this.select(plot)],
      },
    };
  }

  /** With smoothing each curve as it is lies pale behind its smooth one. */
  private looks(): uPlot.Series[] {
    const { series, smoothing, theme } = this.options;
    const look = (s: Series, pale: boolean): uPlot.Series => ({
      stroke: theme.colors[s.color],
      width: 1.5,
      alpha: pale ? 0.25 : 1,
      dash: pale ? [] : [...DASHES[s.dash ?? "solid"]],
      points: { show: false },
      spanGaps: true,
    });
    return [...series.map((s) => look(s, smoothing > 0)), ...(smoothing ? series.map((s) => look(s, false)) : [])];
  }

  private drawLines(plot: uPlot): void {
    const { mark, references, theme } = this.options;
    const { left, top, width, height } = plot.bbox;
    const { ctx } = plot;
    ctx.save();
    ctx.lineWidth = devicePixelRatio;
    ctx.strokeStyle = theme.colors.muted;
    ctx.setLineDash([2 * devicePixelRatio, 4 * devicePixelRatio]);
    for (const { value } of references) {
      const y = plot.valToPos(value, "y", true);
      if (y > top && y < top + height) line(ctx, left, y, left + width, y);
    }
    ctx.setLineDash([]);
    ctx.strokeStyle = theme.colors.ink;
    const x = mark === null ? NaN : plot.valToPos(mark, "x", true);
    if (x >= left && x <= left + width) line(ctx, x, top, x, top + height);
    ctx.restore();
  }

  private lookAt(plot: uPlot): void {
    const { left } = plot.cursor;
    this.options.look(left === undefined || left === null || left < 0 ? null : plot.posToVal(left, "x"));
  }

  private select(plot: uPlot): void {
    const { left, width } = plot.select;
    if (width < 4) return;
    this.options.zoom([plot.posToVal(left, "x"), plot.posToVal(left + width, "x")]);
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  }
}

function line(context: CanvasRenderingContext2D, x0: number, y0: number, x1: number, y1: number): void {
  context.beginPath();
  context.moveTo(x0, y0);
  context.lineTo(x1, y1);
  context.stroke();
}

function onlyPositive({ ys }: Aligned): (number | null)[][] {
  return ys.map((values) => values.map((value) => (value !== null && value > 0 ? value : null)));
}
