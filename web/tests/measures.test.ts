import { describe, expect, it } from "vitest";

import { histogram } from "../src/pages/gan2d/measures/histogram";
import { measureSamples, SAMPLES } from "../src/pages/gan2d/measures/measures";
import { MIXTURES } from "../src/pages/gan2d/measures/mixture";
import { slicedW1 } from "../src/pages/gan2d/measures/transport";
import expected from "./measures.json";

/** The numbers that tests/gan2d/measures/test_histogram_in_the_client.py draws too. */
function drawUniform(count: number, seed: number): Float64Array {
  let state = BigInt(seed);
  return Float64Array.from({ length: count }, () => {
    state = (1_664_525n * state + 1_013_904_223n) % 2n ** 32n;
    return Number(state) / 2 ** 32;
  });
}

function makePoints(data: string): { real: Float32Array; fake: Float32Array } {
  const numbers = drawUniform(4 * SAMPLES, 7);
  const [u, v, w, z] = [0, 1, 2, 3].map((k) => numbers.subarray(k * SAMPLES, (k + 1) * SAMPLES)) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const modes = MIXTURES[data];
  const pairs = (point: (i: number) => [number, number]) =>
    Float32Array.from(Array.from({ length: SAMPLES }, (_, i) => point(i)).flat());
  if (!modes) {
    return { real: pairs((i) => [u[i]!, v[i]! * v[i]!]), fake: pairs((i) => [1.1 * w[i]! - 0.05, z[i]!]) };
  }
  const count = modes.centers.length / 2;
  const near = (mode: number, x: number, y: number, width: number): [number, number] => [
    modes.centers[2 * mode]! + width * x,
    modes.centers[2 * mode + 1]! + width * y,
  ];
  return {
    real: pairs((i) => near(Math.floor(u[i]! * count), v[i]!, w[i]!, 0.05)),
    fake: pairs((i) => near(Math.floor(z[i]! * z[i]! * count), w[i]!, u[i]!, 0.09)),
  };
}

describe("measures", () => {
  it.each(["ring", "disjoint", "grid"] as const)("of %s are Python's", (data) => {
    const { real, fake } = makePoints(data);
    const measured = measureSamples(real, fake, data);
    const python: Record<string, number> = expected[data];
    const numbers: Record<string, number | undefined> = {
      kl: measured.kl.value,
      kl_se: measured.kl.error,
      reverse_kl: measured.reverseKl.value,
      reverse_kl_se: measured.reverseKl.error,
      js: measured.js.value,
      js_se: measured.js.error,
      coverage: measured.coverage,
      precision: measured.precision,
      sliced_w1: measured.slicedW1,
      outside: measured.outside,
      modes_covered: measured.modes?.covered,
      high_quality: measured.modes?.highQuality,
    };
    for (const [name, value] of Object.entries(python)) {
      expect(Math.abs(numbers[name]! - value), name).toBeLessThanOrEqual(1e-5 * Math.max(Math.abs(value), 0.01));
    }
  });

  it("counts every point once, those outside in the last cell", () => {
    const shares = histogram(Float32Array.from([0, 0, 1, 1, -0.1, 0.5, NaN, 0.5]));
    expect(shares[0]).toBe(0.25);
    expect(shares[899]).toBe(0.25);
    expect(shares[900]).toBe(0.5);
  });

  it("gives equal samples no distance, and a shift the mean of its projections", () => {
    const points = Float32Array.from(drawUniform(400, 1));
    const moved = points.map((value, i) => (i % 2 ? value : value + 0.5));
    expect(slicedW1(points, points)).toBe(0);
    expect(slicedW1(points, moved)).toBeCloseTo(0.5 * (2 / Math.PI), 2);
  });
});
