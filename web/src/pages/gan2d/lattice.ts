/** The lattice of noise that the generator's manifold is the image of: `epoque.gan2d.data.noise`. */

export const LATTICE_SIDE = 21;
const CURVE_POINTS = LATTICE_SIDE ** 2;
/** GAN Lab's truncated normal: mean ½, standard deviation ¼, no farther than two of them. */
const [MEAN, SD, CUT] = [0.5, 0.25, 2];

const kept = new Map<string, Float64Array>();

/**
 * Returns the noise's probability in each cell of its lattice [20, 20], or between two points of its
 * curve [440] where `side` is 0, up to a factor.
 */
export function latticeMasses(noise: string, side: number): Float64Array {
  const name = `${noise} ${side}`;
  let masses = kept.get(name);
  if (!masses) kept.set(name, (masses = side ? cellMasses(noise, side) : pieceMasses(noise)));
  return masses;
}

/** Places of the lattice in the unit square, as it is before the generator moves it [n, 2]. */
export function latticePlaces(side: number): Float32Array {
  if (!side) return Float32Array.from({ length: 2 * CURVE_POINTS }, (_, i) => (i % 2 ? 0.5 : i / 2 / (CURVE_POINTS - 1)));
  // The first coordinate of the noise moves slowest.
  return Float32Array.from({ length: 2 * side * side }, (_, i) => {
    const at = i >> 1;
    return (i % 2 ? at % side : Math.floor(at / side)) / (side - 1);
  });
}

/** A share (0 to 1) of the way from the lattice of noise to its image. */
export function moveLattice(manifold: Float32Array, side: number, share: number): Float32Array {
  const from = latticePlaces(side);
  const smooth = share * share * (3 - 2 * share);
  return manifold.map((value, i) => from[i]! + smooth * (value - from[i]!));
}

/** The density of one coordinate at a share of its range. */
function density(noise: string, share: number): number {
  if (noise === "uniform") return 1;
  const away = noise === "gaussian" ? (share - MEAN) / SD : CUT * (2 * share - 1);
  return Math.exp(-(away ** 2) / 2);
}

function cellMasses(noise: string, side: number): Float64Array {
  const along = Array.from({ length: side }, (_, i) => density(noise, i / (side - 1)));
  const middles = along.slice(1).map((value, i) => (value + along[i]!) / 2);
  return Float64Array.from(middles.flatMap((x) => middles.map((y) => x * y)));
}

function pieceMasses(noise: string): Float64Array {
  const along = Array.from({ length: CURVE_POINTS }, (_, i) => density(noise, i / (CURVE_POINTS - 1)));
  return Float64Array.from(along.slice(1).map((value, i) => (value + along[i]!) / 2));
}
