/**
 * How a config names a reader's own file, whose points are kept in this page alone: "own:cats.csv~1a2b3c4d".
 * What follows "~" tells its points from those of another file of that name.
 */

const OWN = /^own:(.*)~[0-9a-f]{8}$/s;

/** A name for a file's points. */
export function nameOwnData(file: string, points: ArrayLike<number>): string {
  const bytes = new Uint8Array(Float64Array.from(points).buffer);
  // FNV-1a (Fowler, Noll, Vo): it tells files apart, and proves nothing.
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return `own:${file}~${hash.toString(16).padStart(8, "0")}`;
}

/** The file's own name in such a name; null where it is none. */
export function ownFileOf(value: unknown): string | null {
  return typeof value === "string" ? (OWN.exec(value)?.[1] ?? null) : null;
}
