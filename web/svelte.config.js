import { vitePreprocess } from "@sveltejs/vite-plugin-svelte";
import { readdirSync } from "node:fs";
import { relative, resolve, sep } from "node:path";

const ROOT = resolve(import.meta.dirname, "src");
const COMPONENTS = readdirSync(ROOT, { recursive: true }).map((name) => name.split(sep).join("/")).filter((name) => name.endsWith(".svelte")).sort();

/** The place of a component among all, which is short and the same at every build; -1 for one of others. */
function placeOf(filename) {
  return COMPONENTS.indexOf(relative(ROOT, resolve(filename)).split(sep).join("/"));
}

export default {
  preprocess: vitePreprocess(),
  compilerOptions: {
    // Without this a component that uses no rune brings Svelte 4's ways along, for all.
    runes: true,
    // It stands in each selector and element of a component; Svelte's own is three times as long.
    cssHash: ({ hash, filename }) => (placeOf(filename) < 0 ? `svelte-${hash(filename)}` : `s${placeOf(filename).toString(36)}`),
  },
};
