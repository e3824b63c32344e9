/**
 * An experiment as a file, where it is more than a link holds: its address, and the reader's own
 * points, which an address names only.
 */

import { findPortablePoints, isPortablePoints, keepPortablePoints } from "../data/portable-points";
import type { Values } from "../engines/session";
import { t } from "../i18n";
import type { Place } from "../shell/router.svelte";
import { matchRoute } from "../shell/routes";
import { ENDING } from "./ending";

/** Longer ones are not read. */
const MOST_BYTES = 64 * 2 ** 20;

/** Whether an experiment needs a file: a link would lack the reader's own points. */
export function needsFile(lab: string, config: Values): boolean {
  return findPortablePoints(lab, config) !== null;
}

/** The content of the file; `config` is that of the training. */
export function writeExperimentFile({ path, query }: Place, lab: string, config: Values): string {
  return JSON.stringify({ epoque: "experiment", path, query, points: findPortablePoints(lab, config) });
}

/** Keeps the points of a file and returns where its experiment opens; rejects with one sentence. */
export async function readExperimentFile(file: File): Promise<Place> {
  const { epoque, path, query, points } = file.size <= MOST_BYTES ? parse(await file.text()) : {};
  const isPlace = epoque === "experiment" && typeof path === "string" && typeof query === "string" && matchRoute(path) !== null;
  if (!isPlace || (points !== null && !isPortablePoints(points))) {
    throw new Error(t("“{name}” is no experiment that this page saved; such a file ends in {ending}.", { name: file.name, ending: ENDING }));
  }
  if (points) keepPortablePoints(points);
  return { path, query };
}

/** The JSON of a text; nothing where it is none. */
function parse(text: string): Readonly<Record<string, unknown>> {
  try {
    return (JSON.parse(text) as Readonly<Record<string, unknown>> | null) ?? {};
  } catch {
    return {};
  }
}
