/** The two losses of each setting `loss`, as `epoque.gan2d.training.losses` computes them. */

import type { Values } from "../../form/schema";

export interface Formulas {
  readonly discriminator: string;
  readonly generator: string;
}

const FORMULAS: Readonly<Record<string, Formulas>> = {
  log: {
    discriminator: "L = −⟨log D(x)⟩ − ⟨log (1 − D(G(z)))⟩",
    generator: "L = −⟨log D(G(z))⟩",
  },
  minimax: {
    discriminator: "L = −⟨log D(x)⟩ − ⟨log (1 − D(G(z)))⟩",
    generator: "L = ⟨log (1 − D(G(z)))⟩",
  },
  least_squares: {
    discriminator: "L = ⟨(D(x) − 1)²⟩ + ⟨D(G(z))²⟩",
    generator: "L = ⟨(D(G(z)) − 1)²⟩",
  },
  hinge: {
    discriminator: "L = ⟨max(0, 1 − D(x))⟩ + ⟨max(0, 1 + D(G(z)))⟩",
    generator: "L = −⟨D(G(z))⟩",
  },
  wasserstein: {
    discriminator: "L = ⟨D(G(z))⟩ − ⟨D(x)⟩",
    generator: "L = −⟨D(G(z))⟩",
  },
  relativistic: {
    discriminator: "L = −⟨log σ(D(x) − D(G(z)))⟩",
    generator: "L = −⟨log σ(D(G(z)) − D(x))⟩",
  },
};

/** The losses of a config; ⟨ ⟩ is the mean over the batch, s the label smoothing. */
export function findFormulas(config: Values): Formulas {
  const formulas = FORMULAS[String(config["loss"])] ?? FORMULAS["log"]!;
  return { ...formulas, discriminator: smoothLabels(formulas.discriminator, config) };
}

function smoothLabels(formula: string, config: Values): string {
  const smoothing = Number(config["label_smoothing"] ?? 0);
  if (!smoothing) return formula;
  if (String(config["loss"]) === "least_squares") return formula.replace("(D(x) − 1)²", "(D(x) − (1 − s))²");
  if (!formula.startsWith("L = −⟨log D(x)⟩")) return formula;
  const real =
    config["label_smoothing_form"] === "weight"
      ? "−(1 − s) ⟨log D(x)⟩"
      : "−⟨(1 − s) log D(x) + s log (1 − D(x))⟩";
  return formula.replace("−⟨log D(x)⟩", real);
}

const STEPS: Readonly<Record<string, string>> = {
  sgd: "θ ← θ − η g",
  momentum: "v ← μ v + g,  θ ← θ − η v",
  rmsprop: "v ← α v + (1 − α) g²,  θ ← θ − η g / √v",
  adam: "m ← β₁ m + (1 − β₁) g,  v ← β₂ v + (1 − β₂) g²,  θ ← θ − η m̂ / √v̂",
};

/** How a network's optimizer makes a step of its gradient g. */
export function findStep(config: Values, network: "discriminator" | "generator"): string {
  return STEPS[String(config[`${network}.optimizer.name`])] ?? STEPS["sgd"]!;
}
