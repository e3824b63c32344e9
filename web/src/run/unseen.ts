/** Tabs that nobody looks at. */

const UNSEEN_MS = 60_000;

/** Calls once the tab has been hidden for a minute; returns how to stop. */
export function watchUnseen(act: () => void): () => void {
  if (typeof document === "undefined") return () => undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  /** When the tab was hidden, by a clock that nobody sets; null while it is seen. */
  let since: number | null = null;
  const note = () => {
    clearTimeout(timer);
    if (document.hidden) {
      since = performance.now();
      timer = setTimeout(act, UNSEEN_MS);
      return;
    }
    // The timer of a tab that was frozen, or whose machine slept, is late.
    if (since !== null && performance.now() - since >= UNSEEN_MS) act();
    since = null;
  };
  document.addEventListener("visibilitychange", note);
  return () => {
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", note);
  };
}
