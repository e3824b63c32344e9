import type { Series } from "./series";

/** Curves as CSV: a row for each x that any of them has, empty where a curve has no value there. */
export function toCsv(series: readonly Pick<Series, "name" | "x" | "y">[], xName: string): string {
  const rows = new Map<number, (number | undefined)[]>();
  series.forEach(({ x, y }, column) => {
    for (let i = 0; i < x.length; i++) {
      let row = rows.get(x[i]!);
      if (!row) rows.set(x[i]!, (row = []));
      row[column] = y[i]!;
    }
  });
  const lines = [...rows].sort(([a], [b]) => a - b).map(([x, row]) => {
    const values = series.map((_, column) => row[column]);
    return [x, ...values.map((value) => (value === undefined || Number.isNaN(value) ? "" : value))].join(",");
  });
  return [[xName, ...series.map(({ name }) => quote(name))].join(","), ...lines].join("\n") + "\n";
}

function quote(name: string): string {
  return /[",\n]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name;
}
