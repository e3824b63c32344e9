/** A run that any process trains, shown as its folder is written. */

import type { Layout, Message } from "./frames";
import { type Answer, Link, type Receiver, serverLink } from "./link";
import { toFrame } from "./remote-frame";
import type { Frame } from "./session";

export interface RunListener {
  /** New metrics, and a new snapshot if `arrays` holds any. */
  onFrame(frame: Frame): void;
  /** running, finished, failed, interrupted, or gone; with the reason. */
  onState(state: string, reason: string): void;
  /** The server is gone (it is tried again), or the connection is blocked; a sentence. */
  onLost(why: string): void;
}

/** Follows a run from the metrics after a step; returns how to stop. */
export function followRun(
  run: string,
  after: number,
  listener: RunListener,
  link: Link = serverLink(),
): () => void {
  let last = after;
  const ask = () => {
    link.ask({ do: "follow", run, after: last }).catch((error: Error) => {
      listener.onLost(error.message);
    });
  };
  const receiver: Receiver = {
    onMessage(layout: Layout, message: Message) {
      const frame = toFrame(layout, message);
      last = Math.max(last, frame.metrics.steps.at(-1) ?? -1); // a snapshot may be of a later step
      listener.onFrame(frame);
    },
    onEvent(event: Answer) {
      if (event.event === "run") listener.onState(String(event.state), String(event.reason ?? ""));
    },
    onConnected: ask,
    onLost: (why) => listener.onLost(why),
  };
  link.listen(run, receiver);
  ask();
  return () => {
    link.ask({ do: "unfollow", run }).catch(() => undefined);
    link.forget(run);
  };
}
