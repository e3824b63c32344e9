/**
 * Can one line (plane, hyperplane) part two classes? Decided by the first phase of the simplex method
 * (Dantzig 1951), which ends with a proof either way: weights at least 0 of points of both classes whose
 * means meet, or the line (Gordan 1873, Farkas 1902). Both are checked by plain arithmetic.
 */

export interface Share {
  /** Number of the point. */
  readonly point: number;
  readonly weight: number;
}

export interface Verdict {
  /** null where rounding leaves neither proof. */
  readonly separable: boolean | null;
  /** w0 … wF of y = −w0 + Σ wi·xi, at least 1 at class 1 and at most −1 at class 0. */
  readonly line: readonly number[] | null;
  /** The distance of the nearest point from the line. */
  readonly margin: number | null;
  /** Points of class 1 and of class 0 whose weighted means are one point. */
  readonly certificate: { readonly place: readonly number[]; readonly ones: readonly Share[]; readonly zeros: readonly Share[] } | null;
}

const TOLERANCE = 1e-9;
const UNDECIDED: Verdict = { separable: null, line: null, margin: null, certificate: null };

/**
 * Decides whether one line parts the classes.
 *
 * @param x inputs [points, inputs] row by row
 * @param d classes, each 0 or 1
 */
export function decideSeparability(x: ArrayLike<number>, d: ArrayLike<number>, inputs: number): Verdict {
  const points = d.length;
  const { shift, size } = boxOf(x, points, inputs);
  const scaled = (point: number, input: number) => (x[point * inputs + input]! - shift[input]!) / size[input]!;
  // Columns of the system Σ λ·(s·x, [class 1], [class 0]) = (0, 1, 1), one for each point.
  const rows = inputs + 2;
  const columns = Array.from({ length: points }, (_, point) => {
    const isOne = d[point] === 1;
    const column = Float64Array.from({ length: rows }, (_, i) => (i < inputs ? scaled(point, i) * (isOne ? 1 : -1) : 0));
    column[isOne ? inputs : inputs + 1] = 1;
    return column;
  });
  const target = Float64Array.from({ length: rows }, (_, i) => (i < inputs ? 0 : 1));
  const solution = solvePhaseOne(columns, target);
  if (!solution) return UNDECIDED;
  if (solution.residual < TOLERANCE) return checkCertificate(solution.shares, x, d, inputs, size);
  return checkLine(solution.dual, x, d, inputs, shift, size);
}

function boxOf(x: ArrayLike<number>, points: number, inputs: number) {
  const shift: number[] = [];
  const size: number[] = [];
  for (let input = 0; input < inputs; input++) {
    let [least, most] = [Infinity, -Infinity];
    for (let point = 0; point < points; point++) {
      least = Math.min(least, x[point * inputs + input]!);
      most = Math.max(most, x[point * inputs + input]!);
    }
    shift.push((least + most) / 2);
    size.push(most > least ? (most - least) / 2 : 1);
  }
  return { shift, size };
}

interface Solution {
  /** How far the targets are missed. */
  readonly residual: number;
  readonly shares: readonly Share[];
  readonly dual: Float64Array;
}

/** Makes Σ λ·column miss its target by as little as it can, λ ≥ 0; null if it goes on for too long. */
function solvePhaseOne(columns: readonly Float64Array[], target: Float64Array): Solution | null {
  const rows = target.length;
  // The inverse of the basis; at first each row is filled by an artificial column of its own.
  const inverse = Array.from({ length: rows }, (_, i) => Float64Array.from({ length: rows }, (_, j) => Number(i === j)));
  const basis = new Int32Array(rows).fill(-1);
  const value = Float64Array.from(target);
  for (let round = 0; round < 200 * rows; round++) {
    const dual = new Float64Array(rows);
    basis.forEach((column, i) => {
      if (column < 0) for (let j = 0; j < rows; j++) dual[j]! += inverse[i]![j]!;
    });
    const entering = findEntering(columns, dual, round > 40 * rows);
    if (entering < 0) return readSolution(basis, value, dual);
    const step = inverse.map((row) => dot(row, columns[entering]!));
    const leaving = findLeaving(step, value, basis);
    if (leaving < 0) return null;
    pivot(inverse, value, step, leaving);
    basis[leaving] = entering;
  }
  return null;
}

/** The column that helps most; by Bland's rule, which never runs in a circle, the first that helps. */
function findEntering(columns: readonly Float64Array[], dual: Float64Array, isBland: boolean): number {
  let [best, most] = [-1, 1e-10];
  for (let j = 0; j < columns.length; j++) {
    const gain = dot(dual, columns[j]!);
    if (gain > most) {
      [best, most] = [j, gain];
      if (isBland) break;
    }
  }
  return best;
}

function findLeaving(step: readonly number[], value: Float64Array, basis: Int32Array): number {
  let [best, least] = [-1, Infinity];
  step.forEach((size, i) => {
    if (size <= 1e-11) return;
    const ratio = value[i]! / size;
    // Of equals an artificial column leaves first, then the largest pivot.
    const isBetter = ratio < least - 1e-13 || (ratio < least + 1e-13 && best >= 0 && (basis[i]! < 0 && basis[best]! >= 0));
    if (isBetter) [best, least] = [i, ratio];
  });
  return best;
}

function pivot(inverse: Float64Array[], value: Float64Array, step: readonly number[], leaving: number): void {
  const size = step[leaving]!;
  const row = inverse[leaving]!;
  for (let j = 0; j < row.length; j++) row[j]! /= size;
  value[leaving]! /= size;
  inverse.forEach((other, i) => {
    const factor = step[i]!;
    if (i === leaving || factor === 0) return;
    for (let j = 0; j < row.length; j++) other[j]! -= factor * row[j]!;
    value[i] = Math.max(0, value[i]! - factor * value[leaving]!);
  });
}

function readSolution(basis: Int32Array, value: Float64Array, dual: Float64Array): Solution {
  let residual = 0;
  const shares: Share[] = [];
  basis.forEach((point, i) => {
    if (point < 0) residual += value[i]!;
    else if (value[i]! > TOLERANCE) shares.push({ point, weight: value[i]! });
  });
  return { residual, shares, dual };
}

function checkCertificate(shares: readonly Share[], x: ArrayLike<number>, d: ArrayLike<number>, inputs: number, size: readonly number[]): Verdict {
  const ones = shares.filter(({ point }) => d[point] === 1);
  const zeros = shares.filter(({ point }) => d[point] !== 1);
  const mean = (of: readonly Share[], input: number) => of.reduce((sum, { point, weight }) => sum + weight * x[point * inputs + input]!, 0);
  const place = Array.from({ length: inputs }, (_, input) => mean(ones, input));
  const isMet = place.every((value, input) => Math.abs(value - mean(zeros, input)) <= 1e-7 * size[input]!);
  return isMet ? { separable: false, line: null, margin: null, certificate: { place, ones, zeros } } : UNDECIDED;
}

/** The dual of the first phase is 0 or less at every column: a line, moved into the middle of the gap. */
function checkLine(dual: Float64Array, x: ArrayLike<number>, d: ArrayLike<number>, inputs: number, shift: readonly number[], size: readonly number[]): Verdict {
  const w = Array.from({ length: inputs }, (_, i) => -dual[i]! / size[i]!);
  const heightOf = (point: number) => w.reduce((sum, weight, i) => sum + weight * (x[point * inputs + i]! - shift[i]!), 0);
  let [lowestOne, highestZero] = [Infinity, -Infinity];
  for (let point = 0; point < d.length; point++) {
    if (d[point] === 1) lowestOne = Math.min(lowestOne, heightOf(point));
    else highestZero = Math.max(highestZero, heightOf(point));
  }
  if (!Number.isFinite(lowestOne) || !Number.isFinite(highestZero)) return { separable: true, line: null, margin: null, certificate: null };
  const half = (lowestOne - highestZero) / 2;
  if (!(half > 0)) return UNDECIDED;
  const offset = (lowestOne + highestZero) / 2 + w.reduce((sum, weight, i) => sum + weight * shift[i]!, 0);
  const line = [offset / half, ...w.map((weight) => weight / half)];
  return { separable: true, line, margin: 1 / Math.hypot(...line.slice(1)), certificate: null };
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
