/** Where a generator puts the lattice of its noise: the denser its points come to lie, the darker. */

import type { Layer } from "../layer";
import type { Pen } from "../pen";
import type { Theme, Token } from "../theme";
import { toPixel, type View } from "../view";

export interface ManifoldOptions {
  readonly name: string;
  /** Points along each side of the lattice; 0 where the noise has one dimension: a curve. */
  readonly side: number;
  /** The noise's probability in each cell [side − 1, side − 1] or piece [n − 1], up to a factor. */
  readonly masses: Float64Array;
  readonly color: Token;
  readonly opacity?: number;
}

const STRENGTHS = 8;
const LEAST = 0.03;
const MOST = 0.42;

/** Draws a lattice's image [side · side, 2], or a curve's [n, 2]. */
export function manifoldLayer(points: Float32Array, options: ManifoldOptions): Layer {
  const { name, side, masses, opacity = 1 } = options;
  return {
    name,
    opacity,
    draw(pen, view, theme) {
      const places = place(points, view);
      if (side) {
        fillQuads(pen, places, side, masses, options, theme);
        strokeLattice(pen, places, side, theme.colors[options.color], opacity);
      } else strokeCurve(pen, places, masses, options, theme);
    },
  };
}

/** Densities relative to the mean over what has any size: 1 is as dense as on average. */
export function densities(masses: Float64Array, sizes: Float64Array): Float64Array {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const mass = masses.reduce((sum, value) => sum + value, 0);
  const least = Math.max(1e-6 * sizes.reduce((max, size) => Math.max(max, size), 0), 1e-12);
  return masses.map((value, i) => value / mass / (Math.max(sizes[i]!, least) / (total || 1)));
}

function place(points: Float32Array, view: View): Float64Array {
  const places = new Float64Array(points.length);
  for (let i = 0; i + 1 < points.length; i += 2) {
    const [x, y] = toPixel(view, points[i]!, points[i + 1]!);
    places[i] = x;
    places[i + 1] = y;
  }
  return places;
}

/** Quads of like density are one path: eight fills in place of four hundred. */
function fillQuads(
  pen: Pen,
  places: Float64Array,
  side: number,
  masses: Float64Array,
  { color, opacity = 1 }: ManifoldOptions,
  theme: Theme,
): void {
  const areas = quadAreas(places, side);
  const dense = densities(masses, areas);
  pen.fillStyle = theme.colors[color];
  for (let strength = 0; strength < STRENGTHS; strength++) {
    pen.beginPath();
    let any = false;
    for (let cell = 0; cell < dense.length; cell++) {
      if (strengthOf(dense[cell]!) !== strength) continue;
      any = true;
      traceQuad(pen, places, side, cell);
    }
    if (!any) continue;
    pen.globalAlpha = opacity * (LEAST + ((MOST - LEAST) * strength) / (STRENGTHS - 1));
    pen.fill();
  }
}

/** 0 where points lie at most a third as dense as on average, the largest at twelve times. */
function strengthOf(density: number): number {
  const share = Math.log(Math.max(density, 1e-9) * 3) / Math.log(36);
  return Math.min(STRENGTHS - 1, Math.max(0, Math.round(share * (STRENGTHS - 1))));
}

function corners(side: number, cell: number): readonly [number, number, number, number] {
  const at = Math.floor(cell / (side - 1)) * side + (cell % (side - 1));
  return [at, at + side, at + side + 1, at + 1];
}

function traceQuad(pen: Pen, places: Float64Array, side: number, cell: number): void {
  const [a, b, c, d] = corners(side, cell);
  pen.moveTo(places[2 * a]!, places[2 * a + 1]!);
  for (const corner of [b, c, d]) pen.lineTo(places[2 * corner]!, places[2 * corner + 1]!);
  pen.closePath();
}

function quadAreas(places: Float64Array, side: number): Float64Array {
  return Float64Array.from({ length: (side - 1) ** 2 }, (_, cell) => {
    const around = corners(side, cell);
    let twice = 0;
    for (let i = 0; i < 4; i++) {
      const [p, q] = [2 * around[i]!, 2 * around[(i + 1) % 4]!];
      twice += places[p]! * places[q + 1]! - places[q]! * places[p + 1]!;
    }
    return Math.abs(twice) / 2;
  });
}

function strokeLattice(pen: Pen, places: Float64Array, side: number, color: string, opacity: number): void {
  pen.strokeStyle = color;
  pen.globalAlpha = 0.45 * opacity;
  pen.lineWidth = 0.75;
  pen.beginPath();
  for (let line = 0; line < side; line++) {
    for (let i = 0; i < side; i++) lineOrMove(pen, places, line * side + i, i === 0);
    for (let i = 0; i < side; i++) lineOrMove(pen, places, i * side + line, i === 0);
  }
  pen.stroke();
}

function lineOrMove(pen: Pen, places: Float64Array, at: number, first: boolean): void {
  if (first) pen.moveTo(places[2 * at]!, places[2 * at + 1]!);
  else pen.lineTo(places[2 * at]!, places[2 * at + 1]!);
}

function strokeCurve(
  pen: Pen,
  places: Float64Array,
  masses: Float64Array,
  { color, opacity = 1 }: ManifoldOptions,
  theme: Theme,
): void {
  const count = places.length / 2 - 1;
  const lengths = Float64Array.from({ length: count }, (_, i) =>
    Math.hypot(places[2 * i + 2]! - places[2 * i]!, places[2 * i + 3]! - places[2 * i + 1]!),
  );
  const dense = densities(masses, lengths);
  pen.strokeStyle = theme.colors[color];
  pen.lineCap = "round";
  for (let strength = 0; strength < STRENGTHS; strength++) {
    pen.beginPath();
    for (let i = 0; i < count; i++) {
      if (strengthOf(dense[i]!) !== strength) continue;
      lineOrMove(pen, places, i, true);
      lineOrMove(pen, places, i + 1, false);
    }
    pen.globalAlpha = opacity * (0.35 + (0.5 * strength) / (STRENGTHS - 1));
    pen.lineWidth = 1.5 + (2 * strength) / (STRENGTHS - 1);
    pen.stroke();
  }
}
