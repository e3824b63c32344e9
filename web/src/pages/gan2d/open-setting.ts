/** From a part of the overview to its settings. */

import type { Part } from "./phases";

const SETTINGS: Readonly<Record<Part, string>> = {
  noise: "noise",
  generator: "generator.layers",
  fake: "generator.output",
  real: "data",
  discriminator: "discriminator.layers",
  losses: "loss",
  gradients: "discriminator.optimizer.learning_rate",
};

/** Shows the first setting of a part in the form and gives it the focus. */
export function openSetting(part: Part): void {
  const sheet = document.querySelector<HTMLButtonElement>("aside > .handle[aria-expanded=false]");
  if (sheet && sheet.offsetParent) sheet.click();
  requestAnimationFrame(() => {
    const field = document.querySelector<HTMLElement>(`[data-path="${SETTINGS[part]}"]`);
    field?.closest("details")?.setAttribute("open", "");
    field?.scrollIntoView({ block: "center" });
    field?.querySelector<HTMLElement>("input, select, [role=slider], [role=radio], button:not([aria-expanded])")?.focus();
  });
}
