/** Divergences between two samples on a grid of cells: `epoque.gan2d.measures.histogram`, in the client. */

export const SIDE = 30;
/** The mass added to each of the cells before renormalising, as in GAN Lab. */
export const EPS = 1e-4;

/** A measured number, and how far another pair of samples would differ. */
export interface Estimate {
  readonly value: number;
  readonly error: number;
}

/**
 * Returns the share of points [n, 2] in each cell of the unit square, row by row from the lowest y; the
 * last is the share outside. A point on the upper or right edge belongs to the last row or column.
 */
export function histogram(points: Float32Array, side = SIDE): Float64Array {
  const shares = new Float64Array(side * side + 1);
  const count = points.length / 2;
  for (let i = 0; i < points.length; i += 2) {
    const [x, y] = [points[i]!, points[i + 1]!];
    const inside = x >= 0 && x <= 1 && y >= 0 && y <= 1;
    // Rounded to single precision as NumPy does it, so that no point changes its cell.
    const column = Math.min(side - 1, Math.trunc(Math.fround(x * side)));
    const row = Math.min(side - 1, Math.trunc(Math.fround(y * side)));
    shares[inside ? side * row + column : side * side]! += 1;
  }
  return shares.map((counted) => counted / count);
}

export interface Divergences {
  /** KL(real ‖ fake) in bits. */
  readonly kl: Estimate;
  /** KL(fake ‖ real) in bits. */
  readonly reverseKl: Estimate;
  /** Jensen-Shannon, 0 to 1 bit. */
  readonly js: Estimate;
}

/**
 * Returns the divergences between two histograms: with K cells, p and q are (share + eps) / (1 + K · eps).
 * The standard errors are the delta method's for multinomial counts.
 */
export function divergences(
  real: Float64Array,
  fake: Float64Array,
  realCount: number,
  fakeCount: number,
  eps = EPS,
): Divergences {
  const total = 1 + real.length * eps;
  const p = real.map((share) => (share + eps) / total);
  const q = fake.map((share) => (share + eps) / total);
  const kl = divergence(p, q, real, fake, realCount, fakeCount, total);
  const reverseKl = divergence(q, p, fake, real, fakeCount, realCount, total);
  const middle = p.map((value, i) => (value + q[i]!) / 2);
  const slopesP = p.map((value, i) => Math.log2(value / middle[i]!) / 2);
  const slopesQ = q.map((value, i) => Math.log2(value / middle[i]!) / 2);
  const js = p.reduce((sum, value, i) => sum + value * slopesP[i]! + q[i]! * slopesQ[i]!, 0);
  const variance = varianceOf(real, slopesP, realCount) + varianceOf(fake, slopesQ, fakeCount);
  return { kl, reverseKl, js: { value: js, error: Math.sqrt(variance) / total } };
}

/** Returns KL(p ‖ q), whose slopes are log₂(p/q) + 1/ln 2 along p and −p / (q ln 2) along q. */
function divergence(
  p: Float64Array,
  q: Float64Array,
  pShares: Float64Array,
  qShares: Float64Array,
  pCount: number,
  qCount: number,
  total: number,
): Estimate {
  const logs = p.map((value, i) => Math.log2(value / q[i]!));
  const alongP = logs.map((log) => log + 1 / Math.LN2);
  const alongQ = p.map((value, i) => -value / q[i]! / Math.LN2);
  const variance = varianceOf(pShares, alongP, pCount) + varianceOf(qShares, alongQ, qCount);
  const value = p.reduce((sum, share, i) => sum + share * logs[i]!, 0);
  return { value, error: Math.sqrt(variance) / total };
}

/** Returns Var(slope) / n over the cells that hold points. */
function varianceOf(shares: Float64Array, slopes: Float64Array, count: number): number {
  const mean = shares.reduce((sum, share, i) => sum + share * slopes[i]!, 0);
  return shares.reduce((sum, share, i) => sum + share * (slopes[i]! - mean) ** 2, 0) / count;
}

/**
 * Returns how far two histograms cover each other, in cells that have at least a tenth of the other's
 * share: `coverage`, of the real points, and `precision`, of the generated ones.
 */
export function overlap(real: Float64Array, fake: Float64Array): { coverage: number; precision: number } {
  let [coverage, precision] = [0, 0];
  for (let i = 0; i < real.length; i++) {
    if (fake[i]! >= real[i]! / 10) coverage += real[i]!;
    if (real[i]! >= fake[i]! / 10) precision += fake[i]!;
  }
  return { coverage, precision };
}
