/** How well a mixture of Gaussians is hit: `epoque.gan2d.measures.mixture`, in the client. */

/** K equally likely Gaussians whose axes are x and y. */
export interface Mixture {
  /** [K, 2]. */
  readonly centers: Float32Array;
  /** Standard deviations along x and y, [K, 2]. */
  readonly sd: Float32Array;
}

/** Standard deviations within which a point is of high quality, as in VEEGAN's evaluation. */
const NEAR = 3;
/** The part of its fair share of points that a mode needs to count as covered. */
const LEAST = 0.1;

/** The mixtures among the real distributions: those of `epoque.gan2d.data.distributions`. */
export const MIXTURES: Readonly<Record<string, Mixture>> = {
  gaussians: mixture([[0.3, 0.7], [0.7, 0.4]], [[0.1, 0.1], [0.05, 0.2]]),
  disjoint: mixture([[0.35, 0.75], [0.75, 0.6], [0.45, 0.35]], 0.025),
  grid: mixture(grid([0.1, 0.3, 0.5, 0.7, 0.9]), 0.015),
  circle: mixture(around(8, 0.35), 0.02),
};

export interface ModeMeasures {
  /** Modes that have at least a tenth of their fair share of good points. */
  readonly covered: number;
  readonly count: number;
  /** The share of points within three standard deviations of their nearest mode. */
  readonly highQuality: number;
}

export function measureModes(points: Float32Array, modes: Mixture): ModeMeasures {
  const shares = modeFractions(points, modes);
  return {
    covered: shares.filter((share) => share >= LEAST / shares.length).length,
    count: shares.length,
    highQuality: shares.reduce((sum, share) => sum + share, 0),
  };
}

/** Returns the share of all points that are good points of each mode. */
export function modeFractions(points: Float32Array, { centers, sd }: Mixture): Float64Array {
  const count = centers.length / 2;
  const shares = new Float64Array(count);
  for (let i = 0; i < points.length; i += 2) {
    let [nearest, least] = [-1, Infinity];
    for (let mode = 0; mode < count; mode++) {
      const x = (points[i]! - centers[2 * mode]!) / sd[2 * mode]!;
      const y = (points[i + 1]! - centers[2 * mode + 1]!) / sd[2 * mode + 1]!;
      const squared = x * x + y * y;
      if (squared < least) [nearest, least] = [mode, squared];
    }
    if (least <= NEAR * NEAR) shares[nearest]! += 1;
  }
  return shares.map((counted) => counted / (points.length / 2));
}

function mixture(centers: readonly (readonly number[])[], sd: number | readonly (readonly number[])[]): Mixture {
  const deviations = typeof sd === "number" ? centers.map(() => [sd, sd]) : sd;
  return { centers: Float32Array.from(centers.flat()), sd: Float32Array.from(deviations.flat()) };
}

function grid(places: readonly number[]): number[][] {
  return places.flatMap((x) => places.map((y) => [x, y]));
}

function around(count: number, radius: number): number[][] {
  return Array.from({ length: count }, (_, k) => {
    const angle = (2 * Math.PI * k) / count;
    return [0.5 + radius * Math.cos(angle), 0.5 + radius * Math.sin(angle)];
  });
}
