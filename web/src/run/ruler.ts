/** The scale of the scrubber. */

const MIN_GAP = 5;

/** The iterations that the ruler spans: a round number with room for what comes. */
export function rulerRange(done: number, until: number | null): number {
  const least = Math.max(100, done * 1.05, until ?? 0);
  const size = 10 ** Math.floor(Math.log10(least));
  return [1, 1.5, 2, 3, 5, 7.5, 10].map((factor) => factor * size).find((range) => range >= least) ?? least;
}

/** Ticks at round iterations, at least some pixels apart; each tenth is long. */
export function rulerTicks(range: number, width: number): { readonly x: number; readonly isLong: boolean }[] {
  const least = (range * MIN_GAP) / Math.max(width, 1);
  const size = 10 ** Math.floor(Math.log10(least));
  const step = [1, 2, 5, 10].map((factor) => factor * size).find((unit) => unit >= least) ?? least;
  const count = Math.floor(range / step + 1e-9);
  return Array.from({ length: count + 1 }, (_, i) => ({ x: ((i * step) / range) * width, isLong: i % 10 === 0 }));
}
