import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { Pace } from "../../src/engines/pace";

/** Does what is due at each of these times, in milliseconds; returns how much that was each time. */
function follow(pace: number, times: readonly number[]): number[] {
  const paced = new Pace(pace, times[0] ?? 0, 0);
  let step = 0;
  return times.map((now) => {
    const due = Math.max(0, paced.due(now, step));
    step += due;
    return due;
  });
}

describe("a pace", () => {
  it("is kept: the first iteration at once, each other in its time", () => {
    expect(follow(10, [0, 50, 100, 250, 300])).toEqual([1, 0, 1, 1, 1]);
  });
  it("has no end as fast as it goes", () => expect(new Pace(Infinity, 0, 0).due(5, 9)).toBe(Infinity));
  it("is made up for up to a second, and no more: an hour of sleep is one iteration", () => {
    expect(follow(10, [0, 900])).toEqual([1, 9]);
    expect(follow(10, [0, 3_600_000, 3_600_100])).toEqual([1, 1, 1]);
    expect(follow(0.5, [0, 3_600_000, 3_601_000, 3_602_000])).toEqual([1, 1, 0, 1]);
  });
  it("goes on where a clock is set back", () => {
    expect(follow(10, [1_000_000, 1_000_100, 5, 105, 205])).toEqual([1, 1, 1, 1, 1]);
  });
  it("never asks for more than a second's iterations at once, whatever the clock does", () => {
    fc.assert(
      fc.property(fc.double({ min: 0.1, max: 1000, noNaN: true }), fc.array(fc.double({ min: -1e9, max: 1e9, noNaN: true }), { maxLength: 30 }), (pace, times) => {
        for (const due of follow(pace, times)) expect(due).toBeLessThanOrEqual(Math.max(1, pace));
      }),
    );
  });
});
