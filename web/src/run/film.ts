/**
 * An animated WebP of still ones, which browsers can write: the image data of each is taken out of
 * its RIFF file and put into a frame of the film (RFC 9649, sections 2.6 and 2.7).
 */

const HEADER = 12;
const MAX_SIDE = 1 << 14;

/** A picture of the film, as `canvas.toBlob("image/webp")` wrote it, and for how long it is shown. */
export interface Still {
  readonly webp: Uint8Array;
  readonly milliseconds: number;
}

/** Joins stills of one size into a film that runs for ever. */
export function joinStills(stills: readonly Still[], width: number, height: number): Uint8Array<ArrayBuffer> {
  if (width > MAX_SIDE || height > MAX_SIDE) throw new RangeError("the film is too large");
  const frames = stills.map((still) => chunk("ANMF", frameOf(still, width, height)));
  const canvas = new Uint8Array(10);
  canvas[0] = 0x02 | (stills.some((still) => imageChunks(still.webp).some(({ name }) => name === "ALPH" || name === "VP8L")) ? 0x10 : 0);
  write24(canvas, 4, width - 1);
  write24(canvas, 7, height - 1);
  // Transparent background, endless loop.
  const body = concat([text("WEBP"), chunk("VP8X", canvas), chunk("ANIM", new Uint8Array(6)), ...frames]);
  return concat([text("RIFF"), uint32(body.length), body]);
}

function frameOf(still: Still, width: number, height: number): Uint8Array<ArrayBuffer> {
  const head = new Uint8Array(16);
  write24(head, 6, width - 1);
  write24(head, 9, height - 1);
  write24(head, 12, Math.round(still.milliseconds));
  // Each frame replaces the one before.
  head[15] = 0x02;
  const parts = imageChunks(still.webp).map(({ name, data }) => chunk(name, data));
  return concat([head, ...parts]);
}

interface Chunk {
  readonly name: string;
  readonly data: Uint8Array;
}

/** The chunks of a still WebP that hold the image: VP8, VP8L, and its alpha. */
function imageChunks(webp: Uint8Array): Chunk[] {
  const view = new DataView(webp.buffer, webp.byteOffset, webp.byteLength);
  const chunks: Chunk[] = [];
  for (let at = HEADER; at + 8 <= webp.length; ) {
    const name = String.fromCharCode(...webp.subarray(at, at + 4));
    const size = view.getUint32(at + 4, true);
    if (["VP8 ", "VP8L", "ALPH"].includes(name)) chunks.push({ name, data: webp.subarray(at + 8, at + 8 + size) });
    at += 8 + size + (size % 2);
  }
  if (chunks.length === 0) throw new TypeError("this browser writes no WebP pictures");
  return chunks;
}

function chunk(name: string, data: Uint8Array): Uint8Array<ArrayBuffer> {
  return concat([text(name), uint32(data.length), data, new Uint8Array(data.length % 2)]);
}

function text(name: string): Uint8Array {
  return Uint8Array.from(name, (letter) => letter.charCodeAt(0));
}

function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

function write24(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value & 0xff;
  bytes[at + 1] = (value >> 8) & 0xff;
  bytes[at + 2] = (value >> 16) & 0xff;
}

function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
