/** A reader's words for metrics and results, as the lab declares them (`epoque.bench.result_labels`). */

export type Labels = Readonly<Record<string, string>>;

/** Stands for a number in a name and in its words. */
const NUMBER = "{n}";

/** The words for a metric or a result, or for a value within one (`outputs.01`); null for none. */
export function findLabel(labels: Labels, name: string): string | null {
  if (Object.hasOwn(labels, name)) return labels[name]!;
  const number = /\d+/.exec(name);
  if (number) {
    const pattern = name.slice(0, number.index) + NUMBER + name.slice(number.index + number[0].length);
    if (Object.hasOwn(labels, pattern)) return labels[pattern]!.replace(NUMBER, number[0]);
  }
  const dot = name.indexOf(".");
  const first = dot > 0 ? findLabel(labels, name.slice(0, dot)) : null;
  return first === null ? null : `${first}, ${name.slice(dot + 1)}`;
}

/** The words for a metric or a result; its name, where the lab declares none. */
export function labelOf(labels: Labels, name: string): string {
  return findLabel(labels, name) ?? name;
}
