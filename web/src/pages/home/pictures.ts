/** What home's pictures train. */

import { loadEngine } from "../../engines/prepare";
import { findUncovered } from "../../engines/manifests";
import type { Values } from "../../engines/session";
import { language, t } from "../../i18n";
import { loadLab, type Recipe } from "../../labs";
import { needsPoints } from "../../engines/open";
import { facePoints, type Tiny, TinyGan, TinyLetters, TinyNeuron } from "./tiny";

async function recipeConfig(lab: string, name: string): Promise<Values> {
  const recipe = (await loadLab(lab)).recipes.find((each) => each.name === name);
  if (!recipe) throw new Error(name);
  return recipe.config;
}

/** The picture of a lab's card. */
export const CARDS: Readonly<Record<string, () => Promise<Tiny>>> = {
  async neuron() {
    const config = { ...(await recipeConfig("neuron", "neuron/circle-mlp")), samples: 240, noise: 0.05, train_share: 0.9 };
    return new TinyNeuron(await loadEngine(), { config, pace: 4, until: 900 });
  },
  async gan2d() {
    const config = { ...(await recipeConfig("gan2d", "gan2d/ganlab-ring")), seed: 7 };
    return new TinyGan(await loadEngine(), { config, pace: 15, until: 4500 });
  },
  async stylegan3() {
    const config = { ...(await recipeConfig("gan2d", "gan2d/drawing")), seed: 3, batch_size: 96, "generator.layers": [24, 24, 24], "discriminator.layers": [24, 24, 24] };
    return new TinyGan(await loadEngine(), { config, points: facePoints(), pace: 8, until: 3000 });
  },
  async language() {
    return new TinyLetters(t("the generator has never seen a real point. it only hears, from the discriminator, which way each of its own should have moved, and so it learns to draw what it never saw."));
  },
};

/** The picture of a recipe: its own training after a while; null where the engine does not compute it. */
export function pictureOf(recipe: Recipe): (() => Promise<Tiny>) | null {
  const { lab, config } = recipe;
  void language();
  if (findUncovered(lab, { ...config, ...WITHOUT_PENALTIES[lab] }) || needsPoints(lab, config)) return null;
  const small = { ...config, ...WITHOUT_PENALTIES[lab] };
  if (lab === "gan2d") return async () => new TinyGan(await loadEngine(), { config: small, pace: 25, until: Infinity });
  const isPlane = config["data"] !== "truth_table" || String(config["truth_table"]).length === 4;
  if (lab === "neuron" && isPlane) {
    return async () => new TinyNeuron(await loadEngine(), { config: small, pace: 25, until: Infinity });
  }
  return null;
}

/** A picture of a centimetre does without what the engine does not compute. */
const WITHOUT_PENALTIES: Readonly<Record<string, Values>> = {
  gan2d: { r1: 0, r2: 0, gradient_penalty: 0, unrolled_steps: 0 },
};
