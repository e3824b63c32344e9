/** What one moment of a GAN looks like: the arrays of its snapshot, ready to be drawn. */

import type { Grid } from "../../canvas/layers/shades";
import type { Frame } from "../../engines/session";

export interface Moment {
  readonly step: number;
  /** Points [450, 2]. */
  readonly real: Float32Array;
  readonly fake: Float32Array;
  /** The discriminator's answer over the square. */
  readonly answers: Grid;
  /** Where the generator puts the lattice of noise [side², 2]; a curve [441, 2] where `side` is 0. */
  readonly manifold: Float32Array;
  readonly manifoldSide: number;
  /** Of the discriminator's answer at each generated point [450, 2]. */
  readonly gradients: Float32Array;
  /** Whether an answer is a probability, or a critic's number. */
  readonly isProbability: boolean;
  /** The answers that are drawn in full vermilion and in full blue. */
  readonly least: number;
  readonly most: number;
}

const moments = new WeakMap<Frame, Moment>();

/** Reads a frame; null where it has not the arrays of this lab. */
export function readMoment(frame: Frame | null): Moment | null {
  if (!frame) return null;
  let moment = moments.get(frame) ?? null;
  if (!moment && (moment = makeMoment(frame))) moments.set(frame, moment);
  return moment;
}

function makeMoment({ step, arrays }: Frame): Moment | null {
  const { real, fake, d, manifold, gradients, probability } = arrays;
  if (!real || !fake || !d || !manifold || !gradients || !probability) return null;
  const isProbability = probability.data[0]! > 0.5;
  const [least, most] = isProbability ? [0, 1] : rangeOf(d.data);
  return {
    step,
    real: keepReal(real.data),
    fake: fake.data,
    answers: { values: d.data, side: d.shape[0]! },
    manifold: manifold.data,
    manifoldSide: manifold.shape.length === 3 ? manifold.shape[0]! : 0,
    gradients: gradients.data,
    isProbability,
    least,
    most,
  };
}

let lastReal = new Float32Array();

/** The real points are the same in every frame of a run: the same array, so that they are drawn once. */
function keepReal(points: Float32Array): Float32Array {
  const isSame = points.length === lastReal.length && points.every((value, i) => value === lastReal[i]);
  if (!isSame) lastReal = Float32Array.from(points);
  return lastReal;
}

/** A critic's numbers mean something only beside each other: they lie evenly to both sides of their median. */
function rangeOf(values: Float32Array): [number, number] {
  const middle = values.slice().sort()[values.length >> 1]!;
  const far = values.reduce((most, value) => Math.max(most, Math.abs(value - middle)), 0) || 1;
  return [middle - far, middle + far];
}
