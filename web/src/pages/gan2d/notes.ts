/** What to look at now: a few rules over the live numbers of a training. */

import type { Values } from "../../form/schema";
import { formatMeasure, t } from "../../i18n";
import type { Moment } from "./moment";
import { formatShare } from "./phases";

/** The newest numbers of the metrics, averaged over the last few hundred iterations; NaN for none. */
export interface Recent {
  readonly lossD: number;
  readonly lossG: number;
  readonly accuracy: number;
  readonly saturated: number;
  readonly gradNormG: number;
}

export interface Situation {
  readonly step: number;
  readonly config: Values;
  readonly recent: Recent;
  readonly moment: Moment;
}

interface Rule {
  /** Rules that speak of the same thing: only the first of them that holds is said. */
  readonly about: string;
  applies(situation: Situation): boolean;
  say(situation: Situation): string;
}

const LOG_4 = Math.log(4);
const plays = (config: Values, ...losses: string[]) => losses.includes(String(config["loss"]));

const RULES: readonly Rule[] = [
  {
    about: "start",
    applies: ({ step }) => step === 0,
    say: () => t("Nothing is learned yet: the rings are noise, pushed through random weights. Press play."),
  },
  {
    about: "spread",
    applies: ({ step, moment }) => step > 200 && spreadOf(moment.fake) < 0.12 * spreadOf(moment.real),
    say: () =>
      t("All rings crowd into one place: the generator has collapsed. It follows the one place where D is fooled now."),
  },
  {
    about: "outside",
    applies: ({ moment }) => shareOutside(moment.fake) > 0.05,
    say: ({ moment }) =>
      t("{share} of the generated points lie outside the picture; zoom out with − to see them.", {
        share: formatShare(shareOutside(moment.fake)),
      }),
  },
  {
    about: "discriminator",
    applies: ({ step, moment }) => step > 100 && moment.isProbability && moment.gradients.every((value) => value === 0),
    say: () =>
      t("The discriminator says the same everywhere: its neurons have died, and it can teach nothing. Throw the dice, or give it the activation leaky ReLU."),
  },
  {
    about: "discriminator",
    applies: ({ recent, config }) => recent.saturated > 0.1 && plays(config, "log", "minimax", "least_squares"),
    say: ({ recent, config }) =>
      Number(config["d_steps"]) > 1
        ? t("The discriminator is ahead: of its answers, {share} are already certain. Fewer steps let the generator follow.", {
            share: formatShare(recent.saturated),
          })
        : t("The discriminator is ahead: of its answers, {share} are already certain. A lower learning rate lets the generator follow.", {
            share: formatShare(recent.saturated),
          }),
  },
  {
    about: "discriminator",
    applies: ({ step, recent, config }) =>
      step > 300 && plays(config, "log", "minimax") && Math.abs(recent.lossD - LOG_4) < 0.05 && Math.abs(recent.accuracy - 0.5) < 0.04,
    say: () => t("Its loss is near 2 ln 2 ≈ 1.386: the discriminator can only guess. Here a perfect forgery ends, or a blind judge."),
  },
  {
    about: "discriminator",
    applies: ({ step, recent, config }) => step > 100 && plays(config, "log", "minimax") && recent.lossD < LOG_4 - 0.05,
    say: ({ recent }) =>
      t("At 2 ln 2 ≈ 1.386 the discriminator can only guess. It is below, at {loss}: it still knows something.", {
        loss: formatMeasure(recent.lossD),
      }),
  },
  {
    about: "discriminator",
    applies: ({ step, recent }) => step > 100 && recent.accuracy > 0.9,
    say: ({ recent }) =>
      t("It is right about {share} of the points: look where its blue and vermilion part the two kinds.", {
        share: formatShare(recent.accuracy),
      }),
  },
  {
    about: "gradient",
    applies: ({ step, recent }) => step > 100 && recent.gradNormG < 1e-4,
    say: ({ recent }) =>
      t("The generator's gradient has all but vanished ({norm}): it is told nothing and hardly moves.", {
        norm: formatMeasure(recent.gradNormG),
      }),
  },
  {
    about: "gradient",
    applies: ({ step, recent }) => step > 100 && recent.gradNormG > 50,
    say: ({ recent }) =>
      t("The generator's gradient is long ({norm}): its steps overshoot. A lower learning rate calms it.", {
        norm: formatMeasure(recent.gradNormG),
      }),
  },
  {
    about: "critic",
    applies: ({ config }) => plays(config, "wasserstein") && !Number(config["weight_clip"]) && !Number(config["gradient_penalty"]),
    say: () => t("A Wasserstein critic needs a bound on its slope: clip its weights, or add a gradient penalty."),
  },
  {
    about: "manifold",
    applies: ({ config, step }) => Number(config["noise_dims"]) === 1 && step > 50,
    say: () => t("From one number of noise the generator can only draw a curve: watch it bend through the points."),
  },
  {
    about: "manifold",
    applies: ({ step }) => step > 50,
    say: () => t("Look at the lattice: where its lines crowd, the generator puts many points; where it folds, it does so twice."),
  },
];

/** Returns what to say, the most pressing first. */
export function findNotes(situation: Situation, most = 2): string[] {
  const said = new Set<string>();
  const notes: string[] = [];
  for (const rule of RULES) {
    if (notes.length >= most || said.has(rule.about) || !rule.applies(situation)) continue;
    said.add(rule.about);
    notes.push(rule.say(situation));
    if (rule.about === "start") break;
  }
  return notes;
}

/** The root of the mean squared distance of points from their mean. */
export function spreadOf(points: Float32Array): number {
  const count = points.length / 2;
  let [x, y, squared] = [0, 0, 0];
  for (let i = 0; i < points.length; i += 2) {
    x += points[i]! / count;
    y += points[i + 1]! / count;
    squared += (points[i]! ** 2 + points[i + 1]! ** 2) / count;
  }
  return Math.sqrt(Math.max(0, squared - x * x - y * y));
}

export function shareOutside(points: Float32Array): number {
  let count = 0;
  for (let i = 0; i < points.length; i += 2) {
    const inside = points[i]! >= 0 && points[i]! <= 1 && points[i + 1]! >= 0 && points[i + 1]! <= 1;
    if (!inside) count += 1;
  }
  return count / (points.length / 2);
}
