import { describe, expect, it } from "vitest";

import type { Frame } from "../src/engines/session";
import { Moments } from "../src/run/moments";

function frameAt(step: number): Frame {
  const steps = Float64Array.from({ length: 1000 }, (_, i) => step - 999 + i);
  const arrays = { real: { shape: [1, 2], data: Float32Array.of(step, 0) } };
  return { step, milliseconds: step, arrays, metrics: { steps, columns: { loss: steps } } };
}

describe("kept moments", () => {
  it("are what was seen, without all that was measured meanwhile", () => {
    const moments = new Moments();
    moments.add(frameAt(1000));
    expect(moments.last?.arrays["real"]?.data[0]).toBe(1000);
    expect(moments.last?.metrics.steps).toHaveLength(0);
  });
  it("are no more than the ring holds, and lie evenly", () => {
    const moments = new Moments(5);
    for (let step = 0; step <= 64; step++) moments.add(frameAt(step));
    const steps = moments.frames.map(({ step }) => step);
    expect(steps).toHaveLength(5);
    expect([steps[0], steps.at(-1)]).toEqual([0, 64]);
    const gaps = steps.slice(1).map((step, i) => step - steps[i]!);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(4 * Math.min(...gaps));
  });
  it("begin anew from an iteration that was gone back to", () => {
    const moments = new Moments();
    for (const step of [0, 10, 20, 30]) moments.add(frameAt(step));
    moments.add(frameAt(10));
    expect(moments.frames.map(({ step }) => step)).toEqual([0, 10]);
  });
});
