// Threefry-2x32-20 (Salmon et al. 2011, "Random numbers: as easy as 1, 2, 3", section 4.2), with
// the keys and counters of jax.random: the same seed draws the same numbers there and here.

const PARITY: u32 = 0x1bd11bda;

/** A key: its first word in the upper half, its second in the lower one. */
export type Key = u64;

// @ts-ignore: decorator
@inline
function high(pair: u64): u32 {
  return <u32>(pair >> 32);
}

// @ts-ignore: decorator
@inline
function pack(first: u32, second: u32): u64 {
  return ((<u64>first) << 32) | <u64>second;
}

/** Hashes a counter of two words, packed as a key is. */
export function hash(key: Key, counter: u64): u64 {
  const k0 = high(key);
  const k1 = <u32>key;
  const k2 = k0 ^ k1 ^ PARITY;
  let a: u32 = high(counter) + k0;
  let b: u32 = <u32>counter + k1;
  for (let group: u32 = 1; group <= 5; group++) {
    if (group & 1) {
      a += b; b = rotl<u32>(b, 13) ^ a;
      a += b; b = rotl<u32>(b, 15) ^ a;
      a += b; b = rotl<u32>(b, 26) ^ a;
      a += b; b = rotl<u32>(b, 6) ^ a;
    } else {
      a += b; b = rotl<u32>(b, 17) ^ a;
      a += b; b = rotl<u32>(b, 29) ^ a;
      a += b; b = rotl<u32>(b, 16) ^ a;
      a += b; b = rotl<u32>(b, 24) ^ a;
    }
    const at = group % 3;
    const after = (group + 1) % 3;
    a += at == 0 ? k0 : at == 1 ? k1 : k2;
    b += (after == 0 ? k0 : after == 1 ? k1 : k2) + group;
  }
  return pack(a, b);
}

/** The key of a seed, as `jax.random.key`. */
export function seedKey(seed: u32): Key {
  return <u64>seed;
}

/** `jax.random.fold_in`. */
export function foldIn(key: Key, data: u32): Key {
  return hash(key, <u64>data);
}

/** Number `index` of the keys of `jax.random.split`. */
export function splitKey(key: Key, index: u32): Key {
  return hash(key, <u64>index);
}

/** The key of one purpose of one seed (`epoque.bench.seeds.jax_key`); `crc` is the CRC-32 of its name. */
export function purposeKey(seed: u32, crc: u32): Key {
  return foldIn(seedKey(seed), crc);
}

/** The key with its words moved: one of 2⁶⁴ streams of a key. */
export function moveKey(key: Key, first: u32, second: u32): Key {
  return pack(high(key) + first, <u32>key + second);
}

/** One word of 32 random bits: number `index` of `jax.random.bits`. */
export function randomBits(key: Key, index: u32): u32 {
  const pair = hash(key, <u64>index);
  return high(pair) ^ <u32>pair;
}

// @ts-ignore: decorator
@inline
function rotate(v: v128, bits: i32): v128 {
  return v128.or(i32x4.shl(v, bits), i32x4.shr_u(v, 32 - bits));
}

// @ts-ignore: decorator
@inline
function rotate16(v: v128): v128 {
  return v128.shuffle<u8>(v, v, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
}

/** Words are drawn by so many at once, and a place for those that are not wanted. */
const DRAWN = 16;
const ONE = memory.data<f32>([1.0]);
/** Bytes of what is added after a group of four rounds: to the first word, to the second. */
const ADDED: usize = 2 * 16;
const GROUPS: usize = 5;
const schedule = memory.data(5 * 2 * 16, 16);

/**
 * Writes random words, number `first`, `first + step`, `first + 2·step`, … of `jax.random.bits`.
 *
 * @param to address of the words, u32
 * @param count how many; rounded up to a multiple of 8
 */
export function drawBits(key: Key, to: usize, count: i32, first: u32, step: u32): void {
  draw(key, to, count, first, step, false);
}

/** The same as numbers from 0 up to 1, without 1, as `jax.random.uniform`. */
export function drawUnit(key: Key, to: usize, count: i32, first: u32, step: u32): void {
  draw(key, to, count, first, step, true);
}

function draw(key: Key, to: usize, count: i32, first: u32, step: u32, unit: bool): void {
  writeSchedule(key);
  const end = to + <usize>((count + 7) & ~7) * 4;
  for (; to < end; to += DRAWN * 4) {
    drawSixteen(key, to, first, step, unit, to + <usize>DRAWN * 4 > end);
    first += <u32>DRAWN * step;
  }
}

/** Turns words into numbers from 0 up to 1: the upper bits behind a 1, which is taken away. */
// @ts-ignore: decorator
@inline
function toUnit(words: v128): v128 {
  const one = v128.load32_splat(ONE);
  return f32x4.sub(v128.or(i32x4.shr_u(words, 9), one), one);
}

// @ts-ignore: decorator
@inline
function writeSchedule(key: Key): void {
  const k0 = high(key);
  const k1 = <u32>key;
  const k2 = k0 ^ k1 ^ PARITY;
  v128.store(schedule, i32x4.splat(k1));
  v128.store(schedule, i32x4.splat(k2 + 1), 16);
  v128.store(schedule, i32x4.splat(k2), 32);
  v128.store(schedule, i32x4.splat(k0 + 2), 48);
  v128.store(schedule, i32x4.splat(k0), 64);
  v128.store(schedule, i32x4.splat(k1 + 3), 80);
  v128.store(schedule, i32x4.splat(k1), 96);
  v128.store(schedule, i32x4.splat(k2 + 4), 112);
  v128.store(schedule, i32x4.splat(k2), 128);
  v128.store(schedule, i32x4.splat(k0 + 5), 144);
}

/**
 * Writes sixteen words, or the first eight of them, or the numbers from 0 up to 1 of them.
 *
 * Each round of a vector waits for the one before, so four vectors go on side by side. Compilers put
 * one after another what does not depend on another, as far as they see: to the end of a branch. The
 * branches are what keeps the vectors together, two rounds at a time.
 */
// @ts-ignore: decorator
@inline
function drawSixteen(key: Key, to: usize, first: u32, step: u32, unit: bool, isHalf: bool): void {
  const k0 = i32x4.splat(high(key));
  const four = i32x4.splat(4 * step);
  const steps = i32x4.mul(i32x4.splat(step), i32x4(0, 1, 2, 3));
  let a = k0;
  let c = k0;
  let e = k0;
  let g = k0;
  let b = i32x4.add(i32x4.splat(first + <u32>key), steps);
  let d = i32x4.add(b, four);
  let f = i32x4.add(d, four);
  let h = i32x4.add(f, four);
  for (let group: usize = 0; group < GROUPS; group++) {
    if (group & 1) {
      a = i32x4.add(a, b); c = i32x4.add(c, d); e = i32x4.add(e, f); g = i32x4.add(g, h);
      b = v128.xor(rotate(b, 17), a); d = v128.xor(rotate(d, 17), c);
      f = v128.xor(rotate(f, 17), e); h = v128.xor(rotate(h, 17), g);
      a = i32x4.add(a, b); c = i32x4.add(c, d); e = i32x4.add(e, f); g = i32x4.add(g, h);
      b = v128.xor(rotate(b, 29), a); d = v128.xor(rotate(d, 29), c);
      f = v128.xor(rotate(f, 29), e); h = v128.xor(rotate(h, 29), g);
    } else {
      a = i32x4.add(a, b); c = i32x4.add(c, d); e = i32x4.add(e, f); g = i32x4.add(g, h);
      b = v128.xor(rotate(b, 13), a); d = v128.xor(rotate(d, 13), c);
      f = v128.xor(rotate(f, 13), e); h = v128.xor(rotate(h, 13), g);
      a = i32x4.add(a, b); c = i32x4.add(c, d); e = i32x4.add(e, f); g = i32x4.add(g, h);
      b = v128.xor(rotate(b, 15), a); d = v128.xor(rotate(d, 15), c);
      f = v128.xor(rotate(f, 15), e); h = v128.xor(rotate(h, 15), g);
    }
    if (group & 1) {
      a = i32x4.add(a, b); c = i32x4.add(c, d); e = i32x4.add(e, f); g = i32x4.add(g, h);
      b = v128.xor(rotate16(b), a); d = v128.xor(rotate16(d), c);
      f = v128.xor(rotate16(f), e); h = v128.xor(rotate16(h), g);
      a = i32x4.add(a, b); c = i32x4.add(c, d); e = i32x4.add(e, f); g = i32x4.add(g, h);
      b = v128.xor(rotate(b, 24), a); d = v128.xor(rotate(d, 24), c);
      f = v128.xor(rotate(f, 24), e); h = v128.xor(rotate(h, 24), g);
    } else {
      a = i32x4.add(a, b); c = i32x4.add(c, d); e = i32x4.add(e, f); g = i32x4.add(g, h);
      b = v128.xor(rotate(b, 26), a); d = v128.xor(rotate(d, 26), c);
      f = v128.xor(rotate(f, 26), e); h = v128.xor(rotate(h, 26), g);
      a = i32x4.add(a, b); c = i32x4.add(c, d); e = i32x4.add(e, f); g = i32x4.add(g, h);
      b = v128.xor(rotate(b, 6), a); d = v128.xor(rotate(d, 6), c);
      f = v128.xor(rotate(f, 6), e); h = v128.xor(rotate(h, 6), g);
    }
    const x = v128.load(schedule + group * ADDED);
    const y = v128.load(schedule + group * ADDED, 16);
    a = i32x4.add(a, x); c = i32x4.add(c, x); e = i32x4.add(e, x); g = i32x4.add(g, x);
    b = i32x4.add(b, y); d = i32x4.add(d, y); f = i32x4.add(f, y); h = i32x4.add(h, y);
  }
  a = v128.xor(a, b);
  c = v128.xor(c, d);
  e = v128.xor(e, f);
  g = v128.xor(g, h);
  if (unit) {
    a = toUnit(a);
    c = toUnit(c);
    e = toUnit(e);
    g = toUnit(g);
  }
  v128.store(to, a);
  v128.store(to, c, 16);
  if (isHalf) return;
  v128.store(to, e, 32);
  v128.store(to, g, 48);
}
