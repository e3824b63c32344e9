/** The moment when the browser has painted what the page has drawn. */

/** Longer than any frame takes: a tab that nobody sees paints none. */
const FRAME_MS = 100;

/**
 * Resolves once something is ready (or has failed) and the browser has painted since.
 *
 * @param most milliseconds after which what is ready is not waited for any more.
 */
export async function afterPaint(ready: Promise<unknown>, most: number): Promise<void> {
  await Promise.race([ready.catch(() => undefined), pause(most)]);
  await Promise.race([new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve))), pause(FRAME_MS)]);
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
