/** The line of filters, `ring lab=gan2d seed<3`, and the part of it that an address keeps. */

export const OPERATORS = ["=", "!=", "<", "<=", ">", ">=", "~"] as const;
export const MOST_CHOSEN = 12;

/** What the page of runs shows, as its address says. */
export interface TableChoice {
  readonly where: string;
  readonly sort: string;
  readonly descending: boolean;
  /** Columns besides id, state, time and length; null for the usual ones. */
  readonly columns: readonly string[] | null;
}

export const USUAL: TableChoice = { where: "", sort: "created", descending: true, columns: null };

/** Adds a condition to a line of filters; a value with spaces or quotes is quoted as a shell does. */
export function addFilter(line: string, column: string, operator: string, value: string): string {
  const condition = `${column}${operator}${value.trim()}`;
  const word = /^[^\s"'\\]+$/.test(condition) ? condition : `'${condition.replaceAll("'", `'"'"'`)}'`;
  return [line.trim(), word].filter(Boolean).join(" ");
}

export function readChoice(query: string): TableChoice {
  const told = new URLSearchParams(query);
  const columns = told.get("columns");
  return {
    where: (told.get("where") ?? "").slice(0, 2000),
    sort: (told.get("sort") ?? USUAL.sort).slice(0, 200),
    descending: told.get("order") !== "up",
    columns: columns === null ? null : columns.split(",").filter(Boolean).slice(0, 40),
  };
}

export function writeChoice(choice: TableChoice): string {
  const told = new URLSearchParams();
  if (choice.where) told.set("where", choice.where);
  if (choice.sort !== USUAL.sort) told.set("sort", choice.sort);
  if (!choice.descending) told.set("order", "up");
  if (choice.columns) told.set("columns", choice.columns.join());
  return told.toString();
}

/** The runs that a comparison names: at most twelve, each once. */
export function readChosen(query: string): readonly string[] {
  const told = new URLSearchParams(query).getAll("run");
  return [...new Set(told)].slice(0, MOST_CHOSEN);
}

export function writeChosen(ids: Iterable<string>): string {
  return new URLSearchParams([...ids].map((id) => ["run", id])).toString();
}
