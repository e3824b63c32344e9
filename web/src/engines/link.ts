/**
 * The one websocket of a page: commands with their answers, frames, and what the server says by
 * itself. When it breaks it is opened again, and whoever uses it attaches again by id.
 */

import { mark, t } from "../i18n";
import {
  FrameError,
  Kind,
  type Layout,
  type Message,
  packAck,
  packJson,
  readJson,
  readLayout,
  readMessage,
} from "./frames";
import type { Problem } from "./session";

export type Answer = Readonly<Record<string, unknown>>;

/** What a training or a run that is shown receives. */
export interface Receiver {
  onMessage(layout: Layout, message: Message): void;
  onEvent(event: Answer): void;
  /** The connection is back: ask for the rest. */
  onConnected(): void;
  /** It is gone for good, or for now; `why` is a sentence in the page's language. */
  onLost(why: string, isFinal: boolean): void;
}

/** A command that the server refused. */
export class Refused extends Error {
  readonly problems: readonly Problem[];

  constructor(message: string, problems: readonly Problem[] = []) {
    super(message);
    this.problems = problems;
  }
}

const BLOCKED = mark(
  "The connection for trainings on the server is blocked, perhaps by a proxy; what this page computes itself works.",
);
const GONE = mark("The server is gone; it is tried again, and what this page computes itself goes on.");
const RELOAD = mark("The server speaks another version of this page: reload the page.");

interface Question {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

export class Link {
  readonly #address: string;
  readonly #open: (address: string) => WebSocket;
  readonly #receivers = new Map<string, Receiver>();
  readonly #questions = new Map<number, Question>();
  readonly #layouts = new Map<number, Layout>();
  #socket: WebSocket | null = null;
  #waiting: ArrayBuffer[] = [];
  #number = 0;
  #failures = 0;
  #wasOpen = false;
  #final = "";
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(address: string, open: (address: string) => WebSocket = (a) => new WebSocket(a)) {
    this.#address = address;
    this.#open = open;
  }

  /** Asks, and resolves with the answer; rejects with `Refused`. */
  ask(command: Answer): Promise<Answer> {
    if (this.#final) return Promise.reject(new Refused(t(this.#final)));
    const id = (this.#number += 1);
    const data = packJson({ ...command, id });
    const answer = new Promise<Answer>((resolve, reject) => {
      this.#questions.set(id, { resolve, reject });
    });
    if (this.#socket?.readyState === 1) this.#socket.send(data);
    else this.#waiting.push(data);
    this.#connect();
    return answer;
  }

  /** Has a receiver hear of a training or a run, by its id. */
  listen(id: string, receiver: Receiver): void {
    this.#receivers.set(id, receiver);
  }

  forget(id: string): void {
    this.#receivers.delete(id);
    if (this.#receivers.size === 0 && this.#questions.size === 0) this.#rest();
  }

  close(): void {
    this.#receivers.clear();
    this.#rest();
  }

  /** Tries again at once, as a page does that comes back from sleep. */
  retry(): void {
    if (this.#timer === undefined) return; // it is connected, or nobody asked
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#connect();
  }

  #rest(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #connect(): void {
    if (this.#socket || this.#timer !== undefined || this.#final) return;
    const socket = this.#open(this.#address);
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    socket.onopen = () => this.#begin(socket);
    socket.onmessage = (event: MessageEvent) => {
      if (this.#socket === socket) this.#receive(event.data as ArrayBuffer);
    };
    socket.onclose = () => {
      if (this.#socket === socket) this.#lose();
    };
  }

  #begin(socket: WebSocket): void {
    const isBack = this.#wasOpen;
    this.#wasOpen = true;
    this.#failures = 0;
    this.#layouts.clear();
    const waiting = this.#waiting;
    this.#waiting = [];
    if (isBack) for (const receiver of [...this.#receivers.values()]) receiver.onConnected();
    for (const data of waiting) socket.send(data);
  }

  #lose(): void {
    this.#socket = null;
    this.#failures += 1;
    const isBlocked = !this.#wasOpen && this.#failures >= 3;
    const why = t(isBlocked ? BLOCKED : GONE);
    const questions = [...this.#questions.values()];
    this.#questions.clear();
    this.#waiting = [];
    for (const question of questions) question.reject(new Refused(why));
    if (isBlocked) this.#final = BLOCKED;
    for (const receiver of [...this.#receivers.values()]) receiver.onLost(why, isBlocked);
    if (isBlocked || (this.#receivers.size === 0 && this.#wasOpen)) return;
    const seconds = Math.min(30, 0.5 * 2 ** (this.#failures - 1));
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#connect();
    }, 1000 * seconds);
  }

  #receive(data: ArrayBuffer): void {
    try {
      this.#take(readMessage(data));
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.#final = RELOAD;
      for (const receiver of [...this.#receivers.values()]) receiver.onLost(t(RELOAD), true);
      this.#rest();
    }
  }

  #take(message: Message): void {
    if (message.kind === Kind.layout) {
      this.#layouts.set(message.layout, readLayout(message));
    } else if (message.kind === Kind.frame) {
      const layout = this.#layouts.get(message.layout);
      if (!layout) throw new FrameError("another layout");
      this.#socket?.send(packAck(message.layout, message.step));
      this.#receivers.get(ownerOf(layout))?.onMessage(layout, message);
    } else if (message.kind === Kind.json) {
      this.#hear(readJson(message));
    }
  }

  #hear(event: Answer): void {
    if (typeof event.reply !== "number") {
      this.#receivers.get(ownerOf(event))?.onEvent(event);
      return;
    }
    const question = this.#questions.get(event.reply);
    this.#questions.delete(event.reply);
    if (typeof event.error === "string") {
      question?.reject(new Refused(event.error, (event.problems ?? []) as Problem[]));
    } else {
      question?.resolve(event);
    }
  }
}

function ownerOf(about: Answer): string {
  return String(about.session ?? about.run ?? "");
}

let shared: Link | null = null;

/** The page's own connection to the server that it came from. */
export function serverLink(): Link {
  if (!shared) {
    const address = new URL("api/ws", document.baseURI);
    address.protocol = address.protocol.replace("http", "ws");
    address.hash = "";
    address.search = "";
    const link = (shared = new Link(address.href));
    // A tab that slept, or a machine that was away from its network, does not wait for the next try.
    const retry = () => void (document.hidden || link.retry());
    document.addEventListener("visibilitychange", retry);
    addEventListener("online", retry);
  }
  return shared;
}
