/** The colours that canvases draw with: the page's CSS variables, read once for each theme. */

export const TOKENS = ["blue", "vermilion", "green", "purple", "ink", "muted", "grid", "paper"] as const;
export type Token = (typeof TOKENS)[number];
/** Red, green, blue, each 0 to 255. */
export type Rgb = readonly [number, number, number];

export interface Theme {
  readonly colors: Readonly<Record<Token, string>>;
  readonly rgb: Readonly<Record<Token, Rgb>>;
  /** Whether the reader's system chooses the colours: then shape alone tells things apart. */
  readonly forced: boolean;
  /** Of numbers on a canvas; a CSS font-family. */
  readonly numbers: string;
  /** Of words on a canvas. */
  readonly words: string;
}

/** What a role is drawn with where the system chooses the colours. */
const SYSTEM: Readonly<Record<Token, string>> = {
  blue: "CanvasText",
  vermilion: "CanvasText",
  green: "CanvasText",
  purple: "CanvasText",
  ink: "CanvasText",
  muted: "CanvasText",
  grid: "GrayText",
  paper: "Canvas",
};
const FORCED = "(forced-colors: active)";
const DARK = "(prefers-color-scheme: dark)";

let current: Theme | undefined;

/** Returns the theme in use; reads the CSS variables where they may have changed. */
export function readTheme(): Theme {
  current ??= computeTheme();
  return current;
}

/** Calls after each change of the theme; returns how to stop. */
export function onThemeChange(listener: () => void): () => void {
  const change = () => {
    current = undefined;
    listener();
  };
  const queries = [DARK, FORCED].map((query) => matchMedia(query));
  for (const query of queries) query.addEventListener("change", change);
  const observer = new MutationObserver(change);
  const attributeFilter = ["data-theme", "class", "style"];
  observer.observe(document.documentElement, { attributes: true, attributeFilter });
  void document.fonts.ready.then(change);
  return () => {
    for (const query of queries) query.removeEventListener("change", change);
    observer.disconnect();
  };
}

/** Mixes a share (0 to 1) of one colour into another. */
export function mixColors(color: Rgb, share: number, into: Rgb): Rgb {
  return [0, 1, 2].map((i) => color[i]! * share + into[i]! * (1 - share)) as unknown as Rgb;
}

export function formatRgb(color: Rgb): string {
  return `rgb(${color.map(Math.round).join(" ")})`;
}

/** Reads a colour as browsers compute it: `rgb(1, 2, 3)`, `rgba(1, 2, 3, 0.5)` or `#010203`. */
export function parseRgb(text: string): Rgb {
  const hex = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(text.trim());
  if (hex) return [1, 2, 3].map((i) => parseInt(hex[i]!, 16)) as unknown as Rgb;
  const numbers = text.match(/[\d.]+/g)?.map(Number) ?? [];
  return [numbers[0] ?? 0, numbers[1] ?? 0, numbers[2] ?? 0];
}

function computeTheme(): Theme {
  const forced = matchMedia(FORCED).matches;
  const probe = document.createElement("span");
  document.body.append(probe);
  const style = getComputedStyle(probe);
  const rgb = {} as Record<Token, Rgb>;
  for (const token of TOKENS) {
    probe.style.color = forced ? SYSTEM[token] : `var(--${token})`;
    rgb[token] = parseRgb(style.color);
  }
  probe.style.fontFamily = "var(--mono, monospace)";
  const numbers = style.fontFamily;
  probe.style.fontFamily = "var(--sans, sans-serif)";
  const words = style.fontFamily;
  probe.remove();
  const colors = Object.fromEntries(TOKENS.map((token) => [token, formatRgb(rgb[token])]));
  return { colors: colors as Record<Token, string>, rgb, forced, numbers, words };
}
