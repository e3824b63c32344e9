/** The files that ship beside the recipes: the page has them without a server. */

import catUrl from "../../../src/epoque/gan2d/recipes/cat.png?url";
import sunUrl from "../../../src/epoque/gan2d/recipes/sun.csv?url";
import { t } from "../i18n";
import { readPicture } from "./picture";
import { DataError } from "./problem";
import { pickUserPoints, readTableFile } from "./table";
import { keepPoints, isKept } from "./user-points";

const FILES: Readonly<Record<string, string>> = { "epoque:cat.png": catUrl, "epoque:sun.csv": sunUrl };

/** Reads the shipped file that a gan2d config names, so that its points can be found. */
export async function readShipped(config: Readonly<Record<string, unknown>>): Promise<void> {
  const data = String(config["data"]);
  const name = String(config[data] ?? "");
  const address = (data === "image" || data === "csv") && FILES[name];
  if (!address || isKept(name)) return;
  const response = await fetch(address);
  if (!response.ok) throw new DataError(t("{name} could not be loaded.", { name }));
  const file = await response.blob();
  if (data === "image") keepPoints(name, await readPicture(file));
  else keepPoints(name, pickUserPoints(await readTableFile(file)));
}
