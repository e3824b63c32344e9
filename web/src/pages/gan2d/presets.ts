/** Trainings worth looking at: GAN Lab's four, our recipes, and what to look for in each. */

import { isSame, type Values } from "../../form/schema";
import { mark } from "../../i18n";
import type { LiveRun } from "../../run/live-run.svelte";

export interface Preset {
  readonly name: string;
  /** Its settings are the recipe's with these in place. */
  readonly recipe: string;
  readonly changes: Values;
  readonly title: string;
  readonly look: string;
}

const ADAM: Values = {
  noise: "normal",
  batch_size: 128,
  "generator.layers": [32, 32],
  "generator.activation": "leaky_relu",
  "generator.init": "he_normal",
  "generator.output": "linear",
  "generator.optimizer.name": "adam",
  "generator.optimizer.learning_rate": 0.001,
  "generator.optimizer.beta1": 0.5,
  "discriminator.layers": [32, 32],
  "discriminator.activation": "leaky_relu",
  "discriminator.init": "he_normal",
  "discriminator.optimizer.name": "adam",
  "discriminator.optimizer.learning_rate": 0.002,
  "discriminator.optimizer.beta1": 0.5,
  label_smoothing: 0,
  ema: 0.99,
};

export const GAN_LAB: readonly Preset[] = [
  {
    ...{ name: "line", recipe: "gan2d/ganlab-line", changes: {} },
    title: mark("A line, and a forger with five neurons"),
    look: mark("Small networks and a thin line: does the lattice fold flat before the judge has learned?"),
  },
  {
    ...{ name: "gaussians", recipe: "gan2d/ganlab-gaussians", changes: {} },
    title: mark("Two clouds, and someone who forges them"),
    look: mark("Both are found soon; watch how long the second takes to get its long shape."),
  },
  {
    ...{ name: "ring", recipe: "gan2d/ganlab-ring", changes: {} },
    title: mark("A ring, and someone who forges it"),
    look: mark("Does the hole stay empty? Some seeds cover a part of the ring only; throw the dice."),
  },
  {
    ...{ name: "disjoint", recipe: "gan2d/ganlab-disjoint", changes: {} },
    title: mark("Three clouds, and one who forges the nearest"),
    look: mark("The rings jump from cloud to cloud: wherever the judge is fooled at the moment."),
  },
];

/** Two steps of a blurred judge for one of a slow forger: the forger finds every cloud. */
const GENTLE: Values = {
  d_steps: 2,
  instance_noise: 0.1,
  instance_noise_until: 4000,
  "generator.optimizer.learning_rate": 0.0005,
};

export const OURS: readonly Preset[] = [
  {
    ...{ name: "circle", recipe: "gan2d/ganlab-ring", changes: { ...ADAM, ...GENTLE, data: "circle" } },
    title: mark("Eight clouds, and noise that helps"),
    look: mark("The judge sees everything blurred at first, so that no cloud is out of reach; then the noise fades."),
  },
  {
    ...{ name: "collapse", recipe: "gan2d/ganlab-ring" },
    changes: { ...ADAM, data: "grid", d_steps: 1, loss: "minimax", ema: 0 },
    title: mark("Twenty-five clouds, and a forger who knows half"),
    look: mark("Mode collapse: count the clouds that get rings. Then choose the non-saturating loss, two steps of D, and instance noise."),
  },
  {
    ...{ name: "curve", recipe: "gan2d/ganlab-ring" },
    changes: { ...ADAM, ...GENTLE, noise: "uniform", noise_dims: 1, instance_noise_until: 3000 },
    title: mark("One number of noise, bent into a ring"),
    look: mark("From one number comes a curve. It needs some 4,000 iterations to close; press n to see it unbent."),
  },
  {
    ...{ name: "judge", recipe: "gan2d/ganlab-disjoint" },
    changes: {
      ...{ loss: "minimax", d_steps: 5, label_smoothing: 0, "generator.optimizer.learning_rate": 0.01 },
      ...{ "discriminator.layers": [32, 32], "discriminator.activation": "leaky_relu" },
      ...{ "discriminator.optimizer.name": "adam", "discriminator.optimizer.learning_rate": 0.01 },
    },
    title: mark("A judge who always wins"),
    look: mark("Every answer is certain, and the generator's gradient vanishes. Then choose the non-saturating loss: it moves again."),
  },
  {
    ...{ name: "wasserstein", recipe: "gan2d/ganlab-ring" },
    changes: {
      ...{ loss: "wasserstein", label_smoothing: 0, weight_clip: 0.3, d_steps: 5 },
      ...{ "discriminator.layers": [32, 32], "discriminator.activation": "leaky_relu" },
      ...{ "discriminator.optimizer.name": "rmsprop", "discriminator.optimizer.learning_rate": 0.001 },
      ...{ "generator.layers": [32, 32], "generator.activation": "leaky_relu" },
      ...{ "generator.optimizer.name": "rmsprop", "generator.optimizer.learning_rate": 0.0003 },
    },
    title: mark("A critic in place of a judge"),
    look: mark("Its answers are heights, not probabilities: the contours are a landscape that the rings climb."),
  },
];

export const PRESETS: readonly Preset[] = [...GAN_LAB, ...OURS];

/** The preset of a name, null where there is none. */
export function findPreset(name: string): Preset | null {
  return PRESETS.find((preset) => preset.name === name) ?? null;
}

/** The preset whose settings a training has, null where it has none's; the seed is no part of it. */
export function presetOf(run: LiveRun): Preset | null {
  const isOf = ({ recipe, changes }: Preset) =>
    recipe === run.recipe &&
    run.changed.every((path) => path === "seed" || path in changes) &&
    Object.entries(changes).every(([path, value]) => isSame(value, run.config[path]));
  return PRESETS.find(isOf) ?? null;
}

const TITLES: Readonly<Record<string, string>> = {
  line: mark("A line, and someone who forges it"),
  gaussians: mark("Two clouds, and someone who forges them"),
  ring: mark("A ring, and someone who forges it"),
  disjoint: mark("Three clouds, and someone who forges them"),
  grid: mark("Twenty-five clouds, and someone who forges them"),
  circle: mark("Eight clouds, and someone who forges them"),
  moons: mark("Two moons, and someone who forges them"),
  spiral: mark("A spiral, and someone who forges it"),
  checkerboard: mark("A checkerboard, and someone who forges it"),
  pinwheel: mark("A pinwheel, and someone who forges it"),
  image: mark("A picture, and someone who forges it"),
  csv: mark("Your points, and someone who forges them"),
  drawing: mark("Your drawing, and someone who forges it"),
};

/** What is at stake, by the real distribution. */
export function titleOf(data: unknown): string {
  return TITLES[String(data)] ?? TITLES["ring"]!;
}
