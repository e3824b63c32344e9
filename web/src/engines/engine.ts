/** A training in an instance of engine.wasm. Everything it returns is a copy. */

import { encodeSettings, type Manifest, pathOfSlot, UntakenError } from "./manifest";
import type { MetricColumns, NdArray, Problem, Values } from "./session";
import { flatPlace, HELD, type WeightEdit } from "./weight-edits";

/** The user's own points, row by row, as a setting of the lab asks for them. */
export interface Points {
  readonly columns: number;
  readonly data: Float64Array;
}

export interface EnginePhase {
  readonly number: number;
  readonly count: number;
  readonly name: string;
  readonly arrays: Record<string, NdArray>;
}

/** Parameters as precisely as the engine has them. */
export interface Weights {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

const FIELDS = 7;
const DIGEST_BYTES = 32;
const OUT_OF_MEMORY = "The live engine has not enough memory for these networks.";

type Exports = Readonly<Record<string, (...values: number[]) => number>>;

export class Engine {
  readonly manifest: Manifest;
  readonly #exports: Exports;
  readonly #memory: WebAssembly.Memory;

  constructor(module: WebAssembly.Module, manifest: Manifest) {
    const abort = () => {
      throw new Error(OUT_OF_MEMORY);
    };
    const instance = new WebAssembly.Instance(module, { env: { abort } });
    this.manifest = manifest;
    this.#exports = instance.exports as unknown as Exports;
    this.#memory = instance.exports["memory"] as WebAssembly.Memory;
  }

  /** Begins a training: parameters are drawn, no iteration is done. */
  begin(values: Values, points: Points | null): Problem[] {
    if (points) this.#writePoints(points);
    return this.#take(values, "create");
  }

  /** Takes other values of the settings that may change during a training. */
  change(values: Values): Problem[] {
    return this.#take(values, "change");
  }

  get step(): number {
    return this.#call("step");
  }

  /** What would not be finite in the next iteration ("a loss"); "" if nothing. */
  get failure(): string {
    return this.manifest.failures[this.#call("what")] ?? "";
  }

  /** Does iterations; returns how many: fewer where a number would not be finite. */
  advance(count: number): number {
    return this.#call("advance", count);
  }

  /** The metrics of the iterations since the last call, the newest 4,096. */
  metrics(): MetricColumns {
    const address = this.#call("metrics");
    const rows = this.#call("metrics_count");
    const names = this.manifest.metrics;
    const table = this.#numbers(address, rows * names.length, "metrics");
    const last = this.step;
    const steps = Float64Array.from({ length: rows }, (_, row) => last - rows + 1 + row);
    const columns = names.map((name, column) => [name, pickColumn(table, rows, names.length, column)]);
    return { steps, columns: Object.fromEntries(columns) };
  }

  snapshot(): Record<string, NdArray> {
    this.#call("snapshot");
    return this.#arrays(this.manifest.snapshot, "snapshot");
  }

  /** So many fresh points of each kind, by the names of a snapshot's arrays. */
  samples(count: number): Record<string, NdArray> {
    if (this.#call("samples", count) === 0) throw new Error(OUT_OF_MEMORY);
    return this.#arrays(this.manifest.snapshot, "snapshot");
  }

  /** Does the next phase of an iteration; null where a number would not be finite. */
  phase(): EnginePhase | null {
    const number = this.#call("phase");
    const phase = this.manifest.phases[number];
    if (!phase) return null;
    this.#call("phase_arrays");
    const arrays = this.#arrays(phase.arrays, "phases");
    return { ...this.#placeOfPhase(number), name: phase.name, arrays };
  }

  /** Which of an iteration's phases was done: of some labs their count depends on the settings. */
  #placeOfPhase(number: number): { number: number; count: number } {
    if (!this.#exports[`${this.manifest.lab}_phase_count`]) return { number, count: this.manifest.phases.length };
    const count = this.#call("phase_count");
    return { number: (this.#call("phases_done") - 1 + count) % count, count };
  }

  weights(): Record<string, Weights> {
    this.#call("weights");
    const places = this.#layout(this.manifest.weights);
    const read = ([name, { address, shape }]: [string, Place]) =>
      [name, { shape, data: this.#numbers(address, sizeOf(shape), "weights") }] as const;
    return Object.fromEntries(Object.entries(places).map(read));
  }

  /** Finds what is wrong with edits of parameters; an iteration that is in its phases begins anew. */
  checkEdits(edits: readonly WeightEdit[]): Problem[] {
    if (edits.length === 0) return [];
    this.#call("weights");
    const places = this.#layout(this.manifest.weights);
    return edits.flatMap(({ path, array, place, value }) => {
      const shape = places[array]?.shape;
      if (!shape || flatPlace(shape, place) < 0) return [{ field: path, message: "there is no such weight." }];
      const isAllowed = array.startsWith(HELD) ? value === 0 || value === 1 : Number.isFinite(value);
      return isAllowed ? [] : [{ field: path, message: "this is no value of a weight." }];
    });
  }

  /** Sets parameters, and whether they are held; `checkEdits` finds nothing wrong with them. */
  editWeights(edits: readonly WeightEdit[]): void {
    if (edits.length === 0) return;
    this.#call("weights");
    const places = this.#layout(this.manifest.weights);
    const Numbers = this.#type("weights") === "float64" ? Float64Array : Float32Array;
    for (const { array, place, value } of edits) {
      const { address, shape } = places[array]!;
      new Numbers(this.#memory.buffer, address, sizeOf(shape))[flatPlace(shape, place)] = value;
    }
  }

  /** The parameters that edits are of, as they stand; `checkEdits` finds nothing wrong with them. */
  readEdited(edits: readonly WeightEdit[]): Record<string, number> {
    if (edits.length === 0) return {};
    const weights = this.weights();
    const read = ({ path, array, place }: WeightEdit) => [path, weights[array]!.data[flatPlace(weights[array]!.shape, place)]!] as const;
    return Object.fromEntries(edits.map(read));
  }

  /** The metrics of the state as it stands; null of a lab whose iterations need random draws. */
  evaluate(): Record<string, number> | null {
    if (!this.#exports[`${this.manifest.lab}_evaluate`]) return null;
    const names = this.manifest.metrics;
    const row = this.#numbers(this.#call("evaluate"), names.length, "metrics");
    return Object.fromEntries(names.map((name, column) => [name, row[column]!]));
  }

  /** The state after the last whole iteration: the same bytes on every machine. */
  checkpoint(): Uint8Array<ArrayBuffer> {
    const address = this.#call("checkpoint");
    return new Uint8Array(this.#memory.buffer, address, this.#call("checkpoint_size")).slice();
  }

  /** Goes back to a state that `checkpoint` gave; returns whether it is one of this training. */
  restore(state: Uint8Array): boolean {
    const address = this.#call("checkpoint");
    if (state.length !== this.#call("checkpoint_size")) return false;
    new Uint8Array(this.#memory.buffer, address, state.length).set(state);
    return this.#call("restore", state.length) === 0;
  }

  /** SHA-256 of the state, hexadecimal. */
  digest(): string {
    const bytes = new Uint8Array(this.#memory.buffer, this.#call("digest"), DIGEST_BYTES);
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  #call(name: string, ...values: number[]): number {
    const call = this.#exports[`${this.manifest.lab}_${name}`];
    if (!call) throw new Error(`the live engine has no ${this.manifest.lab}_${name}`);
    return call(...values);
  }

  #take(values: Values, how: "create" | "change"): Problem[] {
    try {
      this.#write(this.#call("settings"), encodeSettings(this.manifest, values), "float64");
    } catch (error) {
      if (error instanceof UntakenError) return [untaken(error.path)];
      throw error;
    }
    const wrong = this.#call(how);
    if (wrong < 0) throw new Error(OUT_OF_MEMORY);
    return wrong > 0 ? [untaken(pathOfSlot(this.manifest, wrong - 1))] : [];
  }

  #writePoints({ columns, data }: Points): void {
    const address = this.#call("points", data.length / columns, columns);
    if (address === 0) throw new Error(OUT_OF_MEMORY);
    this.#write(address, data, this.#type("points"));
  }

  /** "arrays" stands for snapshots, phases and weights alike where they have no type of their own. */
  #type(part: string): string {
    return this.manifest.numbers[part] ?? this.manifest.numbers["arrays"] ?? "float32";
  }

  #write(address: number, data: Float64Array, type: string): void {
    const Place = type === "float64" ? Float64Array : Float32Array;
    new Place(this.#memory.buffer, address, data.length).set(data);
  }

  #numbers(address: number, length: number, part: string): Float64Array {
    const Place = this.#type(part) === "float64" ? Float64Array : Float32Array;
    return Float64Array.from(new Place(this.#memory.buffer, address, length));
  }

  #arrays(names: readonly { readonly name: string }[], part: string): Record<string, NdArray> {
    const Place = this.#type(part) === "float64" ? Float64Array : Float32Array;
    const read = ([name, { address, shape }]: [string, Place]) => {
      const data = new Place(this.#memory.buffer, address, sizeOf(shape));
      return [name, { shape, data: new Float32Array(data) }] as const;
    };
    return Object.fromEntries(Object.entries(this.#layout(names)).map(read));
  }

  /** Where the arrays lie that the engine gave last. */
  #layout(names: readonly { readonly name: string }[]): Record<string, Place> {
    const address = this.#call("layout");
    const [count = 0] = new Int32Array(this.#memory.buffer, address, 1);
    const table = new Int32Array(this.#memory.buffer, address + 4, count * FIELDS);
    const places: Record<string, Place> = {};
    for (let row = 0; row < count; row++) {
      const [name = 0, layer = -1, at = 0, dimensions = 0, ...sizes] = table.subarray(row * FIELDS, (row + 1) * FIELDS);
      const pattern = names[name]?.name ?? "";
      places[pattern.replace("{layer}", String(layer))] = { address: at, shape: sizes.slice(0, dimensions) };
    }
    return places;
  }
}

interface Place {
  readonly address: number;
  readonly shape: readonly number[];
}

function untaken(path: string): Problem {
  return { field: path, message: "the live engine does not take this value." };
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, each) => size * each, 1);
}

function pickColumn(table: Float64Array, rows: number, width: number, column: number): Float64Array {
  return Float64Array.from({ length: rows }, (_, row) => table[row * width + column] ?? NaN);
}
