/**
 * Where the reader was last, so that home can lead back there: it stays in this browser. And how each
 * page was last shown, so that the header's links lead back to that: it stays in this tab.
 */

const STORAGE = "epoque.last";
const QUERIES = "epoque.queries";

export interface LastPlace {
  readonly path: string;
  readonly query: string;
  readonly title: string;
}

export function rememberPlace(place: LastPlace): void {
  try {
    localStorage.setItem(STORAGE, JSON.stringify(place));
  } catch {
    // A browser that stores nothing has no "continue".
  }
}

export function recallPlace(): LastPlace | null {
  try {
    const place = JSON.parse(localStorage.getItem(STORAGE) ?? "null") as Partial<LastPlace> | null;
    const isWhole = typeof place?.path === "string" && typeof place.query === "string" && typeof place.title === "string";
    return isWhole && place.path?.startsWith("/") ? (place as LastPlace) : null;
  } catch {
    return null;
  }
}

export type Queries = Readonly<Record<string, string>>;

/** Keeps path to query of the pages that were shown in this tab. */
export function rememberQueries(queries: Queries): void {
  try {
    sessionStorage.setItem(QUERIES, JSON.stringify(queries));
  } catch {
    // Without a store, or where it is full, the page itself still has them.
  }
}

export function recallQueries(): Queries {
  try {
    const queries = JSON.parse(sessionStorage.getItem(QUERIES) ?? "{}") as Readonly<Record<string, unknown>>;
    return Object.fromEntries(Object.entries(queries).filter((pair): pair is [string, string] => typeof pair[1] === "string"));
  } catch {
    return {};
  }
}
