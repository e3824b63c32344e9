/** A zip of a few files, stored as they are; the same files give the same bytes. */

export interface ZipEntry {
  /** With "/" between folders. */
  readonly name: string;
  readonly data: Uint8Array;
}

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
/** 1 January 1980: the first that a zip can say. */
const DATE = 0x0021;
/** Names are UTF-8. */
const FLAGS = 0x0800;

export function makeZip(entries: readonly ZipEntry[]): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  const index: Uint8Array[] = [];
  let offset = 0;
  for (const { name, data } of entries) {
    const path = new TextEncoder().encode(name);
    const facts = [20, FLAGS, 0, 0, DATE, crc32(data), data.length, data.length, path.length, 0] as const;
    const local = [record(LOCAL, facts), path, data];
    index.push(record(CENTRAL, [20, ...facts, 0, 0, 0, 0, offset]), path);
    parts.push(...local);
    offset += local.reduce((size, part) => size + part.length, 0);
  }
  const size = index.reduce((sum, part) => sum + part.length, 0);
  const end = record(END, [0, 0, entries.length, entries.length, size, offset, 0]);
  return join([...parts, ...index, end]);
}

/** Widths in bytes of what follows each signature. */
const WIDTHS: Readonly<Record<number, readonly number[]>> = {
  [LOCAL]: [2, 2, 2, 2, 2, 4, 4, 4, 2, 2],
  [CENTRAL]: [2, 2, 2, 2, 2, 2, 4, 4, 4, 2, 2, 2, 2, 2, 4, 4],
  [END]: [2, 2, 2, 2, 4, 4, 2],
};

function record(signature: number, values: readonly number[]): Uint8Array {
  const widths = WIDTHS[signature]!;
  const view = new DataView(new ArrayBuffer(4 + widths.reduce((sum, width) => sum + width, 0)));
  view.setUint32(0, signature, true);
  let place = 4;
  for (const [i, width] of widths.entries()) {
    if (width === 2) view.setUint16(place, values[i]!, true);
    else view.setUint32(place, values[i]!, true);
    place += width;
  }
  return new Uint8Array(view.buffer);
}

function join(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let place = 0;
  for (const part of parts) {
    whole.set(part, place);
    place += part.length;
  }
  return whole;
}

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value >>> 0;
});

function crc32(data: Uint8Array): number {
  let value = 0xffffffff;
  for (const byte of data) value = TABLE[(value ^ byte) & 0xff]! ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}
