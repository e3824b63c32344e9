import type { Measures } from "./measures";

/** Asks a worker for measures, one at a time. */
export class Measurer {
  private worker: Worker | undefined;
  private waiting = new Map<number, (measures: Measures) => void>();
  private count = 0;

  measure(real: Float32Array, fake: Float32Array, data: string): Promise<Measures> {
    this.worker ??= this.open();
    const id = ++this.count;
    return new Promise((resolve) => {
      this.waiting.set(id, resolve);
      this.worker?.postMessage({ id, real, fake, data });
    });
  }

  close(): void {
    this.worker?.terminate();
    this.worker = undefined;
    this.waiting.clear();
  }

  private open(): Worker {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    worker.onmessage = ({ data }: MessageEvent<{ id: number; measures: Measures }>) => {
      this.waiting.get(data.id)?.(data.measures);
      this.waiting.delete(data.id);
    };
    return worker;
  }
}
