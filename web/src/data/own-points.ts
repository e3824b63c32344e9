/** A reader's own points, which a config names by a name of this page alone, for Python and for others. */

import { keepClassTable } from "./class-points";
import { pointsFor } from "./engine-points";
import { sendFile } from "./upload";
import { keepPoints } from "./user-points";
import type { Points } from "../engines/engine";
import type { Values } from "../engines/session";
import { nameOfFile, noteUpload, tableOf } from "../form/upload-names";

interface OwnPoints {
  /** What the config calls them. */
  readonly name: string;
  readonly points: Points;
}

/** The points that only this page knows; null where the config names none. */
function findOwnPoints(lab: string, config: Values): OwnPoints | null {
  const data = String(config["data"]);
  const name = config[data];
  const isFile = (data === "csv" || data === "image") && typeof name === "string";
  if (!isFile || /^(upload|epoque):/.test(name)) return null;
  const points = pointsFor(lab, config);
  return points && { name, points };
}

/** The points as CSV that Python reads to the same numbers; null where the config names none. */
export function ownPointsCsv(lab: string, config: Values): string | null {
  const own = findOwnPoints(lab, config);
  return own && writeCsv(lab, own);
}

/** The last column is the class; of the GAN's points it is the noise on each draw, where there is any. */
function writeCsv(lab: string, { name, points: { columns, data } }: OwnPoints): string {
  const width = lab === "gan2d" && data[2] === 0 ? 2 : columns;
  const names = lab === "gan2d" ? ["x", "y", "jitter"] : nameColumns(name, columns - 1);
  const lines = [names.slice(0, width).join()];
  for (let start = 0; start < data.length; start += columns) {
    lines.push([...data.subarray(start, start + width)].join());
  }
  return `${lines.join("\n")}\n`;
}

/** As the reader's table has them, where any reader takes them for names. */
function nameColumns(name: string, inputs: number): string[] {
  const table = tableOf(name);
  const own = table ? [...table.inputs, table.label] : [];
  if (own.length && own.every(isPlainName)) return own;
  return [...Array.from({ length: inputs }, (_, i) => `x${i + 1}`), "class"];
}

/** Whether any reader takes a text for a column's name, whatever it parts cells by. */
function isPlainName(text: string): boolean {
  return /^[^\s",;|]+$/.test(text) && !Number.isFinite(Number(text));
}

/** The settings with the points in a table at another place, as they are: a picture's as well, and scaled already. */
export function withPointsAt(lab: string, values: Values, place: string): Values {
  const asTheyAre = lab === "gan2d" ? { image: null, fit: false } : {};
  return { ...values, ...asTheyAre, data: "csv", csv: place };
}

/** The settings with the points on the server, which sees nothing of this page; as they are where they name none. */
export async function sendOwnPoints(lab: string, config: Values, values: Values = config): Promise<Values> {
  const own = findOwnPoints(lab, config);
  if (!own) return values;
  const id = await sendFile("data.csv", writeCsv(lab, own));
  const place = `upload:${id}`;
  noteUpload(id, nameOfFile(own.name));
  if (lab === "gan2d") keepPoints(place, toKept(own.points));
  else keepClassTable(place, own.points);
  return withPointsAt(lab, values, place);
}

function toKept({ data }: Points): { points: Float64Array; jitter: number } {
  return { points: data.filter((_, i) => i % 3 < 2), jitter: data[2] ?? 0 };
}
