import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { afterPaint } from "../src/run/after-paint";

/** Frames that the browser would paint, one after another. */
let frames: (() => void)[] = [];

beforeEach(() => {
  frames = [];
  vi.useFakeTimers();
  vi.stubGlobal("requestAnimationFrame", (draw: () => void) => frames.push(draw));
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

async function isOver(promise: Promise<void>): Promise<boolean> {
  let over = false;
  void promise.then(() => (over = true));
  await vi.advanceTimersByTimeAsync(0);
  return over;
}

describe("after a paint", () => {
  it("comes what waits for something that is ready, and painted", async () => {
    const painted = afterPaint(Promise.resolve(), 250);
    expect(await isOver(painted)).toBe(false);
    frames.forEach((draw) => draw());
    expect(await isOver(painted)).toBe(true);
  });
  it("is not waited for where it fails or takes too long", async () => {
    const failed = afterPaint(Promise.reject(new Error("no engine")), 250);
    const late = afterPaint(new Promise(() => undefined), 250);
    await vi.advanceTimersByTimeAsync(250);
    frames.forEach((draw) => draw());
    expect(await isOver(failed)).toBe(true);
    expect(await isOver(late)).toBe(true);
  });
  it("comes in a tab that paints nothing", async () => {
    const unseen = afterPaint(Promise.resolve(), 250);
    await vi.advanceTimersByTimeAsync(100);
    expect(await isOver(unseen)).toBe(true);
  });
});
