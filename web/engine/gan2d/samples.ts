// Fresh points for measures: those that epoque.gan2d.training.evaluation draws after as many iterations.

import { allocate } from "../memory";
import { add, begin } from "../output";
import { foldIn, purposeKey, splitKey } from "../threefry";
import { drawReal } from "./data";
import { Pass } from "./network";
import { drawNoise } from "./noise";
import * as settings from "./settings";
import { writePairs } from "./snapshot";
import { average, generator, iteration } from "./training";

/** The CRC-32 of "evaluation". */
const PURPOSE_EVALUATION: u32 = 321103221;
/** Their numbers among the arrays of a snapshot. */
const REAL = 0;
const FAKE = 1;
/** Points that pass through the generator at once, a multiple of 8. */
const CHUNK = 96;

const pass = new Pass(generator);
let room: i32 = 0;
let real: usize = 0;
let noise: usize = 0;
let arrays: usize = 0;

/** A new training has given the memory of the last one back. */
export function forgetSamples(): void {
  room = 0;
}

/** Draws so many real and generated points; returns the address of the first, 0 where there is no memory. */
export function drawSamples(count: i32): usize {
  if (!takeMemory(count)) return 0;
  const key = foldIn(purposeKey(settings.seed, PURPOSE_EVALUATION), iteration);
  const row = rowBytes(count);
  drawReal(splitKey(key, 0), settings.data, real, real + row, count, real + 2 * row);
  begin(arrays);
  writePairs(add(REAL, -1, 2, count, 2), real, row, count);
  const fake = add(FAKE, -1, 2, count, 2);
  for (let from = 0; from < count; from += CHUNK) {
    const part = min(CHUNK, count - from);
    drawNoise(splitKey(key, 1), settings.noise, settings.noiseDims, noise, CHUNK * 4, from, part);
    for (let i = 0; i < settings.noiseDims; i++) {
      memory.copy(pass.input + <usize>i * pass.stride, noise + <usize>(i * CHUNK) * 4, <usize>part * 4);
    }
    pass.forward(average);
    writePairs(fake + <usize>from * 8, pass.output, pass.stride, part);
  }
  return arrays;
}

function rowBytes(count: i32): usize {
  return <usize>((count + 15) & ~7) * 4;
}

function takeMemory(count: i32): bool {
  if (count <= room) return true;
  real = allocate(5 * rowBytes(count));
  noise = allocate(<usize>settings.noiseDims * CHUNK * 4 + 64);
  arrays = allocate(<usize>count * 16);
  const enough = real != 0 && noise != 0 && arrays != 0 && pass.allocate(CHUNK);
  room = enough ? count : 0;
  return enough;
}
