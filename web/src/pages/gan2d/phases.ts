/** The ten phases of an iteration: what each is called, its formula, its numbers and one sentence. */

import type { NdArray, Phase } from "../../engines/session";
import type { Values } from "../../form/schema";
import { formatMeasure, formatNumber, mark, t } from "../../i18n";
import { findFormulas, findStep } from "./formulas";

/** Parts of the overview that a phase lights. */
export type Part = "noise" | "generator" | "fake" | "real" | "discriminator" | "losses" | "gradients";

export interface PhaseWord {
  readonly title: string;
  readonly sentence: string;
  readonly parts: readonly Part[];
}

/** By the names of the engine's phases, in the order of an iteration. */
export const PHASES: Readonly<Record<string, PhaseWord>> = {
  discriminator_sample: {
    title: mark("The discriminator draws"),
    sentence: mark("Real points are drawn, and noise from which the generator makes as many of its own."),
    parts: ["noise", "generator", "fake", "real"],
  },
  discriminator_classify: {
    title: mark("It answers"),
    sentence: mark("For each point it says how real it looks. It does not know which are which."),
    parts: ["discriminator"],
  },
  discriminator_loss: {
    title: mark("Its loss"),
    sentence: mark("Now it is told. Each wrong answer costs the more, the surer it was; the large points cost most."),
    parts: ["losses"],
  },
  discriminator_gradients: {
    title: mark("Its gradients"),
    sentence: mark("Going back through its layers, each weight learns how the loss would change with it."),
    parts: ["gradients", "discriminator"],
  },
  discriminator_update: {
    title: mark("It learns"),
    sentence: mark("Each weight moves a little against its gradient: the next answers will be a little better."),
    parts: ["discriminator"],
  },
  generator_sample: {
    title: mark("The generator draws"),
    sentence: mark("New noise, new points. No real point is needed: the generator never sees one."),
    parts: ["noise", "generator", "fake"],
  },
  generator_classify: {
    title: mark("It is judged"),
    sentence: mark("The discriminator answers for each generated point; it stands still meanwhile."),
    parts: ["fake", "discriminator"],
  },
  generator_loss: {
    title: mark("Its loss"),
    sentence: mark("The generator loses where it was found out; the large points cost it most."),
    parts: ["losses"],
  },
  generator_gradients: {
    title: mark("Its gradients"),
    sentence: mark("Through the discriminator goes back which way each point should have moved to look more real."),
    parts: ["gradients", "generator", "discriminator"],
  },
  generator_update: {
    title: mark("It learns"),
    sentence: mark("Its weights move a little, and with them every point: each line leads from before to after."),
    parts: ["generator", "fake"],
  },
};

export type Network = "discriminator" | "generator";

export function networkOf(name: string): Network {
  return name.startsWith("discriminator") ? "discriminator" : "generator";
}

/** Which phase it is within its network's step: "sample", "classify", "loss", "gradients", "update". */
export function kindOf(name: string): string {
  return name.slice(name.indexOf("_") + 1);
}

/** The arrays of a network's step so far: those of the phases before are still looked at. */
export interface Story {
  readonly phase: Phase;
  readonly arrays: Readonly<Record<string, NdArray>>;
  /** Of the network's steps in this iteration, from 1. */
  readonly repetition: number;
}

export function continueStory(before: Story | null, phase: Phase): Story {
  const repetition = (phase.arrays["repetition"]?.data[0] ?? 0) + 1;
  const goesOn = before !== null && kindOf(phase.name) !== "sample" && networkOf(before.phase.name) === networkOf(phase.name);
  return { phase, repetition, arrays: goesOn ? { ...before.arrays, ...phase.arrays } : phase.arrays };
}

/** The formula of a phase. */
export function formulaOf(name: string, config: Values): string {
  const network = networkOf(name);
  switch (kindOf(name)) {
    case "sample":
      return network === "discriminator" ? "x ~ real,  z ~ noise,  G(z)" : "z ~ noise,  G(z)";
    case "classify":
      return network === "discriminator" ? "D(x),  D(G(z))" : "D(G(z))";
    case "loss":
      return findFormulas(config)[network];
    case "gradients":
      return network === "discriminator" ? "g = ∂L / ∂θ" : "g = ∂L / ∂θ = ∂L / ∂G(z) · ∂G(z) / ∂θ";
    default:
      return findStep(config, network);
  }
}

/** A name and a number, as a reader sees them. */
export type Numbers = readonly (readonly [string, string])[];

/** The numbers of a phase. */
export function numbersOf(story: Story, config: Values): Numbers {
  const { phase, arrays } = story;
  const mean = (name: string) => formatMeasure(meanOf(arrays[name]?.data));
  switch (phase.name) {
    case "discriminator_sample":
      return [
        [t("real points"), formatNumber(countOf(arrays["real"]))],
        [t("generated points"), formatNumber(countOf(arrays["fake"]))],
      ];
    case "discriminator_classify":
      return [
        [t("mean answer for real points"), mean("real_answers")],
        [t("mean answer for generated points"), mean("fake_answers")],
        [t("right"), formatShare(shareRight(arrays))],
      ];
    case "discriminator_loss":
      return [
        [t("of real points"), mean("real_losses")],
        [t("of generated points"), mean("fake_losses")],
        [t("loss"), formatMeasure(arrays["loss"]?.data[0])],
      ];
    case "generator_sample":
      return [[t("generated points"), formatNumber(countOf(arrays["fake"]))]];
    case "generator_classify":
      return [
        [t("mean answer for generated points"), mean("fake_answers")],
        [t("taken for real"), formatShare(shareAbove(arrays["fake_logits"]?.data))],
      ];
    case "generator_loss":
      return [[t("loss"), formatMeasure(arrays["loss"]?.data[0])]];
    case "discriminator_gradients":
    case "generator_gradients":
      return [[t("length of the gradient"), formatMeasure(arrays["grad_norm"]?.data[0])]];
    default:
      return updateNumbers(story, config);
  }
}

function updateNumbers({ phase, arrays }: Story, config: Values): Numbers {
  const names = Object.keys(phase.arrays).filter((name) => name.startsWith("before."));
  let [count, largest, squared] = [0, 0, 0];
  for (const name of names) {
    const [before, after] = [arrays[name]!.data, arrays[name.replace("before.", "after.")]!.data];
    before.forEach((value, i) => {
      const change = Math.abs(after[i]! - value);
      count += 1;
      largest = Math.max(largest, change);
      squared += change * change;
    });
  }
  const rate = Number(config[`${networkOf(phase.name)}.optimizer.learning_rate`]);
  return [
    [t("learning rate η"), formatMeasure(rate)],
    [t("weights and biases"), formatNumber(count)],
    [t("largest change"), formatMeasure(largest)],
    [t("length of the step"), formatMeasure(Math.sqrt(squared))],
  ];
}

export function formatShare(share: number): string {
  return Number.isNaN(share) ? "–" : formatNumber(share, { style: "percent", maximumFractionDigits: 0 });
}

function countOf(array: NdArray | undefined): number {
  return array?.shape[0] ?? 0;
}

function meanOf(values: Float32Array | undefined): number {
  return values?.length ? values.reduce((sum, value) => sum + value, 0) / values.length : NaN;
}

function shareAbove(values: Float32Array | undefined): number {
  return values?.length ? values.filter((value) => value > 0).length / values.length : NaN;
}

function shareRight(arrays: Story["arrays"]): number {
  const [real, fake] = [arrays["real_logits"]?.data, arrays["fake_logits"]?.data];
  return (shareAbove(real) + 1 - shareAbove(fake)) / 2;
}
