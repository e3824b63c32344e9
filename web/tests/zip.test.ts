import { expect, test } from "vitest";

import { makeZip } from "../src/run/zip";

const text = (words: string) => new TextEncoder().encode(words);

test("what is stored is found by its index, with the right sum", () => {
  const zip = makeZip([
    { name: "mine/run.yaml", data: text("lab: gan2d\n") },
    { name: "mine/é.csv", data: text("123456789") },
  ]);
  const view = new DataView(zip.buffer);
  const end = zip.length - 22;
  expect(view.getUint32(end, true)).toBe(0x06054b50);
  expect(view.getUint16(end + 10, true)).toBe(2);
  let place = view.getUint32(end + 16, true);
  const found: Record<string, string> = {};
  for (let i = 0; i < 2; i++) {
    const [sum, size, length] = [view.getUint32(place + 16, true), view.getUint32(place + 24, true), view.getUint16(place + 28, true)];
    const name = new TextDecoder().decode(zip.subarray(place + 46, place + 46 + length));
    const local = view.getUint32(place + 42, true);
    const start = local + 30 + view.getUint16(local + 26, true);
    found[name] = new TextDecoder().decode(zip.subarray(start, start + size));
    if (name.endsWith("csv")) expect(sum).toBe(0xcbf43926); // the check value of CRC-32
    place += 46 + length;
  }
  expect(found).toEqual({ "mine/run.yaml": "lab: gan2d\n", "mine/é.csv": "123456789" });
});
