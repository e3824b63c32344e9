/** The layers of the GAN's plane: what each is called, its letter, and how it is drawn. */

import type { Layer } from "../../canvas/layer";
import { arrowsLayer } from "../../canvas/layers/arrows";
import { contoursLayer } from "../../canvas/layers/contours";
import { differenceLayer } from "../../canvas/layers/difference";
import { manifoldLayer } from "../../canvas/layers/manifold";
import { pathLayer } from "../../canvas/layers/path";
import { pointsLayer } from "../../canvas/layers/points";
import { scaleLayer } from "../../canvas/layers/scale";
import { shadesLayer } from "../../canvas/layers/shades";
import { formatMeasure, mark } from "../../i18n";
import { latticeMasses } from "./lattice";
import type { Moment } from "./moment";

export const LAYER_NAMES = [
  "answers",
  "difference",
  "contours",
  "manifold",
  "gradients",
  "real",
  "fake",
  "path",
] as const;
export type LayerName = (typeof LAYER_NAMES)[number];

export interface LayerWord {
  readonly title: string;
  readonly letter: string;
  readonly help: string;
}

export const LAYER_WORDS: Readonly<Record<LayerName, LayerWord>> = {
  real: { title: mark("real points"), letter: "e", help: mark("450 points of the real distribution") },
  fake: { title: mark("generated points"), letter: "g", help: mark("450 points that the generator makes of fixed noise") },
  answers: {
    title: mark("D's answer"),
    letter: "a",
    help: mark("where the discriminator says real (blue) or generated (vermilion)"),
  },
  contours: { title: mark("contours"), letter: "c", help: mark("lines of equal answer; the strong one is undecided") },
  manifold: {
    title: mark("manifold"),
    letter: "m",
    help: mark("the generator's image of the lattice of noise; the darker, the denser its points"),
  },
  gradients: { title: mark("gradients"), letter: "v", help: mark("which way each generated point would look more real") },
  difference: {
    title: mark("difference"),
    letter: "f",
    help: mark("+ where generated points are too many, − where they are too few"),
  },
  path: { title: mark("path"), letter: "t", help: mark("the way of one generated point; click a ring to choose it") },
};

export interface LayerState {
  readonly shown: boolean;
  /** 0 to 1. */
  readonly opacity: number;
}

/** What is shown of each layer, and how the answers are drawn. */
export interface Looks {
  readonly layers: Readonly<Record<LayerName, LayerState>>;
  readonly cells: boolean;
}

/** As GAN Lab begins, with the manifold. */
export const FIRST_LOOKS: Looks = {
  layers: Object.fromEntries(
    LAYER_NAMES.map((name) => [name, { shown: !["contours", "difference", "path"].includes(name), opacity: 1 }]),
  ) as Record<LayerName, LayerState>,
  cells: false,
};

/** Shows or hides a layer; the answers go from smooth to cells to hidden. */
export function toggleLayer(looks: Looks, name: LayerName): Looks {
  const before = looks.layers[name];
  if (name === "answers" && before.shown && !looks.cells) return { ...looks, cells: true };
  const layers = { ...looks.layers, [name]: { ...before, shown: !before.shown } };
  return { layers, cells: name === "answers" ? false : looks.cells };
}

export function setOpacity(looks: Looks, name: LayerName, opacity: number): Looks {
  return { ...looks, layers: { ...looks.layers, [name]: { ...looks.layers[name], opacity } } };
}

const CELLS = "cells";

/** What is shown, as a link names it; null where the page shows what it usually does. */
export function listShown(looks: Looks): readonly string[] | null {
  const names = namesOf(looks);
  return names.join() === namesOf(FIRST_LOOKS).join() ? null : names;
}

/** The looks that a link's names ask for; names that there are none of are passed over. */
export function readShown(names: readonly string[]): Looks {
  const layers = Object.fromEntries(
    LAYER_NAMES.map((name) => [name, { shown: names.includes(name), opacity: 1 }]),
  ) as Record<LayerName, LayerState>;
  return { layers, cells: names.includes(CELLS) };
}

function namesOf({ layers, cells }: Looks): string[] {
  return [...LAYER_NAMES.filter((name) => layers[name].shown), ...(cells ? [CELLS] : [])];
}

/** GAN Lab's: 150 arrows of 0.15 for a gradient of 1. */
const ARROWS = { count: 150, length: 0.15, longest: 0.1 };
const LEVELS = [0.1, 0.25, 0.5, 0.75, 0.9];

export interface PlaneOptions {
  readonly looks: Looks;
  readonly noise: string;
  /** Places of the point whose path is drawn [n, 2]; null for none. */
  readonly path: Float32Array | null;
  /** 0 to 1: how far the lattice of noise has moved to the manifold; null where it is not moving. */
  readonly morph?: Float32Array | null;
}

/** Returns the layers of a moment, from back to front. */
export function makeLayers(moment: Moment, { looks, noise, path, morph }: PlaneOptions): Layer[] {
  const draw: Record<LayerName, (opacity: number) => Layer | null> = {
    answers: (opacity) =>
      shadesLayer(moment.answers, {
        ...{ name: "answers", least: moment.least, most: moment.most, low: "vermilion", high: "blue" },
        ...{ cells: looks.cells, opacity },
      }),
    difference: (opacity) => differenceLayer(moment.real, moment.fake, { name: "difference", opacity }),
    contours: (opacity) => contoursLayer(moment.answers, { name: "contours", opacity, ...levelsOf(moment) }),
    manifold: (opacity) => lattice(moment, morph ?? moment.manifold, noise, opacity),
    gradients: (opacity) =>
      arrowsLayer(moment.fake, moment.gradients, {
        ...{ name: "gradients", color: "ink", opacity },
        ...{ ...ARROWS, length: ARROWS.length / (moment.most - moment.least) },
      }),
    real: (opacity) => pointsLayer(moment.real, { name: "real", shape: "disc", color: "blue", opacity, still: true }),
    fake: (opacity) => pointsLayer(moment.fake, { name: "fake", shape: "ring", color: "vermilion", opacity }),
    path: (opacity) => path && pathLayer(path, { name: "path", color: "ink", opacity }),
  };
  // While the lattice of noise moves, it is drawn alone over the points of both kinds.
  const shown = LAYER_NAMES.filter((name) => (name === "manifold" && morph) || looks.layers[name].shown);
  const layers = shown.map((name) => draw[name](looks.layers[name].opacity * (morph && name !== "manifold" ? 0.25 : 1)));
  return [...layers.filter((layer) => layer !== null), scaleLayer()];
}

function lattice(moment: Moment, points: Float32Array, noise: string, opacity: number): Layer {
  const side = moment.manifoldSide;
  const masses = latticeMasses(noise, side);
  return manifoldLayer(points, { name: "manifold", side, masses, color: "ink", opacity });
}

/** Of probabilities five round ones; of a critic's numbers as many, evenly between its extremes. */
function levelsOf({ isProbability, least, most }: Moment) {
  const levels = isProbability ? LEVELS : [1, 2, 3, 4, 5].map((i) => least + ((most - least) * i) / 6);
  return { levels, middle: levels[2]!, format: (level: number) => formatMeasure(level, 2) };
}
