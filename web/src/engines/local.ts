/** A training that this browser computes: a worker with the live engine. */

import { writeProblem } from "../form/problems";
import { mark, t, withColon } from "../i18n";
import type { Points, Weights } from "./engine";
import type { Manifest } from "./manifest";
import { manifestOf } from "./manifests";
import { loadEngine, takeWorker } from "./prepare";
import type { Answer, Asked, Question, Said } from "./worker-protocol";
import type { Changed, Frame, Phase, Problem, Samples, Session, State, Values } from "./session";
import { applyChanges, NO_CHANGES, writeChanges } from "./timeline";

/** The user's own points that settings ask for; null where a formula makes them. */
export type FindPoints = (lab: string, config: Values) => Promise<Points | null>;

/** Begins a training here. */
export async function openLocal(lab: string, config: Values, findPoints: FindPoints): Promise<LocalSession> {
  const manifest = manifestOf(lab);
  if (!manifest) throw new Error(`the live engine does not know the lab ${lab}`);
  const session = new LocalSession(manifest, await loadEngine(), findPoints);
  const problems = await session.begin(config);
  if (problems.length) {
    session.close();
    throw new SettingsError(problems);
  }
  return session;
}

/** Settings that a training cannot begin with. */
export class SettingsError extends Error {
  constructor(readonly problems: readonly Problem[]) {
    super(problems.map(({ field, message }) => writeProblem(field, message)).join(" "));
  }
}

type Waiting = { readonly resolve: (answer: Answer) => void; readonly reject: (error: Error) => void };

export class LocalSession implements Session {
  readonly lab: string;
  readonly hasPhases: boolean;
  state: State = { kind: "starting" };
  step = 0;

  readonly #module: WebAssembly.Module;
  readonly #manifest: Manifest;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  readonly #frameListeners = new Set<(frame: Frame) => void>();
  readonly #stateListeners = new Set<(state: State) => void>();
  readonly #noticeListeners = new Set<(sentence: string) => void>();
  /** What was said before anybody listened. */
  #notices: string[] = [];
  #questions = 0;
  #begun: Values = {};
  #timeline = NO_CHANGES;
  #latest: Frame | null = null;
  readonly #findPoints: FindPoints;
  #isClosed = false;

  constructor(manifest: Manifest, module: WebAssembly.Module, findPoints: FindPoints) {
    this.lab = manifest.lab;
    this.#manifest = manifest;
    this.#findPoints = findPoints;
    this.hasPhases = manifest.phases.length > 0;
    this.#module = module;
    this.#worker = takeWorker();
    this.#worker.onmessage = ({ data }: MessageEvent<Said>) => this.#hear(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#lose(event.message);
    };
  }

  get config(): Values {
    return applyChanges(this.#begun, this.#timeline.made);
  }

  async begin(config: Values): Promise<readonly Problem[]> {
    const points = await this.#findPoints(this.lab, config);
    const { problems, timeline } = await this.#ask({ kind: "begin", module: this.#module, manifest: this.#manifest, config, points }, "begun");
    if (!problems.length) [this.#begun, this.#timeline] = [config, timeline];
    return problems;
  }

  play(pace: number, until = Infinity): void {
    this.#tell({ kind: "play", pace, until });
  }

  pause(): void {
    this.#tell({ kind: "pause" });
  }

  async iterate(count: number): Promise<Frame> {
    const { frame, timeline } = await this.#ask({ kind: "iterate", count }, "frame");
    this.#timeline = timeline;
    this.#show(frame);
    return frame;
  }

  async nextPhase(): Promise<Phase> {
    return (await this.#ask({ kind: "phase" }, "phase")).phase;
  }

  async change(values: Values): Promise<Changed> {
    const { changed, timeline } = await this.#ask({ kind: "change", values }, "changed");
    this.#timeline = timeline;
    if (!changed.problems.length && this.state.kind === "diverged") this.#setState({ kind: "paused" });
    return changed;
  }

  async restart(config: Values): Promise<readonly Problem[]> {
    let points: Points | null;
    try {
      points = await this.#findPoints(this.lab, config);
    } catch (error) {
      // What is wrong with the user's data stands at the setting that chose it.
      return [{ field: "data", message: error instanceof Error ? error.message : String(error) }];
    }
    const { problems, timeline } = await this.#ask({ kind: "restart", config, points }, "begun");
    if (problems.length) return problems;
    [this.#begun, this.#timeline] = [config, timeline];
    return [];
  }

  async replay(step: number): Promise<Frame> {
    const { frame, timeline } = await this.#ask({ kind: "replay", step }, "frame");
    this.#timeline = timeline;
    this.#show(frame);
    return frame;
  }

  changes(): string {
    return writeChanges(this.#timeline.made);
  }

  timeline(): string {
    return writeChanges([...this.#timeline.made, ...this.#timeline.planned]);
  }

  async samples(count: number): Promise<Samples> {
    return (await this.#ask({ kind: "samples", count }, "samples")).samples;
  }

  async digest(): Promise<string> {
    return (await this.#ask({ kind: "digest" }, "digest")).digest;
  }

  /** The parameters, as precisely as the engine has them. */
  async weights(): Promise<Readonly<Record<string, Weights>>> {
    return (await this.#ask({ kind: "weights" }, "weights")).weights;
  }

  onFrame(listener: (frame: Frame) => void): () => void {
    this.#frameListeners.add(listener);
    if (this.#latest) listener(this.#latest);
    return () => this.#frameListeners.delete(listener);
  }

  onState(listener: (state: State) => void): () => void {
    this.#stateListeners.add(listener);
    return () => this.#stateListeners.delete(listener);
  }

  onNotice(listener: (sentence: string) => void): () => void {
    this.#noticeListeners.add(listener);
    for (const sentence of this.#notices.splice(0)) listener(sentence);
    return () => this.#noticeListeners.delete(listener);
  }

  close(): void {
    this.#isClosed = true;
    this.#worker.terminate();
    for (const { reject } of this.#waiting.values()) reject(new Error("the training was closed"));
    this.#waiting.clear();
  }

  #hear(said: Said): void {
    switch (said.kind) {
      case "frame":
        this.#timeline = said.timeline;
        this.#show(said.frame);
        // The next one is computed while this one is drawn; in a tab that nobody sees, none is.
        if (document.hidden) requestAnimationFrame(() => this.#tell({ kind: "drawn" }));
        else this.#tell({ kind: "drawn" });
        return;
      case "state":
        this.step = said.step;
        return this.#setState(said.state);
      case "refused":
        return this.#notice(describeRefusal(said.change.step, said.problems));
      case "answer":
        this.#waiting.get(said.id)?.resolve(said.answer);
        break;
      case "failed":
        this.#waiting.get(said.id)?.reject(new Error(said.why));
    }
    this.#waiting.delete(said.id);
  }

  #show(frame: Frame): void {
    this.#latest = frame;
    this.step = frame.step;
    for (const listener of this.#frameListeners) listener(frame);
  }

  #setState(state: State): void {
    this.state = state;
    for (const listener of this.#stateListeners) listener(state);
  }

  #notice(sentence: string): void {
    if (!this.#noticeListeners.size) this.#notices.push(sentence);
    for (const listener of this.#noticeListeners) listener(sentence);
  }

  #lose(why: string): void {
    this.#setState({ kind: "lost", why });
    for (const { reject } of this.#waiting.values()) reject(new Error(why));
    this.#waiting.clear();
  }

  #tell(question: Question): void {
    if (this.#isClosed) return;
    this.#worker.postMessage({ id: this.#questions++, question } satisfies Asked);
  }

  #ask<K extends Answer["kind"]>(question: Question, kind: K): Promise<Extract<Answer, { kind: K }>> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) {
        reject(new Error("the training was closed"));
        return;
      }
      const id = this.#questions++;
      const check = (answer: Answer) => {
        if (answer.kind === kind) resolve(answer as Extract<Answer, { kind: K }>);
        else reject(new Error(`the engine answered ${answer.kind}, not ${kind}`));
      };
      this.#waiting.set(id, { resolve: check, reject });
      this.#worker.postMessage({ id, question } satisfies Asked);
    });
  }
}

/** What may be wrong with a change, in the words of the engine. */
const WRONG = [
  mark("no such setting."),
  mark("there is no such weight."),
  mark("this is no value of a weight."),
  mark("the live engine does not take this value."),
];

/** "The change planned after 5 iterations is left out: w9.0: there is no such weight." */
function describeRefusal(step: number, problems: readonly Problem[]): string {
  const [first] = problems;
  const why = first ? withColon(first.field.slice(0, 60), t(WRONG.find((message) => message === first.message) ?? first.message)) : "";
  return t("The change planned after {step} iterations is left out: {why}", { step, why });
}
