import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Kind, packJson, readJson, readMessage } from "../../src/engines/frames";
import { followRun } from "../../src/engines/follow";
import { Link, Refused } from "../../src/engines/link";
import { attachRemote, openRemote, readChanges } from "../../src/engines/remote";
import type { Frame, State } from "../../src/engines/session";

/** A socket whose other end is the test. */
class FakeSocket {
  readyState = 0;
  binaryType = "";
  onopen: () => void = () => undefined;
  onmessage: (event: { data: ArrayBuffer }) => void = () => undefined;
  onclose: () => void = () => undefined;
  readonly sent: ArrayBuffer[] = [];

  send(data: ArrayBuffer): void {
    this.sent.push(data);
  }
  close(): void {
    this.readyState = 3;
  }
  open(): void {
    this.readyState = 1;
    this.onopen();
  }
  say(value: Record<string, unknown>): void {
    this.onmessage({ data: packJson(value) });
  }
  break(): void {
    this.readyState = 3;
    this.onclose();
  }
  /** The commands that were sent and not looked at yet. */
  commands(): Record<string, unknown>[] {
    const messages = this.sent.splice(0).map(readMessage);
    return messages.filter((m) => m.kind === Kind.json).map(readJson);
  }
}

let sockets: FakeSocket[];
let link: Link;
const last = () => sockets[sockets.length - 1]!;
const settle = () => vi.advanceTimersByTimeAsync(0);

const STATE = {
  session: "a".repeat(32), lab: "language", state: "paused", step: 0, rate: 0, why: "",
  config: { seed: 7 }, changes: "", phases: false,
};

function pack(kind: number, layout: number, step: number, body: Uint8Array): ArrayBuffer {
  const data = new ArrayBuffer(16 + body.length);
  const view = new DataView(data);
  view.setUint16(0, 0x4550, true);
  view.setUint8(2, 1);
  view.setUint8(3, kind);
  view.setUint32(4, layout, true);
  view.setUint32(8, step, true);
  new Uint8Array(data, 16).set(body);
  return data;
}

function sayLayout(socket: FakeSocket, layout: number, about: Record<string, unknown>): void {
  const arrays = [{ name: "w", shape: [2] }, { name: "@metrics", shape: [null, 2] }];
  const text = JSON.stringify({ ...about, layout, arrays, metrics: ["loss"] });
  socket.onmessage({ data: pack(Kind.layout, layout, 0, new TextEncoder().encode(text)) });
}

function sayFrame(socket: FakeSocket, layout: number, step: number, values: number[]): void {
  const body = new Uint8Array(new Float32Array(values).buffer);
  socket.onmessage({ data: pack(Kind.frame, layout, step, body) });
}

async function open() {
  const opening = openRemote("language", { seed: 7 }, "en", link);
  last().open();
  const [command] = last().commands();
  expect(command).toMatchObject({ do: "open", lab: "language", config: { seed: 7 } });
  last().say({ reply: command!.id, ...STATE });
  return opening;
}

beforeEach(() => {
  vi.useFakeTimers();
  sockets = [];
  link = new Link("ws://127.0.0.1/api/ws", () => {
    sockets.push(new FakeSocket());
    return last() as unknown as WebSocket;
  });
});
afterEach(() => vi.useRealTimers());

test("a training opens, and its frames are acknowledged and told", async () => {
  const session = await open();
  const frames: Frame[] = [];
  session.onFrame((frame) => frames.push(frame));
  sayLayout(last(), 1, { session: session.id, show: "snapshot" });
  sayFrame(last(), 1, 20, [1, 2, -10, 0.5, 0, 0.25]);
  expect(frames).toHaveLength(1);
  expect(frames[0]!.arrays.w!.data).toEqual(new Float32Array([1, 2]));
  expect(frames[0]!.metrics.steps).toEqual(new Float64Array([10, 20]));
  expect(frames[0]!.metrics.columns.loss).toEqual(new Float64Array([0.5, 0.25]));
  expect(session.step).toBe(20);
  const acks = last().sent.map(readMessage).filter((m) => m.kind === Kind.ack);
  expect(acks.map((m) => [m.layout, m.step])).toEqual([[1, 20]]);
});

test("wrong settings are told one by one", async () => {
  const session = await open();
  const changing = session.change({ seed: -1 });
  const [command] = last().commands();
  const problems = [{ field: "seed", message: "-1 is not allowed.", ignored: false }];
  last().say({ reply: command!.id, error: "seed: -1 is not allowed.", problems });
  expect((await changing).problems).toEqual(problems);
  const opening = openRemote("language", { seed: -1 }, "en", link);
  last().say({ reply: last().commands()[0]!.id, error: "seed: wrong", problems });
  await expect(opening).rejects.toBeInstanceOf(Refused);
});

test("what broke is opened again, and the training found by its id", async () => {
  const session = await open();
  const states: State["kind"][] = [];
  session.onState((state) => states.push(state.kind));
  last().break();
  expect(states).toEqual(["paused", "lost"]);
  await vi.advanceTimersByTimeAsync(600);
  expect(sockets).toHaveLength(2);
  last().open();
  const [command] = last().commands();
  expect(command).toMatchObject({ do: "attach", session: session.id });
  last().say({ reply: command!.id, ...STATE, step: 40 });
  await settle();
  expect(states).toEqual(["paused", "lost", "paused"]);
  expect(session.step).toBe(40);
});

test("a socket that never opens is blocked, says so, and is not tried for ever", async () => {
  const opening = attachRemote("a".repeat(32), "en", link);
  const failure = expect(opening).rejects.toThrow(/blocked|server is gone/);
  for (let i = 0; i < 5; i += 1) {
    last().break();
    await vi.advanceTimersByTimeAsync(40_000);
  }
  await failure;
  expect(sockets.length).toBeLessThanOrEqual(3);
  await expect(link.ask({ do: "open" })).rejects.toThrow(/blocked/);
});

test("a message of another version says to reload, and nothing is drawn", async () => {
  const session = await open();
  const states: State[] = [];
  session.onState((state) => states.push(state));
  const frame = pack(Kind.frame, 1, 1, new Uint8Array(8));
  new DataView(frame).setUint8(2, 9);
  last().onmessage({ data: frame });
  expect(states.at(-1)).toMatchObject({ kind: "lost", why: expect.stringContaining("reload") });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(sockets).toHaveLength(1);
});

test("so does a frame of a layout that was never told", async () => {
  const session = await open();
  sayFrame(last(), 9, 1, [1]);
  expect(session.state).toMatchObject({ kind: "lost", why: expect.stringContaining("reload") });
});

test("a play ends exactly at its iteration", async () => {
  const session = await open();
  session.play(10, 100);
  const [play] = last().commands();
  expect(play).toMatchObject({ do: "play", pace: 10 });
  last().say({ event: "state", ...STATE, state: "playing", rate: 10 });
  sayLayout(last(), 1, { session: session.id });
  sayFrame(last(), 1, 50, [0, 0]);
  expect(last().commands()).toEqual([]);
  sayFrame(last(), 1, 93, [0, 0]);
  expect(last().commands()).toMatchObject([{ do: "iterate", count: 7 }]);
  session.play(Infinity, 93);
  expect(last().commands()).toMatchObject([{ do: "pause" }]);
  session.play(Infinity);
  expect(last().commands()).toMatchObject([{ do: "play", pace: null }]);
});

test("a replay makes the changes at their iterations", async () => {
  const session = await open();
  const answer = (more: Record<string, unknown> = {}) => {
    const commands = last().commands();
    for (const { id } of commands) last().say({ reply: id, ...STATE, ...more });
    return commands;
  };
  last().say({ event: "state", ...STATE, changes: "5:rate=0.1;20:rate=1", step: 30 });
  sayLayout(last(), 1, { session: session.id });
  const replaying = session.replay(8);
  expect(answer({ step: 0 })).toMatchObject([{ do: "restart", config: { seed: 7 } }]);
  await settle();
  sayFrame(last(), 1, 5, [0, 0]);
  expect(answer({ step: 5 })).toMatchObject([{ do: "iterate", count: 5 }]);
  await settle();
  expect(answer({ step: 5 })).toMatchObject([{ do: "change", values: { rate: "0.1" } }]);
  await settle();
  sayFrame(last(), 1, 8, [3, 4]);
  expect(answer({ step: 8 })).toMatchObject([{ do: "iterate", count: 3 }]);
  expect((await replaying).step).toBe(8);
});

test("what is planned is told until it is made, and a replay plans what comes later", async () => {
  const opening = openRemote("gan2d", { seed: 7, changes: "5:loss=hinge;20:d_steps=2" }, "en", link);
  last().open();
  const config = { seed: 7, changes: "5:loss=hinge;20:d_steps=2" };
  last().say({ reply: last().commands()[0]!.id, ...STATE, config });
  const session = await opening;
  expect(session.timeline()).toBe("5:loss=hinge;20:d_steps=2");
  last().say({ event: "state", ...STATE, changes: "5:loss=hinge", step: 12 });
  expect(session.changes()).toBe("5:loss=hinge");
  expect(session.timeline()).toBe("5:loss=hinge;20:d_steps=2");
  void session.replay(3);
  expect(last().commands()).toMatchObject([{ do: "restart", config: { seed: 7, changes: "5:loss=hinge;20:d_steps=2" } }]);
});

test("changes are read as Python writes them", () => {
  expect(readChanges("500:loss=hinge,d_steps=5;800:d_steps=1")).toEqual([
    { step: 500, values: { loss: "hinge", d_steps: "5" } },
    { step: 800, values: { d_steps: "1" } },
  ]);
  expect(readChanges("")).toEqual([]);
});

test("a run is followed, and again from where it was after a break", async () => {
  const seen: number[] = [];
  const states: string[] = [];
  const stop = followRun("2026-run", 10, {
    onFrame: (frame) => seen.push(frame.step),
    onState: (state) => states.push(state),
    onLost: () => states.push("lost"),
  }, link);
  last().open();
  const [command] = last().commands();
  expect(command).toMatchObject({ do: "follow", run: "2026-run", after: 10 });
  last().say({ reply: command!.id, run: "2026-run" });
  sayLayout(last(), 1, { run: "2026-run" });
  sayFrame(last(), 1, 60, [0, 0, -1, 0.5]); // its metrics are those until step 59
  last().say({ event: "run", run: "2026-run", state: "running", reason: "" });
  last().break();
  await vi.advanceTimersByTimeAsync(600);
  last().open();
  expect(last().commands()).toMatchObject([{ do: "follow", after: 59 }]);
  expect([seen, states]).toEqual([[60], ["running", "lost"]]);
  stop();
  expect(last().commands()).toMatchObject([{ do: "unfollow" }]);
});
