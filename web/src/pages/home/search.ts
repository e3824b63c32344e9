/** Home's search: words that all must occur, in any order, without accents or case. */

/** A text without accents and case. */
export function fold(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

/** Those of some things whose text holds every word of a query; all of them for an empty one. */
export function findMatches<T>(things: readonly T[], query: string, textOf: (thing: T) => string): T[] {
  const words = fold(query).split(/\s+/).filter(Boolean);
  return things.filter((thing) => {
    const text = fold(textOf(thing));
    return words.every((word) => text.includes(word));
  });
}
