/** When a page drew its first picture, for whoever measures it: a mark of the browser's own clock. */

const NAME = "first frame";

let isNoted = false;

/** Marks the moment, once. */
export function noteFirstFrame(): void {
  if (!isNoted) performance.mark(NAME);
  isNoted = true;
}
