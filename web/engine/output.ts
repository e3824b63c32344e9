// Arrays that a host reads: where they lie, their shapes, and which names of engine.json they have.

const MOST_ARRAYS = 128;
/** name, layer, address, dimensions, and three sizes. */
const FIELDS = 7;
const table = memory.data((1 + MOST_ARRAYS * FIELDS) * 4, 16);

/** Where the next array that is written goes. */
let next: usize = 0;

/** Begins a list of arrays, those that are written from an address on. */
export function begin(address: usize): void {
  store<i32>(table, 0);
  next = address;
}

/** How many arrays, and for each the seven numbers. */
export function layout(): usize {
  return table;
}

function place(name: i32, layer: i32, address: usize, dimensions: i32, d0: i32, d1: i32, d2: i32): void {
  const count = load<i32>(table);
  if (count == MOST_ARRAYS) return;
  const at = table + 4 + <usize>(count * FIELDS) * 4;
  store<i32>(at, name);
  store<i32>(at, layer, 4);
  store<i32>(at, <i32>address, 8);
  store<i32>(at, dimensions, 12);
  store<i32>(at, d0, 16);
  store<i32>(at, d1, 20);
  store<i32>(at, d2, 24);
  store<i32>(table, count + 1);
}

/**
 * Adds an array that is written from the returned address on.
 *
 * @param name its number among the names in engine.json
 * @param layer what stands for `{layer}` in its name, −1 where nothing does
 * @param sizes of its dimensions; those from `dimensions` on are not looked at
 * @param width bytes of a number
 */
export function add(
  name: i32, layer: i32, dimensions: i32, d0: i32 = 1, d1: i32 = 1, d2: i32 = 1, width: i32 = 4,
): usize {
  const address = next;
  let size = width;
  if (dimensions > 0) size *= d0;
  if (dimensions > 1) size *= d1;
  if (dimensions > 2) size *= d2;
  place(name, layer, address, dimensions, d0, d1, d2);
  next += size;
  return address;
}

/** Adds an array that stands elsewhere. */
export function addExisting(
  name: i32, layer: i32, address: usize, dimensions: i32, d0: i32 = 1, d1: i32 = 1, d2: i32 = 1,
): void {
  place(name, layer, address, dimensions, d0, d1, d2);
}
