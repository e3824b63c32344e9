/** A reader's own points as the engine takes them. */

import type { Points } from "../engines/engine";
import type { Values } from "../engines/session";
import { findClassPoints } from "./class-points";
import { readShipped } from "./shipped";
import { readUploaded } from "./uploaded";
import { findPoints } from "./user-points";

/** The points that the settings of a lab name, row by row; null where they name none. */
export function pointsFor(lab: string, config: Values): Points | null {
  if (lab === "neuron") return findClassPoints(config["csv"]);
  if (lab !== "gan2d") return null;
  const user = findPoints(config);
  if (!user) return null;
  const rows = user.points.length / 2;
  const data = new Float64Array(3 * rows);
  for (let row = 0; row < rows; row++) {
    data.set([user.points[2 * row]!, user.points[2 * row + 1]!, user.jitter], 3 * row);
  }
  return { columns: 3, data };
}

/** The same, once a file that they name is read: one that ships, or that the server keeps. */
export async function loadPointsFor(lab: string, config: Values): Promise<Points | null> {
  if (lab === "gan2d") await readShipped(config);
  await readUploaded(lab, config);
  return pointsFor(lab, config);
}
