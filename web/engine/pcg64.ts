// The random numbers of NumPy's `default_rng(SeedSequence([seed, crc32(purpose)]))`, bit for bit:
// PCG64 XSL-RR (O'Neill 2014), seeded by NumPy's SeedSequence (O'Neill 2015, "Developing a
// seed_seq alternative").

import { exactExp, exactLog } from "./double_double";
import { FI, INVERSE_TAIL, KI, TAIL, WI, buildZiggurat } from "./ziggurat";

const MULTIPLIER_HIGH: u64 = 0x2360ed051fc65da4;
const MULTIPLIER_LOW: u64 = 0x4385df649fccf645;

let stateHigh: u64 = 0;
let stateLow: u64 = 0;
let incrementHigh: u64 = 0;
let incrementLow: u64 = 0;
let spare: u32 = 0;
let hasSpare: bool = false;

// SeedSequence

const pool = memory.data(16);
let hashConstant: u32 = 0;

function hashMix(value: u32): u32 {
  value ^= hashConstant;
  hashConstant *= 0x931e8875;
  value *= hashConstant;
  return value ^ (value >> 16);
}

function mix(x: u32, y: u32): u32 {
  const result: u32 = 0xca01f9dd * x - 0x4973f715 * y;
  return result ^ (result >> 16);
}

function fillPool(seed: u32, purpose: u32): void {
  hashConstant = 0x43b0d7e5;
  store<u32>(pool, hashMix(seed));
  store<u32>(pool + 4, hashMix(purpose));
  store<u32>(pool + 8, hashMix(0));
  store<u32>(pool + 12, hashMix(0));
  for (let source: usize = 0; source < 4; source++) {
    for (let target: usize = 0; target < 4; target++) {
      if (source == target) continue;
      const at = pool + target * 4;
      store<u32>(at, mix(load<u32>(at), hashMix(load<u32>(pool + source * 4))));
    }
  }
}

function nextWord(index: usize): u64 {
  let word: u64 = 0;
  for (let half: usize = 0; half < 2; half++) {
    let value = load<u32>(pool + ((index * 2 + half) & 3) * 4);
    value ^= hashConstant;
    hashConstant *= 0x58f38ded;
    value *= hashConstant;
    value ^= value >> 16;
    word |= (<u64>value) << (32 * half);
  }
  return word;
}

/** zlib's crc32 of an ASCII text. */
export function crc32(text: string): u32 {
  let crc: u32 = 0xffffffff;
  for (let i = 0; i < text.length; i++) {
    crc ^= text.charCodeAt(i);
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >> 1) ^ 0xedb88320 : crc >> 1;
  }
  return ~crc;
}

/** Starts the stream of one purpose of a seed (`epoque.bench.seeds.numpy_rng`). */
export function startStream(seed: u32, purpose: string): void {
  fillPool(seed, crc32(purpose));
  hashConstant = 0x8b51f9dd;
  const seedHigh = nextWord(0);
  const seedLow = nextWord(1);
  const sequenceHigh = nextWord(2);
  const sequenceLow = nextWord(3);
  incrementHigh = (sequenceHigh << 1) | (sequenceLow >> 63);
  incrementLow = (sequenceLow << 1) | 1;
  stateHigh = 0;
  stateLow = 0;
  hasSpare = false;
  advanceState();
  const sum = stateLow + seedLow;
  stateHigh += seedHigh + u64(sum < seedLow);
  stateLow = sum;
  advanceState();
}

/** The high 64 bits of a product. */
function multiplyHigh(a: u64, b: u64): u64 {
  const aLow = a & 0xffffffff;
  const aHigh = a >> 32;
  const bLow = b & 0xffffffff;
  const bHigh = b >> 32;
  const middle = aHigh * bLow + ((aLow * bLow) >> 32);
  const other = aLow * bHigh + (middle & 0xffffffff);
  return aHigh * bHigh + (middle >> 32) + (other >> 32);
}

function advanceState(): void {
  const high = multiplyHigh(stateLow, MULTIPLIER_LOW) + stateHigh * MULTIPLIER_LOW + stateLow * MULTIPLIER_HIGH;
  const product = stateLow * MULTIPLIER_LOW;
  const sum = product + incrementLow;
  stateHigh = high + incrementHigh + u64(sum < product);
  stateLow = sum;
}

export function next64(): u64 {
  advanceState();
  return rotr<u64>(stateHigh ^ stateLow, stateHigh >> 58);
}

function next32(): u32 {
  if (hasSpare) {
    hasSpare = false;
    return spare;
  }
  const word = next64();
  spare = <u32>(word >> 32);
  hasSpare = true;
  return <u32>word;
}

/** A number of [0, 1). */
export function uniform(): f64 {
  return <f64>(next64() >> 11) * (1.0 / 9007199254740992.0);
}

/** A number of [low, low + range). */
export function uniformIn(low: f64, range: f64): f64 {
  return low + range * uniform();
}

/** A standard normal number by the ziggurat of Marsaglia & Tsang 2000. */
export function normal(): f64 {
  buildZiggurat();
  while (true) {
    let word = next64();
    const layer = <usize>(word & 255);
    word >>= 8;
    const size = (word >> 1) & 0x000fffffffffffff;
    let x = <f64>size * load<f64>(WI + layer * 8);
    if (word & 1) x = -x;
    if (size < load<u64>(KI + layer * 8)) return x;
    if (layer == 0) return tail(((size >> 8) & 1) == 1);
    const above = load<f64>(FI + (layer - 1) * 8);
    const here = load<f64>(FI + layer * 8);
    if ((above - here) * uniform() + here < exactExp(-0.5 * x * x)) return x;
  }
}

/** A number beyond the last layer (Marsaglia 1964); 1 − U never is 0. */
function tail(isNegative: bool): f64 {
  while (true) {
    const x = -INVERSE_TAIL * exactLog(1 - uniform());
    const y = -exactLog(1 - uniform());
    if (y + y > x * x) return isNegative ? -(TAIL + x) : TAIL + x;
  }
}

/** An integer of 0 … most, each as likely: numbers of as many bits until one is not above it. */
function integerTo(most: u32): u32 {
  const mask: u32 = 0xffffffff >> clz<u32>(most);
  let value = next32() & mask;
  while (value > most) value = next32() & mask;
  return value;
}

/** Writes a permutation of 0 … count − 1 as i32 at an address. */
export function permute(order: usize, count: i32): void {
  for (let i: usize = 0; i < <usize>count; i++) store<i32>(order + i * 4, <i32>i);
  for (let i = count - 1; i > 0; i--) {
    const j = order + <usize>integerTo(i) * 4;
    const at = order + <usize>i * 4;
    const value = load<i32>(j);
    store<i32>(j, load<i32>(at));
    store<i32>(at, value);
  }
}
