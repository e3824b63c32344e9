/** Where a training is computed: in this browser where the live engine can, else on the server. */

import { loadPointsFor } from "../data/engine-points";
import { sendOwnPoints } from "../data/own-points";
import { language, mark, t } from "../i18n";
import type { Points } from "./engine";
import { openLocal } from "./local";
import { findUncovered, manifestOf } from "./manifests";
import { hasSimd } from "./prepare";
import { openRemote } from "./remote";
import type { Engines, Values } from "./session";
import { loadSite } from "./site";

/** What `findUncovered` says of a lab that the engine does not know; the worker marks no texts. */
mark("The live engine does not compute this lab.");

/**
 * Why the browser does not compute these settings, in the language in use; null if it does.
 */
export function whyNotHere(lab: string, config: Values): string | null {
  const uncovered = findUncovered(lab, config);
  if (uncovered) return t(uncovered);
  return hasSimd() ? null : withoutSimd();
}

function withoutSimd(): string {
  return t("This browser cannot run the live engine: it needs WebAssembly SIMD, which Chrome and Edge 91, Firefox 89, Safari 16.4 and later have.");
}

/** Whether the settings ask for the user's own points. */
export function needsPoints(lab: string, config: Values): boolean {
  return manifestOf(lab)?.points?.data.includes(String(config["data"])) ?? false;
}

/** The engines of this page: its own, and the server's. */
export const engines: Engines = {
  whyNotHere,
  placeOf: (lab, config) => (whyNotHere(lab, config) === null ? "browser" : "server"),
  async open(lab, config) {
    const why = whyNotHere(lab, config);
    if (why === null) return openLocal(lab, config, findOwnPoints);
    const site = await loadSite();
    if (!site.server) throw new Error(t("{why} A server would compute it; this page has none.", { why }));
    return openRemote(lab, config, language(), undefined, (values) => sendOwnPoints(lab, values));
  },
};

/** The points that a drawing, a table or a picture of the reader's stands for. */
async function findOwnPoints(lab: string, config: Values): Promise<Points | null> {
  return needsPoints(lab, config) ? loadPointsFor(lab, config) : null;
}
