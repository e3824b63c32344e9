/**
 * A training as a page shows it: its session, what was seen of it, its settings with undo, the
 * conditions that stop it, and a rival that runs in lockstep. Pages draw `frame` and `metrics`,
 * the form edits `config`, the control bar calls the rest; none knows where it is computed.
 */

import { History } from "../curves/history";
import type { Changed, Engines, Frame, Phase, Problem, Session, State } from "../engines/session";
import { readChanges, writeChanges } from "../engines/timeline";
import { findConflicts } from "../form/conflicts";
import { checkValue } from "../form/values";
import { isSame, listDifferences, type Schema, type Values } from "../form/schema";
import { t } from "../i18n";
import { Lockstep } from "./lockstep";
import { Moments } from "./moments";
import { Newest } from "./newest";
import type { Picture } from "./pictures";
import { SettingProblems } from "./setting-problems.svelte";
import { findStop, NO_STOPS, type Stopped, type Stops } from "./stops";
import { type Step, UndoHistory } from "./undo.svelte";
import { watchUnseen } from "./unseen";

export interface RunOptions {
  readonly lab: string;
  readonly schema: Schema;
  /** "gan2d/ring"; null where the settings are no recipe's. */
  readonly recipe: string | null;
  /** The recipe's settings, all of them: what "changed" is measured against. */
  readonly base: Values;
  /** The settings to begin with, all of them. */
  readonly config: Values;
  readonly engines: Engines;
  /** Of the page, where there is another training on it. */
  readonly history?: UndoHistory;
}

export const AS_FAST_AS_IT_GOES = Infinity;

export class LiveRun {
  readonly lab: string;
  readonly schema: Schema;
  /** To scrub over. */
  readonly moments = new Moments();
  /** Of the whole training. */
  readonly metrics = new History();

  recipe = $state<string | null>(null);
  base = $state.raw<Values>({});
  /** Every setting as the training has it. */
  config = $state.raw<Values>({});
  state = $state.raw<State>({ kind: "starting" });
  /** The moment that is shown: the newest, or the one that is scrubbed to. */
  frame = $state.raw<Frame | null>(null);
  /** Whether `frame` is one of the past. */
  isScrubbed = $state(false);
  phase = $state.raw<Phase | null>(null);
  /** Iterations a second that are asked for. */
  pace = $state(AS_FAST_AS_IT_GOES);
  stops = $state.raw<Stops>(NO_STOPS);
  /** Which of them it stopped at; null while it goes on. */
  stopped = $state.raw<Stopped | null>(null);
  /** One sentence about what happened by itself. */
  notice = $state("");
  rival = $state.raw<LiveRun | null>(null);
  /** Grows with every frame: what reads it is drawn again. */
  frames = $state(0);
  /** What can be exported, as the page registers it. */
  pictures = $state.raw<readonly Picture[]>([]);

  readonly #engines: Engines;
  #session: Session | null = null;
  #stopListening: (() => void)[] = [];
  readonly #history: UndoHistory;
  readonly #problems = new SettingProblems();
  readonly #wanted = new Newest<{ value: unknown; continues: boolean }>((path, { value, continues }) => this.setMany({ [path]: value }, continues));
  #lockstep: Lockstep | null = null;
  #place = "";
  #begun: Values = {};
  /** Grows where a training begins: what was done to weights before is gone with the one before. */
  #beginnings = 0;
  #isClosed = false;

  constructor(options: RunOptions) {
    this.lab = options.lab;
    this.schema = options.schema;
    this.recipe = options.recipe;
    this.base = options.base;
    this.config = options.config;
    this.#begun = options.config;
    this.#engines = options.engines;
    this.#history = options.history ?? new UndoHistory();
    this.#stopListening.push(watchUnseen(() => this.#pauseUnseen()));
  }

  /** Opens the session. A page calls it once. */
  async start(): Promise<void> {
    await this.#reopen(this.config);
  }

  close(): void {
    this.#isClosed = true;
    this.#lockstep?.stop();
    for (const stop of this.#stopListening) stop();
    this.rival?.close();
    this.#session?.close();
    this.#session = null;
    this.#history.forgetOver();
  }

  get session(): Session | null {
    return this.#session;
  }

  /** The iteration that is shown. */
  get step(): number {
    return this.frame?.step ?? 0;
  }

  /** The iterations that are done. */
  get done(): number {
    void this.frames;
    return this.#session?.step ?? 0;
  }

  /** Path to what is wrong with the value that was asked for; the training has the last good one. */
  get problems(): Readonly<Record<string, string>> {
    return this.#problems.current;
  }

  /** Grows where a change is refused: controls show again what the training has. */
  get refusals(): number {
    return this.#problems.refusals;
  }

  get canUndo(): boolean {
    return this.#history.canUndo;
  }

  get canRedo(): boolean {
    return this.#history.canRedo;
  }

  get isPlaying(): boolean {
    return this.state.kind === "playing";
  }

  get hasPhases(): boolean {
    void this.state;
    return this.#session?.hasPhases ?? false;
  }

  /** Why an iteration is not taken apart, in the language in use; null where it is, or nothing runs. */
  get whyNoPhases(): string | null {
    if (this.hasPhases || this.state.kind === "starting" || this.state.kind === "lost") return null;
    const why = this.#engines.whyNotHere(this.lab, this.config) ?? "";
    return t("The server computes whole iterations: only the browser's engine stops after each phase of one. {why}", { why }).trim();
  }

  get seed(): number {
    return Number(this.config["seed"] ?? 0);
  }

  /** The true rate, in iterations a second; 0 while paused. */
  get rate(): number {
    return this.state.kind === "playing" ? this.state.iterationsPerSecond : 0;
  }

  /** The settings that the training began with, before changes on the way. */
  get begun(): Values {
    return this.#begun;
  }

  /** Whether a setting was changed after the last iteration: it has had no effect yet. */
  get changedNow(): boolean {
    const last = this.#session?.changes().split(";").at(-1) ?? "";
    return last !== "" && Number(last.split(":")[0]) === this.done;
  }

  /** The changes made so far, as the setting `changes` takes them. */
  get changes(): string {
    void this.frames;
    return this.#session?.changes() ?? "";
  }

  /** The changes made so far and those to come, as the setting `changes` takes them. */
  get timeline(): string {
    void this.frames;
    const planned = String(this.#begun["changes"] ?? "");
    const timeline = this.#session?.timeline() ?? planned;
    // As it was written where it is the same: a recipe's own changes are none of its settings that differ.
    return writeChanges(readChanges(planned, this.#begun)) === timeline ? planned : timeline;
  }

  /** The newest value of a metric: of the state as it was changed since its iteration, where it was. */
  measure(metric: string): number {
    return this.frame?.evaluation?.[metric] ?? this.metrics.last(metric);
  }

  /** Paths whose values differ from the recipe's. */
  get changed(): readonly string[] {
    return listDifferences(this.schema, this.base, this.config);
  }

  /** Paths whose values differ from the rival's; the seed is never one of them. */
  get differing(): readonly string[] {
    return this.rival ? listDifferences(this.schema, this.config, this.rival.config) : [];
  }

  // --- Playing

  play(): void {
    if (!this.#session || this.state.kind === "diverged") return;
    this.notice = "";
    this.stopped = null;
    this.showLatest();
    this.phase = null;
    if (this.rival) this.#playTogether(this.rival);
    else this.#session.play(this.pace, this.stops.iteration ?? undefined);
  }

  pause(): void {
    if (this.#lockstep) {
      this.#lockstep.stop();
      this.#lockstep = null;
      this.#setState({ kind: "paused" });
    } else this.#session?.pause();
  }

  toggle(): void {
    if (this.isPlaying) this.pause();
    else this.play();
  }

  /** Sets the pace, in iterations a second; it holds at once. */
  setPace(pace: number): void {
    this.pace = pace;
    if (this.isPlaying) this.play();
  }

  setStops(stops: Stops): void {
    this.stops = stops;
    if (this.isPlaying) this.play();
  }

  /** Does one iteration, of the rival too. */
  async iterate(count = 1): Promise<void> {
    if (!this.#session || this.state.kind === "diverged") return;
    this.pause();
    this.showLatest();
    this.phase = null;
    const both = [this.#session.iterate(count), this.rival?.iterate(count)];
    await Promise.all(both);
  }

  /** Does the next phase of an iteration, or says why there are none. */
  async nextPhase(): Promise<void> {
    this.notice = this.whyNoPhases ?? this.notice;
    if (!this.#session?.hasPhases || this.state.kind === "diverged") return;
    this.pause();
    this.showLatest();
    this.phase = await this.#session.nextPhase();
  }

  /** Starts over from iteration 0 with the same settings. */
  async reset(): Promise<void> {
    await this.#restart(this.config);
    await this.rival?.reset();
  }

  /** Replays from the start, changes at their iterations, to an iteration. */
  async goTo(step: number): Promise<void> {
    if (!this.#session) return;
    this.pause();
    this.showLatest();
    this.#show(await this.#session.replay(step));
    await this.rival?.goTo(step);
  }

  setSeed(seed: number): Promise<void> {
    return this.setMany({ seed });
  }

  rollSeed(): Promise<void> {
    const [seed = 0] = crypto.getRandomValues(new Uint32Array(1));
    // Short enough to be read out in a class.
    return this.setSeed(seed % 10_000);
  }

  // --- Looking back

  /** Shows the kept moment nearest to an iteration, and pauses. */
  scrub(step: number): void {
    this.pause();
    const frame = this.moments.nearest(step);
    if (!frame) return;
    this.frame = frame;
    this.isScrubbed = frame !== this.moments.last;
    this.rival?.scrub(step);
  }

  /** Returns from the past to the newest moment. */
  showLatest(): void {
    if (this.isScrubbed) this.frame = this.moments.last;
    this.isScrubbed = false;
    this.rival?.showLatest();
  }

  // --- Settings

  /**
   * Sets one setting; see `setMany`. While one change of it is under way the newest value waits, and
   * those between are skipped: a slider may be faster than a training starts over.
   *
   * @param continues whether it is the same drag as before: one undo takes all of it back.
   */
  set(path: string, value: unknown, continues = false): Promise<void> {
    return this.#wanted.put(path, { value, continues });
  }

  /**
   * Changes settings: without a new start if all of them may change during a run. A value that is
   * not allowed stands in `problems`, and the training goes on as it was.
   */
  async setMany(values: Values, continues = false): Promise<void> {
    const problems = this.#check(values);
    this.#problems.note(Object.keys(values), problems);
    if (problems.length) return;
    const changed = Object.keys(values).filter((path) => !isSame(values[path], this.config[path]));
    // Where nothing runs the same values begin anew: what they name may be there now.
    if (changed.length === 0 && this.#session) return;
    const before = this.#stepBack();
    if ((await this.#apply({ ...this.config, ...values }, changed)) && !continues) this.#history.note(before);
  }

  /** Sets a setting back to the recipe's value. */
  resetSetting(path: string): Promise<void> {
    return this.set(path, this.base[path]);
  }

  /** Says what is wrong with a text that stands for no value; the training goes on. */
  refuse(path: string, message: string): void {
    this.#problems.note([path], [{ field: path, message }]);
  }

  /** Sets or holds weights now, by their paths ("w1.0.2"); returns what is wrong, and then does nothing. */
  async editWeights(values: Values): Promise<readonly Problem[]> {
    const { problems, before } = await this.#changeWeights(values);
    if (this.#session && !problems.length) this.#history.note(this.#stepOfWeights(before));
    return problems;
  }

  async #changeWeights(values: Values): Promise<Changed> {
    if (!this.#session) return { problems: [], before: {} };
    this.showLatest();
    this.phase = null;
    const changed = await this.#session.change(values);
    if (!changed.problems.length && this.state.kind === "diverged") this.#setState({ kind: "paused" });
    return changed;
  }

  /** Takes another recipe's settings. */
  async takeRecipe(recipe: string | null, base: Values): Promise<void> {
    const before = this.#stepBack();
    if (!(await this.#apply({ ...base }, this.schema.settings.map((setting) => setting.path)))) return;
    [this.recipe, this.base] = [recipe, base];
    this.#history.note(before);
  }

  /** Takes back what was changed last, of the rival too: settings, or weights that were typed or held. */
  undo(): Promise<void> {
    return this.#history.undo();
  }

  redo(): Promise<void> {
    return this.#history.redo();
  }

  /** The step back to the recipe and settings that there are now. */
  #stepBack(): Step {
    const { config, recipe, base } = this;
    const take = async () => {
      const now = this.#stepBack();
      if (!(await this.#apply(config, listDifferences(this.schema, this.config, config)))) return null;
      [this.recipe, this.base] = [recipe, base];
      return now;
    };
    return { take, isOver: () => this.#isClosed };
  }

  /** The step to weights as they were; a training that begins anew draws its own. */
  #stepOfWeights(values: Values): Step {
    const beginning = this.#beginnings;
    const take = async () => {
      const { problems, before } = await this.#changeWeights(values);
      return problems.length ? null : this.#stepOfWeights(before);
    };
    return { take, isOver: () => this.#isClosed || beginning !== this.#beginnings };
  }

  /** Whether changing these settings to a config would start the training over. */
  startsOver(paths: readonly string[], config: Values): boolean {
    const isLive = paths.every((path) => this.schema.byPath.get(path)?.live);
    return !isLive || this.#engines.placeOf(this.lab, config) !== this.#place;
  }

  // --- Comparing

  /**
   * Opens a second training of the same seed, both from iteration 0.
   *
   * @param values what it has otherwise; with settings that cannot be trained there is no second one.
   */
  async compare(values: Values = {}): Promise<void> {
    if (this.rival) return;
    this.pause();
    const { lab, schema, recipe, base } = this;
    const rival = new LiveRun({ lab, schema, recipe, base, config: { ...this.config, ...values }, engines: this.#engines, history: this.#history });
    await rival.start();
    if (rival.state.kind === "lost") {
      this.notice = rival.state.why;
      return rival.close();
    }
    await this.reset();
    rival.pace = this.pace;
    this.rival = rival;
  }

  endComparison(): void {
    this.pause();
    this.rival?.close();
    this.rival = null;
  }

  #playTogether(rival: LiveRun): void {
    this.#lockstep?.stop();
    const sessions = [this.#session, rival.session].filter((session) => session !== null);
    this.#lockstep = new Lockstep(sessions, this.pace, this.stops.iteration ?? Infinity, (rate) => {
      this.#setState(rate === null ? (this.#session?.state ?? { kind: "paused" }) : { kind: "playing", iterationsPerSecond: rate });
    });
    this.#lockstep.start();
  }

  // --- The session

  /** Takes settings; both of two trainings have one seed. */
  async #apply(config: Values, changed: readonly string[]): Promise<boolean> {
    const isDone = await this.#take(config, changed);
    const { rival } = this;
    if (isDone && rival && changed.includes("seed")) await rival.#take({ ...rival.config, seed: this.seed }, ["seed"]);
    return isDone;
  }

  async #take(config: Values, changed: readonly string[]): Promise<boolean> {
    if (this.startsOver(changed, config) || !this.#session) return this.#restart(config);
    const values = Object.fromEntries(changed.map((path) => [path, config[path]]));
    const { problems } = await this.#session.change(values);
    this.#problems.note(changed, problems);
    if (problems.length) return false;
    this.config = config;
    if (this.state.kind === "diverged") this.#setState({ kind: "paused" });
    return true;
  }

  async #restart(config: Values): Promise<boolean> {
    const wasPlaying = this.isPlaying;
    this.#lockstep?.stop();
    this.#lockstep = null;
    const problems = await this.#begin(config);
    this.#problems.note(Object.keys(config), problems);
    if (problems.length) return false;
    this.config = config;
    this.#noteBeginning(config);
    this.phase = null;
    this.isScrubbed = false;
    this.notice = "";
    this.stopped = null;
    if (this.rival) await this.rival.#restartWith(this.rival.config);
    if (wasPlaying) this.play();
    return true;
  }

  async #begin(config: Values): Promise<readonly Problem[]> {
    const stays = this.#engines.placeOf(this.lab, config) === this.#place;
    if (this.#session && stays) return this.#session.restart(config);
    await this.#reopen(config);
    return [];
  }

  /** The rival starts over with its own settings. */
  async #restartWith(config: Values): Promise<void> {
    await this.#session?.restart(config);
    // The first frame came before it was known that this is what it began with.
    this.config = config;
    this.#noteBeginning(config);
  }

  #noteBeginning(config: Values): void {
    this.#begun = config;
    this.#beginnings++;
    this.#history.forgetOver();
  }

  async #reopen(config: Values): Promise<void> {
    try {
      const session = await this.#engines.open(this.lab, config);
      this.#place = this.#engines.placeOf(this.lab, config);
      this.#session?.close();
      this.#session = session;
      this.#noteBeginning(config);
      this.#stopListening.push(
        session.onFrame((frame) => this.#show(frame)),
        session.onState((state) => this.#setState(state)),
        session.onNotice?.((sentence) => (this.notice = sentence)) ?? (() => undefined),
      );
      this.#setState(session.state);
    } catch (error) {
      this.#setState({ kind: "lost", why: error instanceof Error ? error.message : String(error) });
    }
  }

  #show(frame: Frame): void {
    const isAnew = this.moments.last !== null && frame.step < this.moments.last.step;
    if (isAnew && frame.step === 0) {
      this.moments.clear();
      this.metrics.clear();
    }
    this.moments.add(frame);
    this.metrics.append(frame.metrics);
    if (!this.isScrubbed) this.frame = frame;
    this.frames++;
    this.#followConfig();
    this.#checkStops();
  }

  /** Planned changes, and replays over them, change settings without a hand. */
  #followConfig(): void {
    const now = this.#session?.config;
    if (now && listDifferences(this.schema, this.config, now).length) this.config = now;
  }

  #checkStops(): void {
    const stopped = this.isPlaying ? findStop(this.stops, this.metrics) : null;
    if (!stopped) return;
    this.pause();
    this.stopped = stopped;
  }

  #setState(state: State): void {
    if (this.#lockstep && state.kind === "paused") return;
    this.state = state;
    if (state.kind === "diverged") {
      this.#lockstep?.stop();
      this.#lockstep = null;
    }
  }

  #check(values: Values): Problem[] {
    const problems: Problem[] = [];
    for (const [path, value] of Object.entries(values)) {
      const setting = this.schema.byPath.get(path);
      const message = setting ? checkValue(setting, value) : "no such setting.";
      if (message) problems.push({ field: path, message });
    }
    return problems.length ? problems : findConflicts(this.schema, { ...this.config, ...values });
  }

  #pauseUnseen(): void {
    if (!this.isPlaying) return;
    this.pause();
    this.notice = t("Paused: this tab was hidden for a minute.");
  }
}
