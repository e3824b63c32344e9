/** Writes an SVG by the calls that draw on a canvas. */

import { type Pen, type Pixels, toBitmap } from "./pen";

interface State {
  fillStyle: string | CanvasGradient | CanvasPattern;
  strokeStyle: string | CanvasGradient | CanvasPattern;
  lineWidth: number;
  lineCap: CanvasLineCap;
  lineJoin: CanvasLineJoin;
  globalAlpha: number;
  font: string;
  textAlign: CanvasTextAlign;
  textBaseline: CanvasTextBaseline;
  dash: number[];
  lineDashOffset: number;
  /** Groups to close when this state is left: one for each clip. */
  groups: number;
}

const ANCHORS: Readonly<Partial<Record<CanvasTextAlign, string>>> = {
  center: "middle",
  right: "end",
  end: "end",
};
/** Where the baseline lies below the given height, in letter sizes. */
const BASELINES: Readonly<Partial<Record<CanvasTextBaseline, number>>> = {
  top: 0.8,
  middle: 0.35,
  bottom: -0.2,
};

export class SvgPen implements Pen {
  fillStyle: State["fillStyle"] = "#000";
  strokeStyle: State["strokeStyle"] = "#000";
  lineWidth = 1;
  lineCap: CanvasLineCap = "butt";
  lineJoin: CanvasLineJoin = "miter";
  globalAlpha = 1;
  font = "10px sans-serif";
  textAlign: CanvasTextAlign = "start";
  textBaseline: CanvasTextBaseline = "alphabetic";

  lineDashOffset = 0;

  private dash: number[] = [];
  private groups = 0;
  private clips = 0;
  private path: string[] = [];
  private readonly elements: string[] = [];
  private readonly states: State[] = [];

  /** A picture of so many units; `scale` of them make a CSS pixel. */
  constructor(
    private readonly width: number,
    private readonly height: number,
    private readonly scale = 1,
  ) {}

  save(): void {
    const { fillStyle, strokeStyle, lineWidth, lineCap, lineJoin, globalAlpha } = this;
    const { font, textAlign, textBaseline, dash, lineDashOffset, groups } = this;
    this.states.push({
      ...{ fillStyle, strokeStyle, lineWidth, lineCap, lineJoin, globalAlpha },
      ...{ font, textAlign, textBaseline, dash, lineDashOffset, groups },
    });
    this.groups = 0;
  }

  restore(): void {
    const state = this.states.pop();
    if (!state) return;
    for (let i = 0; i < this.groups; i++) this.elements.push("</g>");
    Object.assign(this, state);
  }

  beginPath(): void {
    this.path = [];
  }

  moveTo(x: number, y: number): void {
    this.path.push(`M${short(x)} ${short(y)}`);
  }

  lineTo(x: number, y: number): void {
    this.path.push(`${this.path.length ? "L" : "M"}${short(x)} ${short(y)}`);
  }

  closePath(): void {
    this.path.push("Z");
  }

  rect(x: number, y: number, width: number, height: number): void {
    this.path.push(`M${short(x)} ${short(y)}h${short(width)}v${short(height)}h${short(-width)}Z`);
  }

  arc(x: number, y: number, radius: number, from: number, to: number): void {
    const r = short(radius);
    if (Math.abs(to - from) >= 2 * Math.PI - 1e-9) {
      const d = short(2 * radius);
      this.path.push(`M${short(x - radius)} ${short(y)}a${r} ${r} 0 1 0 ${d} 0a${r} ${r} 0 1 0 -${d} 0`);
      return;
    }
    const [x0, y0] = [x + radius * Math.cos(from), y + radius * Math.sin(from)];
    const [x1, y1] = [x + radius * Math.cos(to), y + radius * Math.sin(to)];
    const large = to - from > Math.PI ? 1 : 0;
    const start = `${this.path.length ? "L" : "M"}${short(x0)} ${short(y0)}`;
    this.path.push(`${start}A${r} ${r} 0 ${large} 1 ${short(x1)} ${short(y1)}`);
  }

  clip(): void {
    this.clips += 1;
    const name = `clip${this.clips}`;
    this.elements.push(`<clipPath id="${name}"><path d="${this.path.join("")}"/></clipPath>`);
    this.elements.push(`<g clip-path="url(#${name})">`);
    this.groups += 1;
  }

  fill(): void {
    this.write(`<path d="${this.path.join("")}" fill="${this.fillStyle as string}"${this.opacity()}/>`);
  }

  stroke(): void {
    const dash = this.dash.length ? ` stroke-dasharray="${this.dash.map(short).join(" ")}" stroke-dashoffset="${short(this.lineDashOffset)}"` : "";
    const ends = ` stroke-linecap="${this.lineCap}" stroke-linejoin="${this.lineJoin}"`;
    const line = `stroke="${this.strokeStyle as string}" stroke-width="${short(this.lineWidth)}"`;
    this.write(`<path d="${this.path.join("")}" fill="none" ${line}${ends}${dash}${this.opacity()}/>`);
  }

  fillRect(x: number, y: number, width: number, height: number): void {
    const box = `x="${short(x)}" y="${short(y)}" width="${short(width)}" height="${short(height)}"`;
    this.write(`<rect ${box} fill="${this.fillStyle as string}"${this.opacity()}/>`);
  }

  setLineDash(dash: Iterable<number>): void {
    this.dash = [...dash];
  }

  fillText(text: string, x: number, y: number): void {
    const size = Number(/([\d.]+)px/.exec(this.font)?.[1] ?? 10);
    const anchor = ANCHORS[this.textAlign] ?? "start";
    const baseline = y + size * (BASELINES[this.textBaseline] ?? 0);
    const place = `x="${short(x)}" y="${short(baseline)}" text-anchor="${anchor}"`;
    const look = `style="font:${escapeText(this.font)}" fill="${this.fillStyle as string}"`;
    this.write(`<text ${place} ${look}${this.opacity()}>${escapeText(text)}</text>`);
  }

  /** Embeds pixels as a PNG. */
  writePixels(pixels: Pixels, x: number, y: number, width: number, height: number, smooth: boolean): void {
    const box = `x="${short(x)}" y="${short(y)}" width="${short(width)}" height="${short(height)}"`;
    const rendering = smooth ? "" : ' style="image-rendering:pixelated"';
    const source = toBitmap(pixels).toDataURL("image/png");
    this.write(`<image ${box} preserveAspectRatio="none"${rendering} href="${source}"${this.opacity()}/>`);
  }

  /** Returns the whole file. */
  toString(): string {
    const size = `width="${short(this.width * this.scale)}" height="${short(this.height * this.scale)}"`;
    const box = `viewBox="0 0 ${short(this.width)} ${short(this.height)}"`;
    const open = this.groups + this.states.reduce((sum, state) => sum + state.groups, 0);
    const body = this.elements.join("\n") + "</g>".repeat(open);
    return `<svg xmlns="http://www.w3.org/2000/svg" ${size} ${box}>\n${body}\n</svg>\n`;
  }

  private write(element: string): void {
    this.elements.push(element);
  }

  private opacity(): string {
    return this.globalAlpha < 1 ? ` opacity="${short(this.globalAlpha)}"` : "";
  }
}

function short(value: number): string {
  return String(Math.round(value * 100) / 100);
}

function escapeText(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
