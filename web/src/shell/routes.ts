import { mark } from "../i18n";

/** A page: what its address looks like, and what shows it. */
export interface Route {
  readonly pattern: string;
  /** A message: the word in the header, where it has one. */
  readonly word?: string;
  /** The page that leads to it, where its address does not say so: the header marks that one. */
  readonly parent?: string;
  readonly page: PageName;
}

/** The components of `src/pages`, as `src/pages/index.ts` has them. */
export type PageName = "home" | "neuron" | "gan2d" | "lab" | "runs" | "run" | "trash" | "compare";

/** Parts of the address: `/runs/:id` gives `id`. */
export type Params = Readonly<Record<string, string>>;

export const ROUTES: readonly Route[] = [
  { pattern: "/", page: "home" },
  { pattern: "/neuron", word: mark("Neuron"), page: "neuron" },
  { pattern: "/gan2d", word: mark("Adversaries"), page: "gan2d" },
  { pattern: "/lab/stylegan3", word: mark("Portraits"), page: "lab" },
  { pattern: "/lab/language", word: mark("Words"), page: "lab" },
  { pattern: "/lab/:name", page: "lab" },
  { pattern: "/runs", word: mark("Runs"), page: "runs" },
  { pattern: "/runs/:id", page: "run" },
  { pattern: "/trash", parent: "/runs", page: "trash" },
  { pattern: "/compare", parent: "/runs", page: "compare" },
];

/** The first route that a path matches, with the parts of its address; null if none does. */
export function matchRoute(path: string): { route: Route; params: Params } | null {
  for (const route of ROUTES) {
    const params = matchPattern(route.pattern, path);
    if (params) return { route, params };
  }
  return null;
}

function matchPattern(pattern: string, path: string): Params | null {
  const wanted = pattern.split("/").filter(Boolean);
  const given = path.split("/").filter(Boolean);
  if (wanted.length !== given.length) return null;
  const params: Record<string, string> = {};
  for (const [i, part] of wanted.entries()) {
    const text = given[i] ?? "";
    if (part.startsWith(":")) params[part.slice(1)] = decode(text);
    else if (part !== text) return null;
  }
  // A page of any lab finds its name in its address, however the route is written.
  if (pattern.startsWith("/lab/")) params["name"] ??= wanted[1] ?? "";
  return params;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
