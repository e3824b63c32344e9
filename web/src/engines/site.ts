/** What serves this page: `epoque studio`, or any web server that has its files. */

export interface Site {
  /** Whether there is an `epoque studio` behind the page. */
  readonly server: boolean;
  /** Recipes that a static site was made for; null for all. */
  readonly recipes?: readonly string[] | null;
  /** Runs that it brings as recordings. */
  readonly runs?: readonly string[];
  /** Languages in which a site without a server answers. */
  readonly languages?: readonly string[];
  /** Languages in which the lab book lies beside the page. */
  readonly book?: readonly string[];
}

/** Whether there are runs to show: a server's, or those that a static site was made with. */
export function hasRuns(site: Site): boolean {
  return site.server || (site.runs?.length ?? 0) > 0;
}

let loaded: Promise<Site> | null = null;
let known: Site = { server: true };

/** What `site.json` beside the page says. */
export function loadSite(): Promise<Site> {
  loaded ??= fetch("./site.json", { cache: "no-cache" })
    .then((response) => (response.ok ? (response.json() as Promise<Site>) : { server: false }))
    .catch(() => ({ server: false }))
    .then((site) => (known = site));
  return loaded;
}

/**
 * The address of what is answered in a language, once it is known what serves the page: a site without
 * a server has a folder for each of its languages.
 */
export function addressIn(tongue: string, path: string, query = ""): string {
  if (known.server) return `./api/${path}?lang=${tongue}${query && `&${query}`}`;
  const { languages = [] } = known;
  return `./api/${languages.includes(tongue) ? tongue : (languages[0] ?? tongue)}/${path}`;
}
