/** What is looked at in one training of the page: its model, points, maps, verdict, slow motion. */

import { untrack } from "svelte";

import type { Layer, Point } from "../../canvas";
import { wholeView } from "../../canvas/view";
import type { LocalSession } from "../../engines/local";
import type { Frame, Phase, Values } from "../../engines/session";
import { readChanges } from "../../engines/timeline";
import { HELD, pathOfPlace, separateWeights, type WeightEdit } from "../../engines/weight-edits";
import type { LiveRun } from "../../run/live-run.svelte";
import { writeProblem } from "../../form/problems";
import { formatMeasure, plural, withColon } from "../../i18n";
import {
  answerLayer, axesLayer, boundaryLayer, classLayer, lineLayer, mistakesLayer, patternLayer, perceptronLine, proofLayer,
} from "./layers";
import { computeMaps, computeNeurons, computeOutput, type Model, rangeOfLayer, readModel } from "./model";
import { type Part, pathOf } from "./network-picture";
import type { PageState } from "./page-state.svelte";
import { domainOf, placeOf, readPoints, sliceOf } from "./points";
import { decideSeparability, type Verdict } from "./separability";
import { describePlace, describeState, namePlace } from "./words";
import { listWeights, type WeightArrays } from "./weights-file";

const SPEAK_MS = 2000;

export class RunState {
  /** The part of the network that the pointer is at. */
  active = $state.raw<Part | null>(null);
  spoken = $state("");
  problem = $state("");

  readonly model = $derived.by(() => readModel(this.run.frame, this.run.config));
  readonly train = $derived.by(() => readPoints(this.run.frame));
  readonly test = $derived.by(() => readPoints(this.run.frame, true));
  /** Grows when the points are others: what hangs on them alone is computed anew. */
  readonly #pointsKey = $derived(JSON.stringify(DATA_SETTINGS.map((path) => this.run.config[path])) + this.train.count);
  readonly slice = $derived.by(() => (void this.#pointsKey, sliceOf(untrack(() => this.train), this.page.axes)));
  readonly domain = $derived.by(() => (void this.#pointsKey, domainOf(untrack(() => this.run.config), untrack(() => this.train), this.slice)));
  readonly maps = $derived.by(() => (this.model ? computeMaps(this.model, this.slice, this.domain) : null));
  readonly verdict = $derived.by(() => (void this.#pointsKey, untrack(() => this.#decide())));
  readonly #edits = $derived.by(() => readChanges(this.run.changes, {}).flatMap(({ values }) => separateWeights(values).edits));
  /** Paths of the weights that are held. */
  readonly held = $derived.by((): ReadonlySet<string> => new Set(heldOf(this.#edits)));
  /** Paths of the weights that were set or held by hand. */
  readonly edited = $derived.by((): ReadonlySet<string> => new Set(this.#edits.map(({ path }) => path.replace(HELD, ""))));
  readonly layers = $derived.by(() => (this.page.isDrawing ? [] : this.#listLayers(this.run.frame)));

  #lastSpoken = -Infinity;

  constructor(
    readonly run: LiveRun,
    private readonly page: PageState,
  ) {}

  get middle(): number {
    return this.domain.bottom + this.domain.size / 2;
  }

  /** What the inputs are called. */
  get names(): readonly string[] {
    const given = this.run.config["data"] === "csv" ? this.page.names : [];
    return Array.from({ length: this.train.inputs }, (_, i) => given[i] ?? `x${i + 1}`);
  }

  /** The phase that is shown, where it is one of this lab. */
  get phase(): Phase | null {
    return this.run.phase;
  }

  /** Follows the training while the page is open; an effect calls it. */
  follow(): void {
    $effect(() => {
      const { domain } = this;
      if (this.page.isDrawing) return;
      untrack(() => (this.page.view = wholeView(domain, this.page.view.side)));
    });
  }

  /** What stands at a place of the plane, as inputs. */
  inputsAt([x, y]: Point): number[] {
    const { axes, held } = this.slice;
    return held.map((value, input) => (input === axes[0] ? x : input === axes[1] ? y : value));
  }

  describe(place: Point): string {
    const { model, names, slice } = this;
    if (!model) return "";
    const words = [names[slice.axes[0]] ?? "x1", slice.axes[1] < 0 ? null : (names[slice.axes[1]] ?? "x2")] as const;
    const looked = this.looked;
    if (!looked) return describePlace(place, computeOutput(model, this.inputsAt(place)), words);
    const value = computeNeurons(model, this.inputsAt(place))[looked.layer]![looked.to]!;
    return withColon(namePlace(place, words), formatMeasure(value));
  }

  /** The neuron whose map the plane shows instead of the output's. */
  get looked(): { readonly layer: number; readonly to: number } | null {
    const { active, model } = this;
    if (!active || !model || active.kind === "weight" || active.layer === model.sizes.length - 1) return null;
    return active;
  }

  layersOfFrame(frame: Frame | null): Layer[] {
    return this.#listLayers(frame);
  }

  #listLayers(frame: Frame | null): Layer[] {
    const model = frame === this.run.frame ? this.model : readModel(frame, this.run.config);
    if (!model) return [];
    const { slice, domain, middle, page, train, test } = this;
    const maps = frame === this.run.frame && this.maps ? this.maps : computeMaps(model, slice, domain);
    const looked = this.looked ?? { layer: model.sizes.length - 1, to: 0 };
    const map = maps.layers[looked.layer]?.[looked.to] ?? maps.layers.at(-1)![0]!;
    const range = rangeOfLayer(model, looked.layer, map);
    const grid = { values: map, side: maps.side, domain };
    const layers = [answerLayer(grid, range, page.looks.steps), axesLayer(slice)];
    if (!model.isNetwork && !this.looked) layers.push(lineLayer(perceptronLine(model), slice));
    else layers.push(boundaryLayer(grid, (range[0] + range[1]) / 2));
    if (page.looks.test && test.count) layers.push(classLayer(test, slice, 0, middle, true), classLayer(test, slice, 1, middle, true));
    layers.push(classLayer(train, slice, 0, middle), classLayer(train, slice, 1, middle));
    if (page.looks.mistakes) layers.push(mistakesLayer(train, slice, middle), ...(page.looks.test ? [mistakesLayer(test, slice, middle)] : []));
    if (page.looks.proof && this.verdict) layers.push(proofLayer(this.verdict, train, slice, middle));
    const pattern = this.#patternLayer();
    if (pattern) layers.push(...pattern);
    return layers;
  }

  #patternLayer(): Layer[] | null {
    const arrays = this.run.phase?.arrays;
    const number = arrays?.["pattern"]?.data[0];
    const w = arrays?.["w"]?.data;
    if (number === undefined || !w || this.run.isScrubbed) return null;
    const after = arrays?.["w_after"]?.data ?? null;
    const place = placeOf(this.train, this.slice, number, this.middle);
    return [lineLayer(w, this.slice, true), patternLayer(place, w, after, this.slice)];
  }

  /** The layer that is at work in slow motion; null where none is. */
  get lit(): number | null {
    const layer = this.run.phase?.arrays["layer"]?.data[0];
    return layer === undefined || layer < 1 ? null : layer;
  }

  #decide(): Verdict | null {
    const { train } = this;
    return train.count ? decideSeparability(train.x, train.d, train.inputs) : null;
  }

  // --- Weights by hand

  get canEdit(): boolean {
    void this.run.state;
    return this.#session !== null && !this.run.isScrubbed;
  }

  get #session(): LocalSession | null {
    const session = this.run.session;
    return session && "weights" in session ? (session as LocalSession) : null;
  }

  async setWeight(part: Part, value: number): Promise<void> {
    const path = this.model && pathOf(this.model, part);
    if (path) await this.#edit({ [path]: value });
  }

  async toggleHeld(part: Part): Promise<void> {
    const path = this.model && pathOf(this.model, part);
    if (path) await this.#edit({ [HELD + path]: this.held.has(path) ? 0 : 1 });
  }

  async #edit(values: Values): Promise<void> {
    const problems = await this.run.editWeights(values);
    this.problem = problems.map(({ field, message }) => writeProblem(field, message)).join(" ");
  }

  async readWeights(): Promise<WeightArrays> {
    const session = this.#session;
    return session ? listWeights(await session.weights()) : {};
  }

  /** Takes the weights of a file, each that differs from the model's. */
  async takeWeights(arrays: WeightArrays): Promise<void> {
    const now = await this.readWeights();
    const values: Record<string, number> = {};
    for (const [name, { shape, data }] of Object.entries(arrays)) {
      data.forEach((value, place) => {
        if (value !== now[name]?.data[place]) values[pathOfPlace(name, shape, place)] = value;
      });
    }
    if (Object.keys(values).length) await this.#edit(values);
  }

  /** Says the state in one sentence, at most once in two seconds. */
  speak(): void {
    const now = performance.now();
    if (now - this.#lastSpoken < SPEAK_MS) return;
    this.#lastSpoken = now;
    const error = this.run.measure(this.model?.isNetwork ? "loss" : "cross_entropy");
    this.spoken = describeState(this.run.step, this.train, this.test, error, this.verdict);
  }

  /** What to know about the weights that were set by hand. */
  noteHand(): string {
    const count = this.edited.size;
    return plural(
      "{count} weight was set or held by hand: links and Keep repeat it. What starts over draws it anew.",
      "{count} weights were set or held by hand: links and Keep repeat them. What starts over draws them anew.",
      count,
    );
  }
}

/** The paths of the weights that some edits hold in the end. */
function heldOf(edits: readonly WeightEdit[]): string[] {
  const last = new Map(edits.filter(({ path }) => path.startsWith(HELD)).map(({ path, value }) => [path.slice(HELD.length), value]));
  return [...last].flatMap(([path, value]) => (value ? [path] : []));
}

const DATA_SETTINGS = ["data", "truth_table", "csv", "scale", "samples", "noise", "train_share", "seed"];

export type { Model };
