// The metrics of iterations that nobody asked for yet: a ring of float64 rows, the newest 4,096.

import { allocate } from "../memory";

const MAX_ROWS: i32 = 4096;
/** The most inputs whose weights stand in a row of a perceptron. */
export const MAX_WEIGHTS: i32 = 33;
/** Metrics in the order of engine.json: those of a network, then the weights w0, w1, … */
export const COLUMNS: i32 = 9 + MAX_WEIGHTS;
export const COLUMN_LOSS: usize = 0;
export const COLUMN_ERROR: usize = 1;
export const COLUMN_ERROR_MAX: usize = 2;
export const COLUMN_ERROR_MEAN: usize = 3;
export const COLUMN_ERROR_RMS: usize = 4;
export const COLUMN_CROSS_ENTROPY: usize = 5;
export const COLUMN_ACCURACY: usize = 6;
export const COLUMN_TEST_LOSS: usize = 7;
export const COLUMN_TEST_ACCURACY: usize = 8;
export const COLUMN_WEIGHTS: usize = 9;

const ROW_BYTES: usize = <usize>COLUMNS * 8;

let ring: usize = 0;
let taken: usize = 0;
let count: i32 = 0;
let next: i32 = 0;
/** How many rows `takeRows` gave. */
export let takenCount: i32 = 0;

export function makeRows(): bool {
  count = 0;
  next = 0;
  takenCount = 0;
  ring = allocate(<usize>MAX_ROWS * ROW_BYTES);
  taken = allocate(<usize>MAX_ROWS * ROW_BYTES);
  if (ring == 0 || taken == 0) return false;
  for (let i: usize = 0; i < <usize>(MAX_ROWS * COLUMNS); i++) store<f64>(ring + i * 8, NaN);
  return true;
}

/** Where the next row is written; `keepRow` keeps it. A column that is never written stays NaN. */
export function nextRow(): usize {
  return ring + <usize>next * ROW_BYTES;
}

export function keepRow(): void {
  next = (next + 1) % MAX_ROWS;
  count = min(count + 1, MAX_ROWS);
}

/** Returns the address of the rows in their order, f64 [takenCount, COLUMNS], and forgets them. */
export function takeRows(): usize {
  for (let i = 0; i < count; i++) {
    const from = (next - count + i + MAX_ROWS) % MAX_ROWS;
    memory.copy(taken + <usize>i * ROW_BYTES, ring + <usize>from * ROW_BYTES, ROW_BYTES);
  }
  takenCount = count;
  count = 0;
  return taken;
}
