/**
 * A reader's own points of two classes. In a config they are named: a few drawn ones are a text that
 * holds them all ("points:1.2_-3_1~…", so that a link brings them along), a table is a name under which
 * its rows are kept here.
 */

import type { Points } from "../engines/engine";
import { t } from "../i18n";
import { DataError } from "./problem";
import type { Table } from "./table";
import { missingPoints } from "./user-points";

export interface ClassPoint {
  readonly x: number;
  readonly y: number;
  readonly kind: 0 | 1;
}

const PREFIX = "points:";
export const MOST_POINTS = 10_000;
export const MOST_INPUTS = 32;

/** Drawn points as the text that a config names them by. */
export function writeClassPoints(points: readonly ClassPoint[]): string {
  return PREFIX + points.map(({ x, y, kind }) => `${round(x)}_${round(y)}_${kind}`).join("~");
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** The points of such a text; null if it is none. */
export function readClassPoints(text: unknown): ClassPoint[] | null {
  if (typeof text !== "string" || !text.startsWith(PREFIX)) return null;
  const parts = text.slice(PREFIX.length).split("~").filter(Boolean).slice(0, MOST_POINTS);
  return parts.flatMap((part) => {
    const [x = NaN, y = NaN, kind] = part.split("_").map(Number);
    return Number.isFinite(x) && Number.isFinite(y) && (kind === 0 || kind === 1) ? [{ x, y, kind }] : [];
  });
}

const kept = new Map<string, Points>();

/** Keeps the rows of a table under a name, as a config's `csv` has it. */
export function keepClassTable(name: string, points: Points): void {
  kept.set(name, points);
}

export function isClassTableKept(name: string): boolean {
  return kept.has(name);
}

/** The rows that are kept under a name. */
export function findKeptTable(name: string): Points | null {
  return kept.get(name) ?? null;
}

/** The rows that a config of the neuron lab names: inputs, then the class; throws a `DataError`. */
export function findClassPoints(csv: unknown): Points {
  const drawn = readClassPoints(csv);
  if (!drawn) {
    const points = kept.get(String(csv));
    if (!points) throw missingPoints(csv);
    return points;
  }
  if (new Set(drawn.map(({ kind }) => kind)).size < 2) throw new DataError(t("Points of both classes are needed."));
  return { columns: 3, data: Float64Array.from(drawn.flatMap(({ x, y, kind }) => [x, y, kind])) };
}

/** Which columns of a table are learned from, and which one is the class. */
export interface Choice {
  readonly inputs: readonly number[];
  readonly label: number;
}

/**
 * The columns that a table suggests: the class is the last one, unless only another has two words, or
 * 0 and 1; numbers are inputs, but those that are the same in every row.
 */
export function suggestColumns(table: Table): Choice {
  const last = table.columns.length - 1;
  const isClass = (i: number) => {
    const kinds = kindsOf(table, i);
    return kinds.length === 2 && (i === last || kinds.join() === "0,1" || kinds.every((kind) => Number.isNaN(Number(kind))));
  };
  const label = table.columns.map((_, i) => i).filter(isClass).at(-1) ?? last;
  const isInput = (i: number) => i !== label && whyNoInput(table, i) === null && whyIdleInput(table, i) === null;
  const inputs = table.columns.map((_, i) => i).filter(isInput);
  return { inputs: inputs.slice(0, MOST_INPUTS), label };
}

/** The kinds of values in a column, at most a hundred, as texts; the lesser first. */
export function kindsOf(table: Table, column: number): string[] {
  const texts = table.texts[column] ?? [];
  const numbers = new Set<number>();
  for (const value of table.columns[column] ?? []) {
    if (Number.isFinite(value) && numbers.size < 100) numbers.add(value);
  }
  return [...[...numbers].sort((a, b) => a - b).map(String), ...[...texts].sort()];
}

/** Why a column cannot be an input, in the language in use; null where it can. */
export function whyNoInput(table: Table, column: number): string | null {
  const row = table.columns[column]!.findIndex((value) => !Number.isFinite(value));
  if (row < 0) return null;
  const text = table.cell(row, column);
  if (text === "") return t("Row {row} is empty.", { row: row + 1 });
  return t("Row {row} holds “{text}”, which is no number.", { row: row + 1, text: shorten(text) });
}

/** What is odd about a column that is an input all the same; null where nothing is. */
export function whyIdleInput(table: Table, column: number): string | null {
  const values = table.columns[column]!;
  return values.every((value) => value === values[0]) ? t("It is the same in every row: nothing is learned from it.") : null;
}

/** Why a column cannot be the class, in the language in use; null where it can. */
export function whyNoClass(table: Table, column: number): string | null {
  const kinds = kindsOf(table, column);
  const name = table.header[column] ?? "";
  const row = table.columns[column]!.findIndex((value, at) => Number.isNaN(value) && table.cell(at, column) === "");
  if (row >= 0) return t("Column “{name}” has no class in row {row}.", { name, row: row + 1 });
  if (kinds.length === 2) return null;
  if (kinds.length < 2) return t("Column “{name}” has one class only; both must occur.", { name });
  return t("Column “{name}” has more than two kinds of values; a class has two.", { name });
}

/** Why nothing can be learned from these columns, in the language in use; null where it can. */
export function whyNotLearned(table: Table, { inputs, label }: Choice): string | null {
  if (table.header.length < 2) return t("The table has one column; it needs inputs and a class.");
  if (table.rows > MOST_POINTS) return t("The table has {count} rows; at most {most} are taken.", { count: table.rows, most: MOST_POINTS });
  const noClass = whyNoClass(table, label);
  if (noClass) return noClass;
  const canBeChosen = table.columns.some((_, column) => column !== label && whyNoInput(table, column) === null);
  if (!canBeChosen) return t("No column of numbers is left to learn from.");
  if (inputs.length < 1) return t("No input is chosen: at least one is needed.");
  if (inputs.length > MOST_INPUTS) return t("{count} inputs are chosen; at most {most} are taken.", { count: inputs.length, most: MOST_INPUTS });
  return null;
}

function shorten(text: string): string {
  return text.length > 20 ? `${text.slice(0, 20)}…` : text;
}

/** The rows as the engine takes them; throws a `DataError` with one sentence. */
export function pickClassPoints(table: Table, choice: Choice): Points {
  const why = whyNotLearned(table, choice);
  if (why) throw new DataError(why);
  const { inputs, label } = choice;
  const kinds = kindsOf(table, label);
  const labels = table.columns[label]!;
  const labelOf = (row: number) => (Number.isNaN(labels[row]!) ? table.cell(row, label) : String(labels[row]));
  const width = inputs.length + 1;
  const data = new Float64Array(table.rows * width);
  for (let row = 0; row < table.rows; row++) {
    inputs.forEach((column, i) => {
      const value = table.columns[column]![row]!;
      if (!Number.isFinite(value)) throw new DataError(t("Row {row} of column “{name}” holds no number.", { row: row + 1, name: table.header[column] ?? "" }));
      data[row * width + i] = value;
    });
    data[row * width + width - 1] = labelOf(row) === kinds[0] ? 0 : 1;
  }
  return { columns: width, data };
}
