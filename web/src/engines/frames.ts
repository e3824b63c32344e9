/**
 * Messages of the websocket; the format stands in src/epoque/studio/frames.py, and both sides' tests
 * read the same golden bytes.
 */

import type { NdArray } from "./session";

export const MAGIC = 0x4550;
export const VERSION = 1;
export const HEADER_BYTES = 16;

export const Kind = { json: 1, layout: 2, frame: 3, ack: 4 } as const;
export type Kind = (typeof Kind)[keyof typeof Kind];

export interface ArraySpec {
  readonly name: string;
  /** null is the dimension that a frame's length tells. */
  readonly shape: readonly (number | null)[];
}

/** What the frames of a number hold, and what else the server says of them. */
export interface Layout {
  readonly layout: number;
  readonly arrays: readonly ArraySpec[];
  readonly [about: string]: unknown;
}

export interface Message {
  readonly kind: Kind;
  readonly layout: number;
  readonly step: number;
  readonly milliseconds: number;
  readonly body: Uint8Array;
}

/** A message that this page does not know: of a newer server, or of something else. */
export class FrameError extends Error {}

export function readMessage(data: ArrayBuffer): Message {
  if (data.byteLength < HEADER_BYTES) throw new FrameError("cut short");
  const view = new DataView(data);
  if (view.getUint16(0, true) !== MAGIC) throw new FrameError("not a message of the studio");
  if (view.getUint8(2) !== VERSION) throw new FrameError("another version");
  const kind = view.getUint8(3);
  if (kind < Kind.json || kind > Kind.ack) throw new FrameError("another kind");
  return {
    kind: kind as Kind,
    layout: view.getUint32(4, true),
    step: view.getUint32(8, true),
    milliseconds: view.getUint32(12, true),
    body: new Uint8Array(data, HEADER_BYTES),
  };
}

export function readJson(message: Message): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(message.body));
  } catch {
    throw new FrameError("no JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new FrameError("no object");
  }
  return value as Record<string, unknown>;
}

export function readLayout(message: Message): Layout {
  const value = readJson(message);
  if (value.layout !== message.layout || !Array.isArray(value.arrays)) {
    throw new FrameError("no layout");
  }
  return value as unknown as Layout;
}

/** The arrays of a frame by name: views of its bytes, nothing is copied. */
export function unpackArrays(layout: Layout, message: Message): Record<string, NdArray> {
  const { body } = message;
  if (body.byteLength % 4 !== 0) throw new FrameError("no multiple of 4");
  const total = body.byteLength / 4;
  const arrays: Record<string, NdArray> = {};
  let start = 0;
  for (const spec of layout.arrays) {
    const known = spec.shape.reduce<number>((size, n) => (n === null ? size : size * n), 1);
    const isOpen = spec.shape.includes(null);
    const rest = total - start;
    if (isOpen && (known === 0 || rest % known !== 0)) throw new FrameError(`${spec.name} is cut`);
    const shape = spec.shape.map((n) => n ?? rest / known);
    const count = isOpen ? rest : known;
    if (count > rest) throw new FrameError(`${spec.name} is cut`);
    arrays[spec.name] = { shape, data: floats(body, start, count) };
    start += count;
  }
  if (start !== total) throw new FrameError("longer than its layout");
  return arrays;
}

const IS_LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

function floats(body: Uint8Array, start: number, count: number): Float32Array {
  const offset = body.byteOffset + 4 * start;
  if (IS_LITTLE_ENDIAN) return new Float32Array(body.buffer as ArrayBuffer, offset, count);
  const view = new DataView(body.buffer, offset, 4 * count);
  return Float32Array.from({ length: count }, (_, i) => view.getFloat32(4 * i, true));
}

function pack(kind: Kind, layout: number, step: number, body: Uint8Array): ArrayBuffer {
  const data = new ArrayBuffer(HEADER_BYTES + body.byteLength);
  const view = new DataView(data);
  view.setUint16(0, MAGIC, true);
  view.setUint8(2, VERSION);
  view.setUint8(3, kind);
  view.setUint32(4, layout, true);
  view.setUint32(8, step, true);
  new Uint8Array(data, HEADER_BYTES).set(body);
  return data;
}

export function packJson(value: Record<string, unknown>): ArrayBuffer {
  return pack(Kind.json, 0, 0, new TextEncoder().encode(JSON.stringify(value)));
}

export function packAck(layout: number, step: number): ArrayBuffer {
  return pack(Kind.ack, layout, step, new Uint8Array(0));
}
