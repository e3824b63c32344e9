/** Points of files that the server keeps: who opens a link of this server has them too. */

import type { Values } from "../engines/session";
import { isClassTableKept, keepClassTable, pickClassPoints } from "./class-points";
import { readPicture } from "./picture";
import { pickUserPoints, readTableFile } from "./table";
import { fetchUpload } from "./upload";
import { isKept, keepPoints } from "./user-points";

/** Reads the uploaded file that a config names, so that its points can be found. */
export async function readUploaded(lab: string, config: Values): Promise<void> {
  const data = String(config["data"]);
  const name = String(config[data] ?? "");
  if (isKept(name) || isClassTableKept(name)) return;
  const file = data === "csv" || data === "image" ? await fetchUpload(name) : null;
  if (!file) return;
  if (data === "image") keepPoints(name, await readPicture(file));
  else if (lab === "gan2d") keepPoints(name, pickUserPoints(await readTableFile(file)));
  else keepClassTable(name, await readClassFile(file));
}

/** As Python reads it: the last column is the class. */
async function readClassFile(file: Blob) {
  const table = await readTableFile(file);
  const label = table.header.length - 1;
  return pickClassPoints(table, { inputs: table.header.map((_, i) => i).filter((i) => i !== label), label });
}
