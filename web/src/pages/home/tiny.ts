/** Tiny trainings for home's pictures: the live engine itself, a few iterations ten times a second. */

import { drawDiscs, drawRings } from "../../canvas/layers/points";
import { drawPixels, type Pen } from "../../canvas/pen";
import { mixColors, type Rgb, type Theme } from "../../canvas/theme";
import { type Domain, UNIT, wholeView } from "../../canvas/view";
import { Engine, type Points } from "../../engines/engine";
import type { Manifest } from "../../engines/manifest";
import { manifestOf } from "../../engines/manifests";
import type { NdArray, Values } from "../../engines/session";
import { formatMeasure, t } from "../../i18n";
import { LetterModel } from "./letters";

/** A training that draws itself, and starts over when it has shown enough. */
export interface Tiny {
  /** Does a few iterations: a few milliseconds. */
  advance(): void;
  draw(pen: Pen, side: number, theme: Theme): void;
}

interface Options {
  readonly config: Values;
  readonly points?: Points | null;
  /** Iterations each time. */
  readonly pace: number;
  /** It starts over, from another seed, after so many. */
  readonly until: number;
}

abstract class TinyEngine implements Tiny {
  protected engine!: Engine;
  #seed: number;

  constructor(
    private readonly module: WebAssembly.Module,
    private readonly lab: string,
    private readonly options: Options,
  ) {
    this.#seed = Number(options.config["seed"]);
    this.#begin();
  }

  #begin(): void {
    this.engine = new Engine(this.module, manifestOf(this.lab) as Manifest);
    const problems = this.engine.begin({ ...this.options.config, seed: this.#seed }, this.options.points ?? null);
    if (problems.length) throw new Error(problems[0]?.message);
  }

  advance(): void {
    const done = this.engine.advance(this.options.pace);
    if (done === this.options.pace && this.engine.step < this.options.until) return;
    this.#seed++;
    this.#begin();
  }

  abstract draw(pen: Pen, side: number, theme: Theme): void;
}

/** Real points and generated ones. */
export class TinyGan extends TinyEngine {
  constructor(module: WebAssembly.Module, options: Options) {
    super(module, "gan2d", options);
  }

  draw(pen: Pen, side: number, theme: Theme): void {
    const { real, fake } = this.engine.snapshot();
    const view = wholeView(UNIT, side);
    if (real) drawDiscs(pen, real.data.slice(0, 400), view, theme.colors.blue);
    if (fake) drawRings(pen, fake.data.slice(0, 400), view, theme.colors.vermilion, theme.colors.paper);
  }
}

const MAP_SIDE = 48;

/** The decision of a neuron or of a network, and the points of the plane that it learns. */
export class TinyNeuron extends TinyEngine {
  constructor(module: WebAssembly.Module, options: Options) {
    super(module, "neuron", options);
  }

  draw(pen: Pen, side: number, theme: Theme): void {
    const { x, d, ...weights } = this.engine.snapshot();
    if (!x || !d) return;
    const domain = domainOf(x.data);
    drawAnswers(pen, side, theme, weights, domain);
    const view = wholeView(domain, side);
    const ofClass = (wanted: number) => Float32Array.from(x.data.filter((_, i) => Math.round(d.data[i >> 1] as number) === wanted));
    drawDiscs(pen, ofClass(1), view, theme.colors.blue);
    drawRings(pen, ofClass(0), view, theme.colors.vermilion, theme.colors.paper);
  }
}

function domainOf(points: Float32Array): Domain {
  const [low, high] = [Math.min(...points), Math.max(...points)];
  const margin = 0.08 * (high - low) + (high - low === 1 ? 0.25 : 0);
  return { left: low - margin, bottom: low - margin, size: high - low + 2 * margin };
}

function drawAnswers(pen: Pen, side: number, theme: Theme, weights: Record<string, NdArray>, domain: Domain): void {
  const { blue, vermilion, paper } = theme.rgb;
  const shades = Array.from({ length: 65 }, (_, i): Rgb => {
    const answer = i / 64;
    return answer > 0.5 ? mixColors(blue, 0.68 * (answer - 0.5), paper) : mixColors(vermilion, 0.68 * (0.5 - answer), paper);
  });
  const data = new Uint8ClampedArray(4 * MAP_SIDE * MAP_SIDE);
  for (let row = 0; row < MAP_SIDE; row++) {
    for (let column = 0; column < MAP_SIDE; column++) {
      const at = [domain.left + ((column + 0.5) / MAP_SIDE) * domain.size, domain.bottom + (1 - (row + 0.5) / MAP_SIDE) * domain.size];
      const shade = shades[Math.round(64 * answerAt(weights, at))] ?? paper;
      data.set([...shade, 255], 4 * (row * MAP_SIDE + column));
    }
  }
  drawPixels(pen, { data, width: MAP_SIDE, height: MAP_SIDE }, [0, 0, side, side], true);
}

/** What a small letter model says, letter by letter more like its text. */
export class TinyLetters implements Tiny {
  #model: LetterModel;
  #said = "";
  #loss = NaN;

  constructor(
    private readonly text: string,
    private readonly until = 12_000,
  ) {
    this.#model = new LetterModel(text, 1);
  }

  advance(): void {
    if (this.#model.steps >= this.until) this.#model = new LetterModel(this.text, this.#model.steps);
    this.#loss = this.#model.learn(40);
    this.#said = this.#model.say(LINE * LINES);
  }

  draw(pen: Pen, side: number, theme: Theme): void {
    pen.fillStyle = theme.colors.ink;
    pen.font = `${side / 12}px ${theme.words}`;
    for (let line = 0; line < LINES; line++) {
      pen.fillText(this.#said.slice(line * LINE, (line + 1) * LINE), side * 0.06, side * (0.14 + line * 0.115));
    }
    pen.fillStyle = theme.colors.muted;
    pen.font = `${side / 16}px ${theme.words}`;
    pen.fillText(t("{loss} nats a letter", { loss: formatMeasure(this.#loss, 2) }), side * 0.06, side * 0.96);
  }
}

const LINE = 20;
const LINES = 7;

/** What a neuron, or a tanh network with a sigmoid at its end, answers. */
export function answerAt(weights: Readonly<Record<string, NdArray>>, input: readonly number[]): number {
  if (weights["w"]) {
    const [w0 = 0, w1 = 0, w2 = 0] = weights["w"].data;
    return 1 / (1 + Math.exp(w0 - w1 * (input[0] ?? 0) - w2 * (input[1] ?? 0)));
  }
  let values: readonly number[] = input;
  const names = Object.keys(weights).filter((name) => /^w\d+$/.test(name)).sort();
  for (const [i, name] of names.entries()) {
    const w = weights[name] as NdArray;
    const b = weights[name.replace("w", "b")] as NdArray;
    const neurons = b.data.length;
    const sums = Array.from(b.data);
    for (const [k, value] of values.entries()) {
      for (let j = 0; j < neurons; j++) sums[j] = (sums[j] as number) + value * (w.data[k * neurons + j] as number);
    }
    values = i < names.length - 1 ? sums.map(Math.tanh) : sums.map((sum) => 1 / (1 + Math.exp(-sum)));
  }
  return values[0] ?? 0.5;
}

/** A face as points, for the small GAN of the card of portraits. */
export function facePoints(): Points {
  const rows: number[] = [];
  const add = (x: number, y: number) => rows.push(x, y, 0.008);
  for (let i = 0; i < 120; i++) {
    const turn = (2 * Math.PI * i) / 120;
    add(0.5 + 0.36 * Math.cos(turn), 0.5 + 0.42 * Math.sin(turn));
    const smile = Math.PI * (1.2 + (0.6 * i) / 120);
    add(0.5 + 0.2 * Math.cos(smile), 0.45 + 0.18 * Math.sin(smile));
    const eye = (2 * Math.PI * i) / 120;
    const side = i % 2 ? 0.36 : 0.64;
    add(side + 0.045 * Math.cos(eye), 0.62 + 0.03 * Math.sin(eye));
  }
  return { columns: 3, data: Float64Array.from(rows) };
}
