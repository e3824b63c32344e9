import { vitePreprocess } from "@sveltejs/vite-plugin-svelte";

export default {
  preprocess: vitePreprocess(),
  compilerOptions: {
    // Without this a component that uses no rune brings Svelte 4's ways along, for all.
    runes: true,
    // It stands in each selector and element of a component; Svelte's own is twice as long.
    cssHash: ({ hash, filename }) => `s${hash(filename).slice(0, 4)}`,
  },
};
