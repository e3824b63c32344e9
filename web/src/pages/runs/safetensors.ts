/** Arrays out of a safetensors file, as numbers that a canvas draws. */

import type { NdArray } from "../../engines/session";

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

/** Reads of an element at a byte, and how many bytes it takes. */
const READERS: Readonly<Record<string, readonly [number, (view: DataView, at: number) => number]>> = {
  F64: [8, (view, at) => view.getFloat64(at, true)],
  F32: [4, (view, at) => view.getFloat32(at, true)],
  I64: [8, (view, at) => Number(view.getBigInt64(at, true))],
  I32: [4, (view, at) => view.getInt32(at, true)],
  I16: [2, (view, at) => view.getInt16(at, true)],
  I8: [1, (view, at) => view.getInt8(at)],
  U8: [1, (view, at) => view.getUint8(at)],
  U32: [4, (view, at) => view.getUint32(at, true)],
  BOOL: [1, (view, at) => view.getUint8(at)],
};

/** The arrays of a file; those of a kind that is not known are left out. Throws where it is none. */
export function parseSafetensors(file: ArrayBuffer): Readonly<Record<string, NdArray>> {
  const view = new DataView(file);
  const length = Number(view.getBigUint64(0, true));
  if (length > file.byteLength - 8) throw new RangeError("no safetensors");
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(file, 8, length))) as Record<string, Entry>;
  const arrays: Record<string, NdArray> = {};
  for (const [name, entry] of Object.entries(header)) {
    const reader = READERS[entry.dtype];
    if (name !== "__metadata__" && reader) arrays[name] = readArray(view, 8 + length, entry, reader);
  }
  return arrays;
}

function readArray(view: DataView, start: number, entry: Entry, [size, read]: (typeof READERS)[string]): NdArray {
  const count = entry.shape.reduce((product, side) => product * side, 1);
  const [from, to] = entry.data_offsets;
  if (to - from !== count * size) throw new RangeError("no safetensors");
  const data = new Float32Array(count);
  for (let i = 0; i < count; i++) data[i] = read(view, start + from + i * size);
  return { shape: entry.shape, data };
}
