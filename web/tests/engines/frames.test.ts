import fc from "fast-check";
import { expect, test } from "vitest";
import {
  FrameError,
  Kind,
  type Layout,
  packAck,
  packJson,
  readJson,
  readLayout,
  readMessage,
  unpackArrays,
} from "../../src/engines/frames";

/** The same bytes as in tests/studio/test_frames.py, which looks for them here. */
const GOLDEN = [
  /* header, points, scale, metrics */
  "5045010307000000b0040000590100000000003f000080bf000000400000803e00004040000080bf0000403f0000c07f000000000000003f0000803f",
  "504501010000000000000000000000007b22646f223a227061757365227d",
] as const;

const LAYOUT: Layout = {
  layout: 7,
  arrays: [
    { name: "points", shape: [2, 2] },
    { name: "scale", shape: [] },
    { name: "metrics", shape: [null, 3] },
  ],
};

function bytes(hex: string): ArrayBuffer {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16)).buffer;
}

function hex(data: ArrayBuffer): string {
  return Array.from(new Uint8Array(data), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

test("the golden frame is read", () => {
  const message = readMessage(bytes(GOLDEN[0]));
  expect([message.kind, message.layout, message.step, message.milliseconds]).toEqual([
    Kind.frame, 7, 1200, 345,
  ]);
  const { points, scale, metrics } = unpackArrays(LAYOUT, message);
  expect(points).toEqual({ shape: [2, 2], data: new Float32Array([0.5, -1, 2, 0.25]) });
  expect(scale).toEqual({ shape: [], data: new Float32Array([3]) });
  expect(metrics).toEqual({ shape: [2, 3], data: new Float32Array([-1, 0.75, NaN, 0, 0.5, 1]) });
});

test("a command has the golden bytes", () => {
  expect(hex(packJson({ do: "pause" }))).toBe(GOLDEN[1]);
  expect(readJson(readMessage(bytes(GOLDEN[1])))).toEqual({ do: "pause" });
  const ack = readMessage(packAck(7, 1200));
  expect([ack.kind, ack.layout, ack.step]).toEqual([Kind.ack, 7, 1200]);
});

test("another version, kind or length is refused", () => {
  const wrong = [
    "", GOLDEN[0].slice(0, 30), `5145${GOLDEN[0].slice(4)}`, `504502${GOLDEN[0].slice(6)}`,
    `50450109${GOLDEN[0].slice(8)}`,
  ];
  for (const text of wrong) expect(() => readMessage(bytes(text)), text).toThrow(FrameError);
  for (const text of [`${GOLDEN[0]}00000000`, `${GOLDEN[0]}00`, GOLDEN[0].slice(0, 56)]) {
    expect(() => unpackArrays(LAYOUT, readMessage(bytes(text))), text).toThrow(FrameError);
  }
  expect(() => readLayout(readMessage(packJson({ layout: 3 })))).toThrow(FrameError);
});

test("any bytes are a message or refused, and nothing else happens", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (data) => {
      try {
        const message = readMessage(data.slice().buffer);
        unpackArrays(LAYOUT, message);
        readJson(message);
      } catch (error) {
        if (!(error instanceof FrameError)) throw error;
      }
    }),
  );
});
