/** A reader's own points, which a config names by a name of this page alone, as plain data to take along. */

import type { Values } from "../engines/session";
import { findKeptTable, keepClassTable, MOST_INPUTS, MOST_POINTS } from "./class-points";
import { findKept, keepPoints } from "./user-points";

export interface PortablePoints {
  readonly lab: string;
  /** As the config has it: "own:flowers.csv". */
  readonly name: string;
  /** Numbers of a row. */
  readonly columns: number;
  /** Of the GAN's points: standard deviation of the noise on each draw. */
  readonly jitter: number;
  /** Row by row. */
  readonly values: readonly number[];
}

const PREFIX = "own:";
/** Lab to the kinds of data whose setting of the same name names points. */
const KINDS: Readonly<Record<string, readonly string[]>> = { gan2d: ["csv", "image"], neuron: ["csv"] };
const MOST_ROWS = 1_000_000;

/** The points that a config names and no link can hold; null where it names none. */
export function findPortablePoints(lab: string, config: Values): PortablePoints | null {
  const name = nameOf(lab, config);
  if (!name) return null;
  const points = findKept(name);
  if (lab === "gan2d") return points && { lab, name, columns: 2, jitter: points.jitter, values: Array.from(points.points) };
  const table = findKeptTable(name);
  return table && { lab, name, columns: table.columns, jitter: 0, values: [...table.data] };
}

function nameOf(lab: string, config: Values): string | null {
  const data = String(config["data"]);
  const name = KINDS[lab]?.includes(data) ? config[data] : null;
  return typeof name === "string" && name.startsWith(PREFIX) ? name : null;
}

/** Keeps points so that a config finds them under their name. */
export function keepPortablePoints({ lab, name, columns, jitter, values }: PortablePoints): void {
  if (lab === "gan2d") keepPoints(name, { points: Float64Array.from(values), jitter });
  else keepClassTable(name, { columns, data: Float64Array.from(values) });
}

/** Whether a value of unknown origin is points as this page would have kept them. */
export function isPortablePoints(value: unknown): value is PortablePoints {
  const { lab, name, columns, jitter, values } = (value ?? {}) as Partial<PortablePoints>;
  if (typeof name !== "string" || !name.startsWith(PREFIX) || !Number.isInteger(columns) || !Array.isArray(values)) return false;
  const width = Number(columns);
  const rows = values.length / width;
  if (!Number.isInteger(rows) || !values.every(Number.isFinite) || !(Number(jitter) >= 0)) return false;
  if (lab === "gan2d") return width === 2 && rows <= MOST_ROWS;
  const isLabel = (label: unknown) => label === 0 || label === 1;
  const labels = values.filter((_, i) => i % width === width - 1);
  return lab === "neuron" && width >= 2 && width <= MOST_INPUTS + 1 && rows <= MOST_POINTS && labels.every(isLabel);
}
