/**
 * Tables of numbers that a reader drops or pastes, as spreadsheets write them: cells apart by commas,
 * semicolons, tabs, bars or spaces, decimal points or commas, UTF-8, UTF-16 or Windows' Latin letters.
 */

import { t } from "../i18n";
import { DataError } from "./problem";
import { FARTHEST, type KeptPoints } from "./user-points";

export interface Table {
  /** The columns' names; "1", "2", … where the table has none. */
  readonly header: readonly string[];
  /** Each as long as the table; NaN where a cell is no finite number. */
  readonly columns: readonly Float64Array[];
  /** Of each column the texts that are no number, up to a hundred kinds: classes. */
  readonly texts: readonly (readonly string[])[];
  readonly rows: number;
  /** A cell as it stands in the table; both numbers from 0. */
  cell(row: number, column: number): string;
}

export const MAX_BYTES = 20 * 2 ** 20;
const MAX_COLUMNS = 1000;
const MAX_ROWS = 1_000_000;
const SEPARATORS = ["\t", ";", "|", ",", " "] as const;
/** Lines that are looked at to find what parts the cells. */
const SAMPLE = 200;

/** Reads a file; throws a `DataError` that names the line where something is wrong. */
export async function readTableFile(file: Blob, most = MAX_ROWS): Promise<Table> {
  if (file.size > MAX_BYTES) throw new DataError(t("The file has over {most} MB.", { most: MAX_BYTES / 2 ** 20 }));
  return readTable(decodeText(new Uint8Array(await file.arrayBuffer())), most);
}

/** What the first bytes of PNG, JPEG, GIF and of WebP's frame are, whatever the file is called. */
const PICTURES = [[0x89, 0x50, 0x4e, 0x47], [0xff, 0xd8, 0xff], [0x47, 0x49, 0x46, 0x38], [0x52, 0x49, 0x46, 0x46]];
/** Of zip (a workbook too), old workbooks, PDF, gzip, 7z, Zstandard, xz. */
const CONTAINERS = [
  ...[[0x50, 0x4b, 3, 4], [0xd0, 0xcf, 0x11, 0xe0], [0x25, 0x50, 0x44, 0x46], [0x1f, 0x8b]],
  ...[[0x37, 0x7a, 0xbc, 0xaf], [0x28, 0xb5, 0x2f, 0xfd], [0xfd, 0x37, 0x7a, 0x58]],
];
/** Signs that no text has; the last of a text of old may be 0x1a. */
const NO_TEXT = /[\0-\x08\x0e-\x19\x1c-\x1f]/;

/** Bytes as text: by their mark, else UTF-8, else Windows' Latin letters. */
export function decodeText(bytes: Uint8Array): string {
  const starts = (...mark: number[]) => mark.every((byte, i) => bytes[i] === byte);
  if (PICTURES.some((mark) => starts(...mark))) throw new DataError(t("This is a picture, no table of text."));
  if (CONTAINERS.some((mark) => starts(...mark))) {
    throw new DataError(t("This is a workbook, an archive or a PDF, no table of text: save it as CSV."));
  }
  if (starts(0xff, 0xfe)) return new TextDecoder("utf-16le").decode(bytes);
  if (starts(0xfe, 0xff)) return new TextDecoder("utf-16be").decode(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}

/**
 * Reads a table from its text.
 *
 * @param most rows that are of use: of more the cells are not looked at, which takes seconds.
 */
export function readTable(text: string, most = MAX_ROWS): Table {
  if (NO_TEXT.test(text)) throw new DataError(t("The file is no text."));
  const lines = splitLines(text);
  if (!lines.length) throw new DataError(t("The table is empty."));
  // The first line may be the header.
  if (lines.length > most + 1) throw new DataError(t("The table has {count} rows; at most {most} are taken.", { count: lines.length - 1, most }));
  const separator = findSeparator(lines);
  const rows = lines.map(({ line, number }) => ({ number, cells: splitCells(line, separator) }));
  const isDecimalComma = separator !== "," && usesDecimalCommas(rows.map(({ cells }) => cells));
  const read = (cell: string) => readNumber(cell, isDecimalComma);
  const first = rows[0]!;
  const hasHeader = first.cells.some((cell) => cell !== "" && Number.isNaN(read(cell)));
  const body = hasHeader ? rows.slice(1) : rows;
  checkShape(first.cells.length, body);
  const header = first.cells.map((cell, i) => (hasHeader && cell ? cell.slice(0, 40) : String(i + 1)));
  const columns = header.map((_, i) => Float64Array.from(body, ({ cells }) => read(cells[i]!)));
  const texts = header.map((_, i) => listTexts(body, i, columns[i]!));
  return { header, columns, texts, rows: body.length, cell: (row, column) => body[row]?.cells[column] ?? "" };
}

interface Row {
  readonly number: number;
  readonly cells: readonly string[];
}

/**
 * Returns two columns as points [n, 2].
 *
 * @param chosen the columns' numbers; without them the first two that hold numbers alone.
 */
export function pickPoints(table: Table, chosen?: readonly [number, number]): number[] {
  const numeric = table.columns.flatMap((column, i) => (column.every(Number.isFinite) ? [i] : []));
  const [x, y] = chosen ?? numeric;
  if (x === undefined || y === undefined) throw new DataError(whyTooFew(table, numeric.length));
  const [xs, ys] = [table.columns[x]!, table.columns[y]!];
  const wrong = xs.findIndex((value, i) => !Number.isFinite(value) || !Number.isFinite(ys[i]!));
  if (wrong >= 0) throw new DataError(t("Row {row} of these columns holds no number.", { row: wrong + 1 }));
  return Array.from(xs).flatMap((value, i) => [value, ys[i]!]);
}

/**
 * Returns points as `pickPoints` does, with the noise on each draw where the table tells it: a run's own
 * copy of its points has the columns x, y and jitter.
 */
export function pickUserPoints(table: Table): KeptPoints {
  const points = Float64Array.from(pickPoints(table));
  if (table.header.join() !== "x,y,jitter") return { points, jitter: 0 };
  const jitters = table.columns[2]!;
  const jitter = jitters[0]!;
  if (!(jitter >= 0 && jitter <= FARTHEST && jitters.every((value) => value === jitter))) {
    throw new DataError(t("The jitter has to be one number from 0, the same in each row."));
  }
  return { points, jitter };
}

function whyTooFew(table: Table, count: number): string {
  if (table.header.length === 1) return t("The table has one column; points need two, x and y.");
  const column = table.columns.findIndex((values) => !values.every(Number.isFinite));
  const row = column < 0 ? -1 : table.columns[column]!.findIndex((value) => !Number.isFinite(value));
  return t("Points need two columns of numbers; this table has {count}. Column “{name}” holds no number in row {row}.", {
    ...{ count, name: table.header[column] ?? "", row: row + 1 },
  });
}

function splitLines(text: string): { line: string; number: number }[] {
  const lines = text.replace(/^\ufeff/, "").split(/\r\n|\r|\n/);
  const numbered = lines.map((line, i) => ({ line, number: i + 1 })).filter(({ line }) => /[^\t;|,\s"]/.test(line));
  if (/^"?sep=.?"?$/i.test(numbered[0]?.line.trim() ?? "")) numbered.shift();
  if (numbered.length > MAX_ROWS + 1) throw new DataError(t("The table has over {most} rows.", { most: MAX_ROWS }));
  return numbered;
}

/** What gives most lines as many cells as the first; the first of equals. */
function findSeparator(lines: readonly { line: string }[]): string {
  const sample = lines.slice(0, SAMPLE);
  let [best, most] = ["\t", 0];
  for (const separator of SEPARATORS) {
    const widths = sample.map(({ line }) => splitCells(line, separator).length);
    const agreed = widths[0]! > 1 ? widths.filter((width) => width === widths[0]).length : 0;
    if (agreed > most) [best, most] = [separator, agreed];
  }
  return best;
}

/** Cells of a line without the spaces around them; quotes hold separators. */
export function splitCells(line: string, separator: string): string[] {
  const text = separator === " " ? line.trim().replace(/ +/g, " ") : line;
  const cells: string[] = [];
  let [cell, quoted] = ["", false];
  for (let i = 0; i < text.length; i++) {
    const sign = text[i]!;
    if (quoted && sign === '"' && text[i + 1] === '"') cell += text[++i]!;
    else if (sign === '"' && (quoted || !cell.trim())) quoted = !quoted;
    else if (sign === separator && !quoted) {
      cells.push(cell.trim());
      cell = "";
    } else cell += sign;
  }
  return [...cells, cell.trim()];
}

const POINT = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const COMMA = /^[+-]?(\d+,\d*|,\d+)(e[+-]?\d+)?$/i;

/** Commas are decimal where some cell has one and none needs its point. */
function usesDecimalCommas(rows: readonly (readonly string[])[]): boolean {
  const cells = rows.flat();
  return cells.some((cell) => COMMA.test(cell)) && !cells.some((cell) => POINT.test(cell) && cell.includes("."));
}

function readNumber(cell: string, isDecimalComma: boolean): number {
  const plain = (isDecimalComma ? cell.replace(",", ".") : cell).replace(/^[−–]/, "-");
  return POINT.test(plain) ? Number(plain) : NaN;
}

function checkShape(width: number, body: readonly Row[]): void {
  if (width > MAX_COLUMNS) throw new DataError(t("The table has over {most} columns.", { most: MAX_COLUMNS }));
  if (body.length < 2) throw new DataError(t("The table has fewer than two rows of numbers."));
  const wrong = body.find(({ cells }) => cells.length !== width);
  if (!wrong) return;
  const values = { line: wrong.number, found: wrong.cells.length, width };
  throw new DataError(t("Line {line} has {found} cells, the first has {width}.", values));
}

function listTexts(body: readonly Row[], column: number, numbers: Float64Array): string[] {
  const kinds = new Set<string>();
  body.forEach(({ cells }, row) => {
    if (kinds.size < 100 && Number.isNaN(numbers[row]!)) kinds.add(cells[column]!);
  });
  return [...kinds];
}
