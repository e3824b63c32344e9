/** The names of the files that this page sent: a setting holds their ids, a reader knows their names. */

import { ownFileOf } from "../data/own-names";
import { plural, t } from "../i18n";

const names = new Map<string, string>();

/** A table of which some columns are learned from. */
export interface TableName {
  readonly file: string;
  readonly inputs: readonly string[];
  readonly label: string;
}

const tables = new Map<string, TableName>();

/** Notes what the columns are called that a setting's value stands for. */
export function noteTable(value: string, table: TableName): void {
  tables.set(value, table);
}

/** The table that a setting's value stands for; null if it is none of this page's. */
export function tableOf(value: unknown): TableName | null {
  return tables.get(String(value)) ?? null;
}

/** Notes what a file is called that the server keeps under an id. */
export function noteUpload(id: string, name: string): void {
  names.set(id, name);
}

/** A value of a file setting as a reader knows it: "words.txt", "sun.csv". */
export function nameOfFile(value: string): string {
  // Points that were drawn are a text of their own.
  if (value.startsWith("points:")) return plural("{count} drawn point", "{count} drawn points", value.split("~").length);
  const table = tables.get(value);
  if (table) return t("{file}: {inputs}; class: {label}", { file: table.file, inputs: table.inputs.join(", "), label: table.label });
  const own = ownFileOf(value);
  if (own !== null) return own;
  const parts = value.split(", ").map((part) => {
    const id = /^upload:(.*)$/.exec(part)?.[1];
    return id === undefined ? part.replace(/^epoque:/, "") : (names.get(id) ?? t("uploaded file {id}", { id: id.slice(0, 8) }));
  });
  return parts.join(", ");
}
