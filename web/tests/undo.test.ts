import { describe, expect, it } from "vitest";

import { type Step, UndoHistory } from "../src/run/undo.svelte";

/** A value that a hand changes, and the history of that. */
function makeValue() {
  const history = new UndoHistory();
  const kept = { value: 0, beginnings: 0 };
  const stepTo = (value: number, beginning: number | null): Step => ({
    take: async () => {
      const back = stepTo(kept.value, beginning);
      kept.value = value;
      return back;
    },
    isOver: () => beginning !== null && beginning !== kept.beginnings,
  });
  const set = (value: number, isOfTraining = false) => {
    history.note(stepTo(kept.value, isOfTraining ? kept.beginnings : null));
    kept.value = value;
  };
  return { history, kept, set };
}

describe("undo", () => {
  it("takes back in order, makes again in order, and a new change ends what could be made again", async () => {
    const { history, kept, set } = makeValue();
    for (const value of [1, 2, 3]) set(value);
    await Promise.all([history.undo(), history.undo()]);
    expect(kept.value).toBe(1);
    await history.redo();
    expect([kept.value, history.canUndo, history.canRedo]).toEqual([2, true, true]);
    set(9);
    expect(history.canRedo).toBe(false);
    await history.undo();
    expect(kept.value).toBe(2);
  });
  it("goes back 20 steps", async () => {
    const { history, kept, set } = makeValue();
    for (let value = 1; value <= 25; value++) set(value);
    for (let i = 0; i < 30; i++) await history.undo();
    expect([kept.value, history.canUndo]).toEqual([5, false]);
  });
  it("forgets what belongs to a training that is no more", async () => {
    const { history, kept, set } = makeValue();
    set(1);
    set(2, true);
    kept.beginnings++;
    history.forgetOver();
    await history.undo();
    expect([kept.value, history.canUndo]).toEqual([0, false]);
  });
  it("goes on after a step that failed", async () => {
    const { history, kept, set } = makeValue();
    set(1);
    history.note({ take: () => Promise.reject(new Error("gone")), isOver: () => false });
    await expect(history.undo()).rejects.toThrow("gone");
    await history.undo();
    expect(kept.value).toBe(0);
  });
});
