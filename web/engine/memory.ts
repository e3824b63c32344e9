// The memory of a session: one region, given out from its start and taken back as a whole.

/** No kernel reads past the columns of its array by more than this many bytes. */
const MARGIN: usize = 64;
const PAGE: usize = 65536;

let base: usize = 0;
let next: usize = 0;

/** Takes everything back. */
export function release(): void {
  if (base == 0) base = <usize>memory.size() * PAGE;
  next = base;
}

/** Where the region is used up to: `releaseTo` takes back what was given out after it. */
export function mark(): usize {
  if (base == 0) release();
  return next;
}

/** Takes back what was given out after a mark. */
export function releaseTo(address: usize): void {
  next = address;
}

/** Returns the address of so many bytes, all 0, aligned for vectors; 0 where there is no memory. */
export function allocate(bytes: usize): usize {
  if (base == 0) release();
  const address = next;
  const end = address + ((bytes + MARGIN + 15) & ~15);
  const available = <usize>memory.size() * PAGE;
  if (end > available) {
    const pages = <i32>((end - available + PAGE - 1) / PAGE);
    if (memory.grow(pages) < 0) return 0;
  }
  memory.fill(address, 0, end - address);
  next = end;
  return address;
}

/** Copies whole vectors; what is short is done sooner here than by a call of the host's `memmove`. */
export function copyVectors(to: usize, from: usize, bytes: usize): void {
  for (let p: usize = 0; p < bytes; p += 16) v128.store(to + p, v128.load(from + p));
}
