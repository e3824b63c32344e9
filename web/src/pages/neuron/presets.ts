/** Where to begin: settings that are known to work for each set, with the reason why. */

import type { Values } from "../../form/schema";
import { mark } from "../../i18n";
import type { LiveRun } from "../../run/live-run.svelte";

export interface Preset {
  readonly name: string;
  readonly title: string;
  /** What to look at. */
  readonly look: string;
  /** Why these settings. */
  readonly why: string;
  /** What differs from the lab's defaults. */
  readonly values: Values;
  /** Iterations a second at which there is something to see. */
  readonly pace: number;
}

const SMALL_STEPS = { init: "glorot_uniform", optimizer: "adam" };

export const ONE_NEURON: readonly Preset[] = [
  {
    name: "and",
    title: mark("One neuron learns AND"),
    look: mark("Watch the line: it moves in until only the corner (1, 1) is on its blue side."),
    why: mark("Four points and one line: a rate of 0.7 is small enough to be smooth and large enough to be done in a few hundred passes."),
    values: {},
    pace: 60,
  },
  {
    name: "or",
    title: mark("One neuron learns OR"),
    look: mark("The same neuron, three corners on the blue side; it gets surer than with AND."),
    why: mark("OR lies closer to where the weights begin than AND does."),
    values: { truth_table: "0111" },
    pace: 60,
  },
  {
    name: "xor",
    title: mark("XOR, and why one line fails"),
    look: mark("The line never comes to rest: press p for the proof that no line can part these corners."),
    why: mark("The means of both classes are the same point; whatever the rate, the neuron ends undecided."),
    values: { truth_table: "0110" },
    pace: 60,
  },
  {
    name: "rosenblatt",
    title: mark("Rosenblatt's step"),
    look: mark("It learns from mistakes only, and stops when there are none: the last line just clears the points."),
    why: mark("With a hard step every mistake moves the line by a whole input, so few passes suffice."),
    values: { rule: "step", learning_rate: 0.3 },
    pace: 4,
  },
  {
    name: "clouds",
    title: mark("Two clouds and one line"),
    look: mark("Where the clouds overlap no line is right everywhere; the test points tell how wrong it stays."),
    why: mark("250 patterns correct 250 times a pass: the rate is 70 times smaller than for four corners."),
    values: { data: "gaussian", noise: 0.2, learning_rate: 0.01 },
    pace: 10,
  },
];

export const NETWORKS: readonly Preset[] = [
  {
    name: "xor-mlp",
    title: mark("Two hidden neurons solve XOR"),
    look: mark("Each hidden neuron draws a line of its own; hover them. The output keeps the strip between."),
    why: mark("Small random weights break the symmetry, a large rate crosses the plateau; about one seed in ten gets stuck."),
    values: { model: "mlp", truth_table: "0110", hidden_layers: [2], activation: "sigmoid", init: "normal", init_scale: 0.3, learning_rate: 3 },
    pace: 300,
  },
  {
    name: "circle-mlp",
    title: mark("Four lines enclose a disc"),
    look: mark("Hover the hidden neurons: each cuts off one side, together they close the curve."),
    why: mark("Three lines are the fewest that can enclose a disc; a fourth makes it easy to find. Adam gives each weight a step of its own size."),
    values: { model: "mlp", data: "circle", hidden_layers: [4], learning_rate: 0.03, ...SMALL_STEPS },
    pace: 120,
  },
  {
    name: "exclusive-or-mlp",
    title: mark("XOR with clouds of points"),
    look: mark("Eight neurons where two would do: see which of them still matter at the end."),
    why: mark("More neurons than needed make bad first weights rare; the test loss shows that 250 points are enough for them."),
    values: { model: "mlp", data: "exclusive_or", hidden_layers: [8], learning_rate: 0.03, ...SMALL_STEPS },
    pace: 100,
  },
  {
    name: "spiral-mlp",
    title: mark("Two spirals, two layers"),
    look: mark("First it finds straight cuts, then bends, then winds; the loss falls in steps as it does."),
    why: mark("A second layer folds what the first one cut. Smaller steps than before: late in training the arms are thin."),
    values: { model: "mlp", data: "spiral", hidden_layers: [8, 8], learning_rate: 0.01, ...SMALL_STEPS },
    pace: 250,
  },
  {
    name: "gaussian-mlp",
    title: mark("Too large a network for two clouds"),
    look: mark("The training loss goes on falling while the test loss turns up: it learns the noise by heart."),
    why: mark("Many weights, few points, much noise: set an L2 penalty of 0.01 and see the line straighten."),
    values: { model: "mlp", data: "gaussian", noise: 0.5, samples: 120, hidden_layers: [16, 16], learning_rate: 0.03, ...SMALL_STEPS },
    pace: 100,
  },
];

export const PRESETS = [...ONE_NEURON, ...NETWORKS];

/** The preset whose settings a training has, the seed aside; null if none. */
export function presetOf(run: LiveRun): Preset | null {
  return PRESETS.find((preset) => isPreset(run, preset)) ?? null;
}

function isPreset(run: LiveRun, preset: Preset): boolean {
  return run.schema.settings.every(({ path, default: usual }) => {
    if (["seed", "iterations", "changes", "engine", "checkpoint_every", "snapshot_every"].includes(path)) return true;
    const wanted = path in preset.values ? preset.values[path] : usual;
    return JSON.stringify(wanted) === JSON.stringify(run.config[path]);
  });
}

/** The recipe of the same name, where there is one. */
export function recipeOf(preset: Preset): string {
  return `neuron/${preset.name}`;
}
