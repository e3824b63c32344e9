/** The weights of a model as files: JSON, and safetensors with float64 arrays. */

import type { Weights } from "../../engines/engine";
import { DataError } from "../../data/problem";
import { t } from "../../i18n";

export type WeightArrays = Readonly<Record<string, Weights>>;

const HELD = "held.";

/** Of the arrays of the engine those that are weights and biases. */
export function listWeights(arrays: WeightArrays): WeightArrays {
  return Object.fromEntries(Object.entries(arrays).filter(([name]) => !name.startsWith(HELD)));
}

/** `{"w1": [[…], …], "b1": […], …}`: each number reads back to the same float64. */
export function writeJson(arrays: WeightArrays): string {
  const entries = Object.entries(listWeights(arrays)).map(([name, { shape, data }]) => {
    const width = shape[1];
    const rows = width ? Array.from({ length: shape[0] ?? 0 }, (_, i) => [...data.slice(i * width, (i + 1) * width)]) : [...data];
    return `  ${JSON.stringify(name)}: ${JSON.stringify(rows)}`;
  });
  return `{\n${entries.join(",\n")}\n}\n`;
}

/** A safetensors file: the length of its header, the header, the numbers. */
export function writeSafetensors(arrays: WeightArrays): Uint8Array<ArrayBuffer> {
  const header: Record<string, unknown> = { __metadata__: { lab: "neuron" } };
  let offset = 0;
  for (const [name, { shape, data }] of Object.entries(listWeights(arrays))) {
    header[name] = { dtype: "F64", shape, data_offsets: [offset, offset + data.byteLength] };
    offset += data.byteLength;
  }
  const text = JSON.stringify(header);
  const bytes = new TextEncoder().encode(text.padEnd(Math.ceil(text.length / 8) * 8));
  const file = new Uint8Array(8 + bytes.length + offset);
  new DataView(file.buffer).setBigUint64(0, BigInt(bytes.length), true);
  file.set(bytes, 8);
  let at = 8 + bytes.length;
  for (const { data } of Object.values(listWeights(arrays))) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return file;
}

const MOST_BYTES = 64 * 2 ** 20;

/** Reads either file; throws a `DataError` with one sentence. */
export async function readWeightsFile(file: Blob): Promise<WeightArrays> {
  if (file.size > MOST_BYTES) throw new DataError(t("The file of weights has over {most} MB.", { most: MOST_BYTES / 2 ** 20 }));
  const bytes = new Uint8Array(await file.arrayBuffer());
  const isJson = /^\s*\{/.test(new TextDecoder().decode(bytes.slice(0, 64))) && bytes[8] !== 0x7b;
  return isJson ? readJson(new TextDecoder().decode(bytes)) : readSafetensors(bytes);
}

export function readJson(text: string): WeightArrays {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new DataError(t("The file is no JSON and no safetensors."));
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) throw noWeights();
  return Object.fromEntries(Object.entries(parsed).map(([name, value]) => [name, readArray(name, value)]));
}

function readArray(name: string, value: unknown): Weights {
  if (!Array.isArray(value)) throw notNumbers(name);
  const rows: unknown[][] = Array.isArray(value[0]) ? (value as unknown[][]) : [value];
  const width = rows[0]!.length;
  if (!rows.every((row) => Array.isArray(row) && row.length === width && row.every(Number.isFinite))) throw notNumbers(name);
  const shape = Array.isArray(value[0]) ? [rows.length, width] : [width];
  return { shape, data: Float64Array.from(rows.flat() as number[]) };
}

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

export function readSafetensors(bytes: Uint8Array): WeightArrays {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = bytes.length >= 8 ? Number(view.getBigUint64(0, true)) : -1;
  if (length < 2 || length > bytes.length - 8) throw new DataError(t("The file is no JSON and no safetensors."));
  let header: Record<string, Entry>;
  try {
    header = JSON.parse(new TextDecoder().decode(bytes.slice(8, 8 + length))) as Record<string, Entry>;
  } catch {
    throw new DataError(t("The file is no JSON and no safetensors."));
  }
  const arrays = Object.entries(header).filter(([name]) => name !== "__metadata__");
  return Object.fromEntries(arrays.map(([name, entry]) => [name, readTensor(name, entry, bytes.slice(8 + length))]));
}

function readTensor(name: string, entry: Entry, body: Uint8Array): Weights {
  const width = { F64: 8, F32: 4 }[entry?.dtype];
  const [begin = -1, end = -1] = entry?.data_offsets ?? [];
  const count = (entry?.shape ?? []).reduce((size, each) => size * each, 1);
  if (!width || end - begin !== count * width || begin < 0 || end > body.length) throw notNumbers(name);
  const bytes = body.slice(begin, end).buffer;
  const data = Float64Array.from(width === 8 ? new Float64Array(bytes) : new Float32Array(bytes));
  if (!data.every(Number.isFinite)) throw notNumbers(name);
  return { shape: entry.shape, data };
}

function noWeights(): DataError {
  return new DataError(t("The file holds no weights by name, such as w1 and b1."));
}

function notNumbers(name: string): DataError {
  return new DataError(t("The array {name} of the file holds no finite numbers of one shape.", { name }));
}

/** What a file lacks for a model, or has too much; null if it fits. */
export function findMisfit(file: WeightArrays, model: WeightArrays): string | null {
  const wanted = listWeights(model);
  for (const [name, { shape }] of Object.entries(wanted)) {
    const found = file[name];
    if (!found) return t("The file has no array {name}, which this model needs.", { name });
    if (String(found.shape) !== String(shape)) {
      return t("The array {name} of the file is {found}; this model needs {shape}.", { name, found: found.shape.join(" × "), shape: shape.join(" × ") });
    }
  }
  return null;
}
