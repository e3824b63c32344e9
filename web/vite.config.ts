import { svelte } from "@sveltejs/vite-plugin-svelte";
import { readFileSync } from "node:fs";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

const FONTS = ["source-serif-4", "atkinson-hyperlegible-next", "atkinson-hyperlegible-mono"];

/** Puts the license of each font beside it, as the Open Font License asks. */
function fontLicenses(): Plugin {
  return {
    name: "font-licenses",
    generateBundle() {
      for (const font of FONTS) {
        const license = new URL(`./node_modules/@fontsource-variable/${font}/LICENSE`, import.meta.url);
        this.emitFile({ type: "asset", fileName: `assets/${font}-OFL.txt`, source: readFileSync(license) });
      }
    },
  };
}

/** Settings, recipes and the engine's description: among code both compress worse. */
const DATA = { name: "data", test: /src\/generated\/(engine|labs|labs\.en)\.json/ };

/** Leaves out what Vite puts around each `import()`: the files that a page asks for later bring no others along. */
function plainImports(): Plugin {
  return {
    name: "plain-imports",
    enforce: "pre",
    load: (id) => (id === "\0vite/preload-helper.js" ? "export const __vitePreload = (load) => load();" : null),
  };
}

/**
 * Leaves out what Svelte does to take over a server's markup: no page of ours comes with any. Its components
 * call for that at every element.
 */
function noHydration(): Plugin {
  return {
    name: "no-hydration",
    enforce: "pre",
    transform: {
      filter: { id: /svelte\/src\/internal\/client\/dom\/hydration\.js$/ },
      handler: (code) =>
        code
          .replace("export let hydrating = false", "export const hydrating = false")
          .replace("hydrating = value;", ""),
    },
  };
}

/** The fonts that every page has at its top: with them its lines are broken once, not twice. */
const FIRST_FONTS = /(source-serif-4|atkinson-hyperlegible-next)-latin-.*\.woff2$/;

/** Has on their way, together with the first script, what it asks for when it runs, and the fonts. */
function preloads(): Plugin {
  return {
    name: "preloads",
    transformIndexHtml: {
      order: "post",
      handler(_html, { bundle = {}, chunk }) {
        const parts = Object.values(bundle);
        const app = parts.find((part) => part.type === "chunk" && part.name === "app");
        const own = app?.type === "chunk" ? [app.fileName, ...app.imports] : [];
        const scripts = new Set([...(chunk?.imports ?? []), ...own]);
        const fonts = parts.map((part) => part.fileName).filter((name) => FIRST_FONTS.test(name));
        const link = (attrs: Record<string, string | boolean>) => ({ tag: "link", attrs: { ...attrs, crossorigin: true }, injectTo: "head" as const });
        return [
          ...[...scripts].map((name) => link({ rel: "modulepreload", href: `./${name}` })),
          ...fonts.map((name) => link({ rel: "preload", as: "font", type: "font/woff2", href: `./${name}` })),
        ];
      },
    },
  };
}

// The page is served from any folder (a static site on a USB stick): its addresses are relative.
export default defineConfig({
  base: "./",
  plugins: [noHydration(), svelte(), fontLicenses(), plainImports(), preloads()],
  build: {
    outDir: "../src/epoque/studio/client",
    emptyOutDir: true,
    target: "es2023",
    // The policy allows no inline script or style, and no data: address but for images.
    assetsInlineLimit: 0,
    // What a page imports on its way stands in one file each: there is nothing to preload with it.
    modulePreload: false,
    // All styles together compress to two thirds, and no page waits for its own.
    cssCodeSplit: false,
    rolldownOptions: { output: { codeSplitting: { groups: [DATA] } } },
  },
  // A name of its own for each key would be as long as the key.
  json: { namedExports: false, stringify: true },
  worker: { format: "es" },
  test: { include: ["tests/**/*.test.ts"] },
});
