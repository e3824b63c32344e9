// How a pass is shuffled into minibatches: `jax.random.permutation` of the pass's key, so that the
// seed and the iteration alone decide it.

import { allocate } from "../memory";
import { Key, drawBits, foldIn, purposeKey, splitKey } from "../threefry";
import { crc32 } from "../pcg64";

/** The order of the points of a pass, i32. */
export let order: usize = 0;
let otherOrder: usize = 0;
let keys: usize = 0;
let otherKeys: usize = 0;
const counts = memory.data(256 * 4, 16);

export function makeOrder(points: i32): bool {
  const bytes = <usize>((points + 7) & ~7) * 4;
  order = allocate(bytes);
  otherOrder = allocate(bytes);
  keys = allocate(bytes);
  otherKeys = allocate(bytes);
  return order != 0 && otherOrder != 0 && keys != 0 && otherKeys != 0;
}

/** Shuffles the points of a pass. */
export function shuffle(seed: u32, iteration: u32, points: i32): void {
  let key: Key = foldIn(purposeKey(seed, crc32("batches")), iteration);
  for (let i = 0; i < points; i++) store<i32>(order + <usize>i * 4, i);
  for (let round = roundsOf(points); round > 0; round--) {
    const drawn = splitKey(key, 1);
    key = splitKey(key, 0);
    drawBits(drawn, keys, points, 0, 1);
    sortByKeys(points);
  }
}

/** Rounds after which equal keys of 32 bits no longer matter: ⌈3 · log(points) / log(2³² − 1)⌉. */
function roundsOf(points: i32): i32 {
  if (points < 2) return 0;
  return points <= 1625 ? 1 : points <= 2642245 ? 2 : 3;
}

/** Sorts the order by its keys, equal ones staying as they are: byte by byte from the last. */
function sortByKeys(points: i32): void {
  for (let shift = 0; shift < 32; shift += 8) {
    memory.fill(counts, 0, 256 * 4);
    for (let i: usize = 0; i < <usize>points; i++) {
      const at = digitPlace(i, shift);
      store<i32>(at, load<i32>(at) + 1);
    }
    let before = 0;
    for (let digit: usize = 0; digit < 256; digit++) {
      const here = load<i32>(counts + digit * 4);
      store<i32>(counts + digit * 4, before);
      before += here;
    }
    for (let i: usize = 0; i < <usize>points; i++) {
      const at = digitPlace(i, shift);
      const place = <usize>load<i32>(at) * 4;
      store<i32>(at, load<i32>(at) + 1);
      store<u32>(otherKeys + place, load<u32>(keys + i * 4));
      store<i32>(otherOrder + place, load<i32>(order + i * 4));
    }
    const swapKeys = keys;
    keys = otherKeys;
    otherKeys = swapKeys;
    const swapOrder = order;
    order = otherOrder;
    otherOrder = swapOrder;
  }
}

// @ts-ignore: decorator
@inline
function digitPlace(i: usize, shift: i32): usize {
  return counts + <usize>((load<u32>(keys + i * 4) >> shift) & 255) * 4;
}
