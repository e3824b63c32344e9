/** A text view: bytes of UTF-8 as numbers. */

import type { NdArray } from "../engines/session";

/** The text of an array [n], or the lines of an array [lines, n]; it ends at the first zero. */
export function decodeText({ shape, data }: NdArray): string {
  const length = shape.length > 1 ? (shape.at(-1) ?? 0) : data.length;
  const lines: string[] = [];
  for (let start = 0; start < data.length; start += length || data.length) lines.push(decodeLine(data.subarray(start, start + length)));
  return lines.join("\n");
}

function decodeLine(line: Float32Array): string {
  const end = line.indexOf(0);
  return new TextDecoder().decode(Uint8Array.from(end < 0 ? line : line.subarray(0, end)));
}
