/** A file of the reader's for a setting: the server keeps it, and the setting names it. */

import { sendFile } from "../../data/upload";
import type { Setting, Values } from "../../form/schema";
import { noteUpload } from "../../form/upload-names";

/** Sends a file; resolves with what the setting takes for it, rejects with one sentence. */
export async function upload(setting: Setting, file: File): Promise<unknown> {
  const id = await sendFile(file.name, file);
  noteUpload(id, file.name);
  return Array.isArray(setting.default) ? [`upload:${id}`] : `upload:${id}`;
}

/** The choice that a file needs to have an effect, where one choice is all it needs. */
export function choicesFor(setting: Setting): Values {
  const pairs = setting.only.filter((condition) => !condition.not && condition.values.length === 1);
  return Object.fromEntries(pairs.map((condition) => [condition.path, condition.values[0]]));
}
