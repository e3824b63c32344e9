/** What is looked at in one training of the page: a point's path, slow motion, notes, measures. */

import { untrack } from "svelte";

import type { Layer, Point } from "../../canvas";
import { readGrid } from "../../canvas/layers/shades";
import type { Frame } from "../../engines/session";
import type { LiveRun } from "../../run/live-run.svelte";
import { Paced } from "../../run/paced.svelte";
import { moveLattice } from "./lattice";
import { makeLayers } from "./layers";
import { Measuring } from "./measuring.svelte";
import { type Moment, readMoment } from "./moment";
import { findNotes } from "./notes";
import type { PageState } from "./page-state.svelte";
import { makePhaseLayers } from "./phase-layers";
import { continueStory, PHASES, type Story } from "./phases";
import { readRecent } from "./recent";
import { describePlace, describeState, Speaker } from "./sentence";
import { nearestPoint, tracePath } from "./trace";

const MORPH_MS = 1600;
/** Notes stay as long as it takes to read one. */
const NOTE_MS = 1500;

export class RunState {
  readonly measuring: Measuring;
  /** The generated point whose path is drawn. */
  traced = $state<number | null>(null);
  /** How far the lattice of noise is on its way to the manifold, 0 to 1; null where it does not move. */
  morph = $state<number | null>(null);
  story = $state.raw<Story | null>(null);
  notes = $state.raw<readonly string[]>([]);
  /** What is said about the state. */
  spoken = $state("");

  readonly moment = $derived.by(() => readMoment(this.run.frame));
  /** The iteration that is shown, a few times a second: what numbers and curves follow. */
  calm = $state.raw({ step: 0 });
  readonly recent = $derived.by(() => readRecent(this.run.metrics, this.calm.step));
  readonly record = $derived.by(() => this.measuring.at(this.calm.step));
  readonly layers = $derived.by(() => this.#listLayers());

  readonly #speaker = new Speaker();
  #animation = 0;
  #noted = -Infinity;
  #notedStep = 0;

  constructor(
    readonly run: LiveRun,
    private readonly page: PageState,
  ) {
    this.measuring = new Measuring(run);
  }

  /** Follows the training while the page is open; an effect calls it. */
  follow(): void {
    const { run } = this;
    const paced = new Paced(() => (void run.frames, { step: run.step }));
    $effect(() => {
      this.calm = paced.value;
    });
    $effect(() => {
      const { phase } = run;
      this.story = phase && phase.name in PHASES ? continueStory(untrack(() => this.story), phase) : null;
    });
    $effect(() => {
      void run.frames;
      untrack(() => this.measuring.note(run.done));
    });
    $effect(() => {
      void [run.frame, run.config];
      untrack(() => this.#note());
    });
  }

  close(): void {
    cancelAnimationFrame(this.#animation);
    this.measuring.close();
  }

  /** The layers of a moment as this page shows them. */
  layersOf(moment: Moment, step: number): Layer[] {
    const { looks } = this.page;
    const isTraced = looks.layers.path.shown && this.traced !== null;
    return makeLayers(moment, {
      looks,
      noise: String(this.run.config["noise"]),
      path: isTraced ? tracePath(this.run.moments.frames, this.traced ?? 0, step) : null,
      morph: this.morph === null ? null : moveLattice(moment.manifold, moment.manifoldSide, this.morph),
    });
  }

  layersOfFrame(frame: Frame | null): Layer[] {
    const moment = readMoment(frame);
    return moment ? this.layersOf(moment, moment.step) : [];
  }

  describe(place: Point): string {
    const { moment } = this;
    if (!moment) return "";
    const ring = nearestPoint(moment.fake, place, 0.02 / this.page.view.zoom);
    return describePlace(moment, place, readGrid(moment.answers, ...place), ring);
  }

  /** Draws the path of the ring near a place from now on, or of none. */
  choosePoint(place: Point): void {
    if (!this.moment) return;
    const ring = nearestPoint(this.moment.fake, place, 0.04 / this.page.view.zoom);
    this.traced = ring === this.traced ? null : ring;
    if (ring !== null && !this.page.looks.layers.path.shown) this.page.toggle("path");
  }

  /** Moves the lattice of noise to where the generator puts it; where motion is unwelcome, shows it or not. */
  startMorph(): void {
    cancelAnimationFrame(this.#animation);
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
      this.morph = this.morph === null ? 0 : null;
      return;
    }
    const start = performance.now();
    const draw = (now: number) => {
      const share = (now - start) / MORPH_MS - 0.15;
      this.morph = share >= 1 ? null : Math.max(0, share);
      if (share < 1) this.#animation = requestAnimationFrame(draw);
    };
    this.#animation = requestAnimationFrame(draw);
  }

  endMorph(): void {
    cancelAnimationFrame(this.#animation);
    this.morph = null;
  }

  /** Says the state in one sentence, at most once in two seconds. */
  speak(): void {
    if (!this.moment) return;
    const text = describeState(this.moment, this.recent, String(this.run.config["data"]), this.record?.measures ?? null);
    this.spoken = this.#speaker.say(text) ?? this.spoken;
  }

  #listLayers(): Layer[] {
    const { moment, story, page } = this;
    if (!moment || page.isDrawing) return [];
    void this.run.frames;
    return story ? makePhaseLayers(moment, story) : this.layersOf(moment, this.run.step);
  }

  #note(): void {
    const { moment, recent, run } = this;
    const now = performance.now();
    // What is said before the first iteration is not true for longer.
    if (!moment || (run.isPlaying && this.#notedStep > 0 && now - this.#noted < NOTE_MS)) return;
    this.#noted = now;
    this.#notedStep = run.step;
    this.notes = findNotes({ step: run.step, config: run.config, recent, moment });
  }
}
