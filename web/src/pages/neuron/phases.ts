/** The phases of an iteration in words, formulas and the numbers of the moment. */

import type { Phase } from "../../engines/session";
import type { Values } from "../../form/schema";
import { formatMeasure as formatNumber, mark, t } from "../../i18n";

export interface PhaseText {
  readonly title: string;
  readonly sentence: string;
  readonly formula: string;
  /** Lines of numbers put into the formula. */
  readonly numbers: readonly string[];
}

const TITLES: Readonly<Record<string, string>> = {
  input: mark("A pattern is presented"),
  sum: mark("The weighted sum"),
  output: mark("The output"),
  error: mark("The error"),
  correction: mark("The correction"),
  forward: mark("Forward"),
  loss: mark("The loss"),
  backward: mark("Backward"),
  update: mark("The update"),
};

export function isPhase(phase: Phase | null): phase is Phase {
  return phase !== null && phase.name in TITLES;
}

/** What a phase does, in the language in use. */
export function describePhase(phase: Phase, config: Values): PhaseText {
  const title = t(TITLES[phase.name] ?? phase.name);
  return { title, ...(phase.arrays["pattern"] ? describePattern(phase, config) : describeBatch(phase, config)) };
}

type Parts = Omit<PhaseText, "title">;

/** A number to some digits; there is no minus before a 0. */
function formatMeasure(value: number, digits = 3): string {
  return formatNumber(value === 0 ? 0 : value, digits);
}

function scalar(phase: Phase, name: string): number {
  return phase.arrays[name]?.data[0] ?? NaN;
}

function row(phase: Phase, name: string): number[] {
  return Array.from(phase.arrays[name]?.data ?? []);
}

/** A number in a formula; a negative one in brackets. */
function write(value: number): string {
  const text = formatMeasure(value, 3);
  return value < 0 ? `(${text})` : text;
}

function writeList(values: readonly number[]): string {
  const most = 6;
  const words = values.slice(0, most).map((value) => formatMeasure(value, 3));
  return `${words.join("  ")}${values.length > most ? " …" : ""}`;
}

function describePattern(phase: Phase, config: Values): Parts {
  const [w, x] = [row(phase, "w"), row(phase, "x")];
  const rate = Number(config["learning_rate"]);
  const rule = String(config["rule"]);
  const [sum, output, error, d] = ["sum", "output", "error", "d"].map((name) => scalar(phase, name)) as [number, number, number, number];
  switch (phase.name) {
    case "input":
      return {
        sentence: t("Pattern {number} comes in, with the bias input −1 before it; it should give {d}.", { number: scalar(phase, "pattern") + 1, d }),
        formula: "x0 = −1",
        numbers: [`x = (−1, ${x.map((value) => formatMeasure(value, 3)).join(", ")})`, `d = ${d}`],
      };
    case "sum":
      return {
        sentence: t("Each input times its weight, and all added up: on one side of the line the sum is positive, on the other negative."),
        formula: "y = −w0 + Σ wi · xi",
        numbers: [`y = ${[`−${write(w[0]!)}`, ...x.slice(0, 4).map((value, i) => `${write(w[i + 1]!)} · ${write(value)}`)].join(" + ")}${x.length > 4 ? " + …" : ""}`, `y = ${formatMeasure(sum, 4)}`],
      };
    case "output":
      return {
        sentence: rule === "step" ? t("The neuron fires where the sum is above 0.") : t("The sigmoid squeezes the sum between 0 and 1: far from the line the neuron is sure."),
        formula: rule === "step" ? "o = [y > 0]" : "o = 1 / (1 + e⁻ʸ)",
        numbers: [`o = ${formatMeasure(output, 4)}`],
      };
    case "error":
      return {
        sentence: t("What is missing to the desired output: its sign says which way to correct, its size how far."),
        formula: "e = d − o",
        numbers: [`e = ${formatMeasure(d, 3)} − ${write(output)} = ${formatMeasure(error, 4)}`],
      };
    default:
      return {
        sentence: t("Each weight moves along its own input, so that this pattern is answered better; the line turns."),
        formula: rule === "squared_error" ? "Δw = η · e · o (1 − o) · x" : "Δw = η · e · x",
        numbers: [`η = ${formatMeasure(rate, 3)}`, `Δw = (${row(phase, "correction").map((value) => formatMeasure(value, 3)).join(", ")})`, `w = (${row(phase, "w_after").map((value) => formatMeasure(value, 4)).join(", ")})`],
      };
  }
}

const ACTIVATIONS: Readonly<Record<string, string>> = { relu: "max(0, z)", tanh: "tanh z", sigmoid: "1 / (1 + e⁻ᶻ)", linear: "z" };
const LOSSES: Readonly<Record<string, string>> = {
  cross_entropy: "L = −log P(d)",
  squared_error: "L = ½ (d − o)²",
  hinge: "L = max(0, 1 − s · z)",
};
const STEPS: Readonly<Record<string, string>> = {
  sgd: "w ← w − η · ∂L/∂w",
  momentum: "v ← μ · v + ∂L/∂w;  w ← w − η · v",
  adam: "w ← w − η · m̂ / (√v̂ + 10⁻⁸)",
};

function describeBatch(phase: Phase, config: Values): Parts {
  const layer = scalar(phase, "layer");
  const count = phase.arrays["d"]?.data.length ?? 0;
  switch (phase.name) {
    case "forward": {
      const values = phase.arrays[`values.${layer}`];
      const shown = values?.shape[1] ?? 1;
      const first = Array.from({ length: values?.shape[0] ?? 0 }, (_, j) => values!.data[j * shown]!);
      const isLast = values?.shape[0] === 1 && !phase.arrays[`values.${layer + 1}`] && layer > (config["hidden_layers"] as readonly number[]).length;
      return {
        sentence: isLast ? t("The last neuron adds up what the layer before says; its sum z is how sure it is.") : t("Layer {layer}: each neuron adds up what comes in and bends it.", { layer }),
        formula: isLast ? "z = a · w + b" : `a = f(x · w + b),  f(z) = ${ACTIVATIONS[String(config["activation"])] ?? "z"}`,
        numbers: [t("of the first of {count} points: {values}", { count, values: writeList(first) })],
      };
    }
    case "loss": {
      const losses = row(phase, "losses");
      const mean = losses.reduce((sum, value) => sum + value, 0) / Math.max(1, losses.length);
      return {
        sentence: t("How wrong each answer is, as one number; their mean is what training makes small."),
        formula: LOSSES[String(config["loss"])] ?? "L",
        numbers: [writeList(losses), t("mean of the {count} points shown: {mean}", { count: losses.length, mean: formatMeasure(mean, 4) })],
      };
    }
    case "backward": {
      const gradient = row(phase, `gradients.w${layer}`);
      const norm = Math.hypot(...gradient);
      return {
        sentence: t("Layer {layer}: how the loss would change with each weight, from the slopes of the layer after it (the chain rule).", { layer }),
        formula: "∂L/∂w = aᵀ · δ,  δ ← (δ · wᵀ) ∘ f′",
        numbers: [writeList(gradient), t("length {norm}", { norm: formatMeasure(norm, 3) })],
      };
    }
    default: {
      const [before, after] = [row(phase, "before.w1"), row(phase, "after.w1")];
      return {
        sentence: t("Every weight takes a step down its slope."),
        formula: STEPS[String(config["optimizer"])] ?? "",
        numbers: [t("first layer before: {values}", { values: writeList(before) }), t("and after: {values}", { values: writeList(after) })],
      };
    }
  }
}
