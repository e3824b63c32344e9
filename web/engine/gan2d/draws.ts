// Uniform and normal numbers of a key, as jax.random draws them, into rows of float32.

import { normalOfUniform4, splat } from "../functions";
import { drawUnit, Key } from "../threefry";

/** The number after −1: the least that a normal number is made of. */
const LOWEST: f32 = -0.99999994;
/** erf(∓√2), where the normal distribution is cut. */
const CUT_LOW = reinterpret<f32>(0xbf745a18);
const CUT_HIGH = reinterpret<f32>(0x3f745a18);

/** Draws `count` uniform numbers from 0 up to 1: number first, first + step, … of the key's. */
export function drawUniform(key: Key, to: usize, count: i32, first: u32, step: u32): void {
  drawUnit(key, to, count, first, step);
}

/** The same from −1 up to 1. */
export function drawSymmetric(key: Key, to: usize, count: i32, first: u32, step: u32): void {
  drawUnit(key, to, count, first, step);
  const end = to + <usize>((count + 7) & ~7) * 4;
  for (; to < end; to += 16) {
    const u = v128.load(to);
    v128.store(to, f32x4.sub(f32x4.add(u, u), splat(1)));
  }
}

/** Standard normal numbers, as `jax.random.normal`. */
export function drawNormal(key: Key, to: usize, count: i32, first: u32, step: u32): void {
  drawUnit(key, to, count, first, step);
  const end = to + <usize>((count + 7) & ~7) * 4;
  for (; to < end; to += 16) {
    const u = v128.load(to);
    const symmetric = f32x4.add(f32x4.add(u, u), splat(LOWEST));
    v128.store(to, normalOfUniform4(f32x4.pmax(splat(LOWEST), symmetric)));
  }
}

/** Normal numbers cut off at ±2, as `jax.random.truncated_normal`. */
export function drawTruncated(key: Key, to: usize, count: i32, first: u32, step: u32): void {
  drawUnit(key, to, count, first, step);
  const span = splat(CUT_HIGH - CUT_LOW);
  const low = splat(CUT_LOW);
  const least = splat(-1.9999999);
  const most = splat(1.9999999);
  const end = to + <usize>((count + 7) & ~7) * 4;
  for (; to < end; to += 16) {
    const u = f32x4.add(f32x4.mul(v128.load(to), span), low);
    const z = normalOfUniform4(f32x4.pmax(low, u));
    v128.store(to, f32x4.pmin(most, f32x4.pmax(least, z)));
  }
}
