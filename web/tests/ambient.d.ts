// Vitest runs in Node; the page's own types know nothing of it.
declare module "node:fs" {
  export function readFileSync(path: URL): Uint8Array<ArrayBuffer>;
}
