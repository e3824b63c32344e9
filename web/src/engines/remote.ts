/** A training on the server, as `Session` has it: what the engine of the browser does not cover. */

import { mark, t } from "../i18n";
import type { Layout, Message } from "./frames";
import { type Answer, Link, type Receiver, Refused, serverLink } from "./link";
import { toFrame, toPhase } from "./remote-frame";
import type { Changed, Frame, Phase, Problem, Session, State, Values } from "./session";

const STARTING: State = { kind: "starting" };
const ENDED = mark("The training has come to its end.");

/** Begins a training on the server; rejects with `Refused` and the problems of its settings. */
export async function openRemote(
  lab: string,
  config: Values,
  language: string,
  link: Link = serverLink(),
  prepare?: Prepare,
): Promise<RemoteSession> {
  const answer = await link.ask({ do: "open", lab, config: prepare ? await prepare(config) : config, lang: language });
  return new RemoteSession(link, answer, language, prepare);
}

/** Brings what settings name in this page to the server; resolves with settings that it understands. */
type Prepare = (config: Values) => Promise<Values>;

/** Shows a training that is on the server already; rejects if there is none of that id. */
export async function attachRemote(
  session: string,
  language: string,
  link: Link = serverLink(),
): Promise<RemoteSession> {
  const answer = await link.ask({ do: "attach", session, lang: language });
  return new RemoteSession(link, answer, language);
}

export class RemoteSession implements Session, Receiver {
  readonly id: string;
  readonly lab: string;
  readonly #link: Link;
  readonly #language: string;
  readonly #prepare: Prepare | undefined;
  readonly #frameListeners = new Set<(frame: Frame) => void>();
  readonly #stateListeners = new Set<(state: State) => void>();
  readonly #noticeListeners = new Set<(sentence: string) => void>();
  #config: Values = {};
  #begun: Values;
  #state: State = STARTING;
  #step = 0;
  #changes = "";
  /** What the training began with as changes to come. */
  #planned: readonly TextChange[];
  #hasPhases = false;
  #frame: Frame | null = null;
  #phase: Phase | null = null;
  #until = Infinity;
  #pace = 0;

  constructor(link: Link, answer: Answer, language: string, prepare?: Prepare) {
    this.#link = link;
    this.#prepare = prepare;
    this.#language = language;
    this.id = String(answer.session);
    this.lab = String(answer.lab);
    this.#begun = answer.config as Values;
    this.#planned = plannedIn(this.#begun);
    link.listen(this.id, this);
    this.#note(answer);
  }

  get config(): Values {
    return this.#config;
  }
  get state(): State {
    return this.#state;
  }
  get step(): number {
    return this.#step;
  }
  get hasPhases(): boolean {
    return this.#hasPhases;
  }

  play(pace: number, until = Infinity): void {
    this.#pace = pace;
    this.#until = until;
    if (until <= this.#step) return this.pause();
    if (this.#nearsEnd()) return;
    this.#tell({ do: "play", pace: Number.isFinite(pace) ? pace : null });
  }

  pause(): void {
    this.#pace = 0;
    this.#until = Infinity;
    this.#tell({ do: "pause" });
  }

  async iterate(count: number): Promise<Frame> {
    this.#pace = 0;
    this.#until = Infinity;
    await this.#ask({ do: "iterate", count });
    return this.#lastFrame();
  }

  async nextPhase(): Promise<Phase> {
    this.#pace = 0;
    this.#phase = null;
    await this.#ask({ do: "phase" });
    if (!this.#phase) throw new Refused(t(ENDED));
    return this.#phase;
  }

  async change(values: Values): Promise<Changed> {
    return { problems: await this.#try({ do: "change", values }), before: {} };
  }

  async restart(config: Values): Promise<readonly Problem[]> {
    let prepared: Values;
    try {
      prepared = this.#prepare ? await this.#prepare(config) : config;
    } catch (error) {
      return [{ field: "data", message: error instanceof Error ? error.message : String(error) }];
    }
    const problems = await this.#try({ do: "restart", config: prepared });
    if (problems.length === 0) [this.#begun, this.#planned] = [prepared, plannedIn(prepared)];
    return problems;
  }

  /** Begins again and makes the same changes at the same iterations; later ones are planned. */
  async replay(step: number): Promise<Frame> {
    const changes = this.#listChanges();
    const later = changes.filter((change) => change.step > step);
    const config = "changes" in this.#begun ? { ...this.#begun, changes: writeTexts(later) } : this.#begun;
    await this.#ask({ do: "restart", config });
    this.#planned = plannedIn(config);
    for (const change of changes.filter((change) => change.step <= step)) {
      if (change.step > this.#step) await this.iterate(change.step - this.#step);
      await this.#ask({ do: "change", values: change.values });
    }
    if (step > this.#step) return this.iterate(step - this.#step);
    await this.#ask({ do: "look" });
    return this.#lastFrame();
  }

  changes(): string {
    return this.#changes;
  }

  timeline(): string {
    return writeTexts(this.#listChanges());
  }

  /** The changes that were made, then those that are still to be made: the server makes each once, at its iteration. */
  #listChanges(): TextChange[] {
    const made = readChanges(this.#changes);
    const texts = made.map((change) => writeTexts([change]));
    const isToCome = (change: TextChange) => change.step >= this.#step && !texts.includes(writeTexts([change]));
    return [...made, ...this.#planned.filter(isToCome)];
  }

  async digest(): Promise<string> {
    return String((await this.#ask({ do: "digest" })).digest ?? "");
  }

  onFrame(listener: (frame: Frame) => void): () => void {
    this.#frameListeners.add(listener);
    if (this.#frame) listener(this.#frame);
    return () => this.#frameListeners.delete(listener);
  }

  onState(listener: (state: State) => void): () => void {
    this.#stateListeners.add(listener);
    listener(this.#state);
    return () => this.#stateListeners.delete(listener);
  }

  /** Calls with each sentence that the page is to show, as when a process of the server died. */
  onNotice(listener: (sentence: string) => void): () => void {
    this.#noticeListeners.add(listener);
    return () => this.#noticeListeners.delete(listener);
  }

  /** Ends the training for good. */
  close(): void {
    this.#tell({ do: "end" });
    this.#link.forget(this.id);
  }

  /** Leaves the training on the server, where `attachRemote` finds it. */
  leave(): void {
    this.#tell({ do: "detach" });
    this.#link.forget(this.id);
  }

  onMessage(layout: Layout, message: Message): void {
    this.#step = message.step;
    const phase = toPhase(layout, message);
    if (phase) {
      this.#phase = phase;
      return;
    }
    const frame = toFrame(layout, message);
    this.#frame = frame;
    for (const listener of [...this.#frameListeners]) listener(frame);
    if (this.#state.kind === "playing") this.#nearsEnd();
  }

  onEvent(event: Answer): void {
    if (event.event === "state") this.#note(event);
    else if (event.event === "notice") {
      this.#say(String(event.sentence));
    }
  }

  onConnected(): void {
    this.#link.ask({ do: "attach", session: this.id, lang: this.#language }).then(
      (answer) => this.#note(answer),
      (error: Error) => this.#setState({ kind: "lost", why: error.message }),
    );
  }

  onLost(why: string): void {
    this.#setState({ kind: "lost", why });
  }

  /** Where the end of a play is near, has the rest done exactly; returns whether it is. */
  #nearsEnd(): boolean {
    const rest = this.#until - this.#step;
    if (!Number.isFinite(rest) || (Number.isFinite(this.#pace) && rest > this.#pace)) return false;
    this.#until = Infinity;
    if (rest > 0) this.#tell({ do: "iterate", count: rest });
    else this.#tell({ do: "pause" });
    return true;
  }

  #lastFrame(): Frame {
    if (!this.#frame) throw new Refused(t(ENDED));
    return this.#frame;
  }

  async #ask(command: Answer): Promise<Answer> {
    const answer = await this.#link.ask({ ...command, session: this.id });
    if (answer.state !== undefined) this.#note(answer);
    return answer;
  }

  /** Asks where nobody waits: what goes wrong becomes the state. */
  #tell(command: Answer): void {
    this.#ask(command).catch(() => undefined);
  }

  async #try(command: Answer): Promise<readonly Problem[]> {
    try {
      await this.#ask(command);
      return [];
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return error.problems.length ? error.problems : [{ field: "", message: error.message }];
    }
  }

  #note(told: Answer): void {
    this.#config = told.config as Values;
    this.#changes = String(told.changes ?? "");
    this.#hasPhases = told.phases === true;
    const state = toState(told);
    // Of one that diverged the server tells the iteration that could not be done.
    this.#step = state.kind === "diverged" ? state.step : Number(told.step);
    this.#setState(state);
    if (told.state === "finished") this.#say(t(ENDED));
  }

  #say(sentence: string): void {
    for (const listener of [...this.#noticeListeners]) listener(sentence);
  }

  #setState(state: State): void {
    this.#state = state;
    for (const listener of [...this.#stateListeners]) listener(state);
  }
}

function toState(told: Answer): State {
  const why = String(told.why ?? "");
  switch (told.state) {
    case "starting":
      return STARTING;
    case "playing":
      return { kind: "playing", iterationsPerSecond: Number(told.rate) };
    case "diverged":
      return { kind: "diverged", step: Number(told.step) - 1, what: why };
    case "lost":
      return { kind: "lost", why };
    default:
      return { kind: "paused" };
  }
}

interface TextChange {
  readonly step: number;
  readonly values: Readonly<Record<string, string>>;
}

function plannedIn(config: Values): TextChange[] {
  return readChanges(String(config["changes"] ?? "")).sort((a, b) => a.step - b.step);
}

function writeTexts(changes: readonly TextChange[]): string {
  return changes.map(({ step, values }) => `${step}:${Object.entries(values).map((pair) => pair.join("=")).join(",")}`).join(";");
}

/** `500:loss=hinge,d_steps=5;800:…` as steps and values, the values as text. */
export function readChanges(text: string): TextChange[] {
  return text
    .split(";")
    .filter((part) => part.trim())
    .map((part) => {
      const [step = "", rest = ""] = splitOnce(part, ":");
      const pairs = rest.split(",").map((pair) => splitOnce(pair, "="));
      return { step: Number(step), values: Object.fromEntries(pairs) as Record<string, string> };
    });
}

function splitOnce(text: string, mark: string): [string, string] {
  const at = text.indexOf(mark);
  return at < 0 ? [text.trim(), ""] : [text.slice(0, at).trim(), text.slice(at + 1).trim()];
}
