/** Every measure that compares generated with real points, by the definitions of `epoque.gan2d.measures`. */

import { type Divergences, divergences, histogram, overlap } from "./histogram";
import { type ModeMeasures, measureModes, MIXTURES } from "./mixture";
import { SORTED, slicedW1 } from "./transport";

/** Points of each kind that are asked of an engine: eleven a cell on average. */
export const SAMPLES = 10_000;

export interface Measures extends Divergences {
  readonly coverage: number;
  readonly precision: number;
  /** Widths of the square. */
  readonly slicedW1: number;
  /** The share of generated points outside the square. */
  readonly outside: number;
  /** Of a mixture; null for other distributions. */
  readonly modes: ModeMeasures | null;
  /** Points of each kind that were compared. */
  readonly count: number;
}

/**
 * Measures generated against real points, each [n, 2] in random order.
 *
 * @param data the real distribution: of a mixture the modes are counted too.
 */
export function measureSamples(real: Float32Array, fake: Float32Array, data: string): Measures {
  const shares = { real: histogram(real), fake: histogram(fake) };
  const sorted = 2 * Math.min(SORTED, real.length / 2, fake.length / 2);
  const modes = MIXTURES[data];
  return {
    ...divergences(shares.real, shares.fake, real.length / 2, fake.length / 2),
    ...overlap(shares.real, shares.fake),
    outside: shares.fake[shares.fake.length - 1]!,
    slicedW1: slicedW1(real.subarray(0, sorted), fake.subarray(0, sorted)),
    modes: modes ? measureModes(fake, modes) : null,
    count: Math.min(real.length, fake.length) / 2,
  };
}
