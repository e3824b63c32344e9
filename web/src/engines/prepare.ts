/**
 * The compiled engine and a worker to run it. This and what it imports are the first script of a page:
 * both are on their way while the page itself, a hundred times as long, is still being read.
 */

import engineUrl from "../../../src/epoque/bench/live_engine/engine.wasm?url";

/** The labs that the live engine computes: the page has them without a server. */
export const BROWSER_LABS = ["neuron", "gan2d"] as const;

/** A module with one 128-bit instruction: valid only where the browser has them. */
const SIMD_MODULE = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11);

let isValid: boolean | null = null;

/** Whether this browser can run the engine. */
export function hasSimd(): boolean {
  isValid ??= typeof WebAssembly === "object" && WebAssembly.validate(SIMD_MODULE);
  return isValid;
}

let compiled: Promise<WebAssembly.Module> | null = null;

/** The compiled engine; it is loaded once. */
export function loadEngine(): Promise<WebAssembly.Module> {
  compiled ??= compile().catch((error: unknown) => {
    compiled = null;
    throw error;
  });
  return compiled;
}

async function compile(): Promise<WebAssembly.Module> {
  const response = await fetch(engineUrl);
  if (!response.ok) throw new Error(`the live engine could not be loaded (${response.status})`);
  // Not while it streams: some plain web servers do not know the type of .wasm files.
  return WebAssembly.compile(await response.arrayBuffer());
}

let spare: Worker | null = null;

/** A worker of the engine: the one that was started before it was needed, or a new one. */
export function takeWorker(): Worker {
  const worker = spare ?? startWorker();
  spare = null;
  return worker;
}

function startWorker(): Worker {
  return new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
}

/** Whether an address, by its fragment, is the page of a lab that this browser computes. */
export function isLivePage(fragment: string): boolean {
  const [path] = fragment.replace(/^#/, "").split("?");
  return BROWSER_LABS.some((lab) => path === `/${lab}`);
}

/** Has the engine and a worker on their way before anything asks; whoever uses them says what did not come. */
export function prepareEngine(): void {
  if (!hasSimd()) return;
  loadEngine().catch(() => undefined);
  spare ??= startWorker();
}
