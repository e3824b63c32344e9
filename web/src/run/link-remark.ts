/** What is to be known of a link before it is copied. */

import { ownFileOf } from "../data/own-names";
import type { Values } from "../engines/session";
import { findUnmet, type Schema } from "../form/schema";
import { nameOfFile } from "../form/upload-names";
import { t } from "../i18n";
import { MAX_LINK } from "../link/link";

/** The length from which it is worth a word. */
const LONG_LINK = 2000;

/** What a link does not bring along, or how long it is, in the language in use; empty where neither is worth a word. */
export function remarkOnLink(schema: Schema, config: Values, length: number): string {
  const files = schema.settings.filter(({ kind, path }) => kind === "file" && findUnmet(schema, path, config) === null);
  const values = files.flatMap(({ path }) => config[path]).map(String);
  const own = values.find((value) => ownFileOf(value) !== null);
  if (own) return t("The link does not bring the points of “{name}”: whoever opens it drops the same file on the page.", { name: nameOfFile(own) });
  if (values.some((value) => value.startsWith("upload:"))) return t("The link names a file that this server keeps: it opens here alone.");
  if (length > MAX_LINK) return t("The link brings what you drew, and has {length} characters, more than mail and chat pass on: it is saved as a file.", { length });
  return length > LONG_LINK ? t("The link brings what you drew: it has {length} characters.", { length }) : "";
}
