/** Keys of a whole page, which stay with a field or button that has the focus and needs them. */

/** Whether an event's key means something to what has the focus. */
export function isTaken(event: KeyboardEvent): boolean {
  if (event.defaultPrevented || event.isComposing) return true;
  const target = event.target;
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target.closest("dialog[open]")) return true;
  if (target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) return true;
  if (target instanceof HTMLInputElement) return !["checkbox", "radio", "range", "button"].includes(target.type);
  return event.key === " " && target.closest("button, summary, [role=button], [role=slider]") !== null;
}

/** What a key does: "k", or with Ctrl (on a Mac Cmd) "ctrl+z", "ctrl+shift+z". */
export type KeyActions = Readonly<Record<string, () => void>>;

/** Listens for keys; returns how to stop. */
export function listenForKeys(actions: KeyActions): () => void {
  const listener = (event: KeyboardEvent) => {
    if (isTaken(event) || event.altKey) return;
    const command = event.ctrlKey || event.metaKey;
    const name = `${command ? "ctrl+" : ""}${command && event.shiftKey ? "shift+" : ""}${event.key.toLowerCase()}`;
    const action = actions[name];
    if (!action) return;
    event.preventDefault();
    action();
  };
  addEventListener("keydown", listener);
  return () => removeEventListener("keydown", listener);
}
