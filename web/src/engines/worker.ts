/** The worker that computes a training of the live engine. */

import type { Frame, Problem } from "./session";
import type { Timeline } from "./timeline";
import { Trainer } from "./trainer";
import type { Answer, Asked, Question, Said } from "./worker-protocol";

let trainer: Trainer | null = null;
let isDrawn = true;
/** When the last frame was sent: the screen shows no more than one in so many milliseconds. */
let sentAt = -Infinity;
const FRAME_MS = 15;

const channel = new MessageChannel();
let wake: (() => void) | null = null;
channel.port1.onmessage = () => wake?.();

/** Lets messages in between. A timer would wait 4 ms each time, a message of one's own does not. */
function wait(ms: number): Promise<void> {
  if (ms > 0) return new Promise((resolve) => setTimeout(resolve, ms));
  return new Promise((resolve) => {
    wake = resolve;
    channel.port2.postMessage(null);
  });
}

function say(said: Said, buffers: readonly ArrayBufferLike[] = []): void {
  self.postMessage(said, { transfer: buffers as ArrayBuffer[] });
}

const listener = {
  isReady: () => isDrawn && performance.now() - sentAt >= FRAME_MS,
  frame(frame: Frame, timeline: Timeline) {
    isDrawn = false;
    sentAt = performance.now();
    say({ kind: "frame", frame, timeline }, Object.values(frame.arrays).map((array) => array.data.buffer));
  },
  state(state: Extract<Said, { kind: "state" }>["state"], step: number) {
    say({ kind: "state", state, step });
  },
  refuse(change: Extract<Said, { kind: "refused" }>["change"], problems: readonly Problem[]) {
    say({ kind: "refused", change, problems });
  },
};

self.onmessage = async ({ data: { id, question } }: MessageEvent<Asked>) => {
  try {
    say({ kind: "answer", id, answer: await answer(question) });
  } catch (error) {
    say({ kind: "failed", id, why: error instanceof Error ? error.message : String(error) });
  }
};

async function answer(question: Question): Promise<Answer> {
  if (question.kind === "begin") {
    trainer = new Trainer(question.module, question.manifest, { now: () => performance.now(), wait }, listener);
    return answerBegun(trainer, trainer.begin(question.config, question.points));
  }
  if (question.kind === "drawn") {
    isDrawn = true;
    return { kind: "done" };
  }
  if (!trainer) throw new Error("the training has not begun");
  switch (question.kind) {
    case "restart":
      return answerBegun(trainer, trainer.begin(question.config, question.points));
    case "change":
      return { kind: "changed", changed: trainer.change(question.values), timeline: trainer.timeline };
    case "play":
      void trainer.play(question.pace, question.until);
      return { kind: "done" };
    case "pause":
      trainer.pause();
      return { kind: "done" };
    case "iterate":
      return answerFrame(trainer, await trainer.iterate(question.count));
    case "phase":
      return { kind: "phase", phase: trainer.nextPhase() };
    case "replay":
      return answerFrame(trainer, await trainer.replay(question.step));
    case "samples":
      return { kind: "samples", samples: trainer.samples(question.count) };
    case "digest":
      return { kind: "digest", digest: trainer.digest() };
    case "weights":
      return { kind: "weights", weights: trainer.weights() };
  }
}

function answerFrame({ timeline }: Trainer, frame: Frame): Answer {
  return { kind: "frame", frame, timeline };
}

function answerBegun({ timeline }: Trainer, problems: readonly Problem[]): Answer {
  return { kind: "begun", problems, timeline };
}
