/** What is wrong with settings that were asked for, while the training has the last good ones. */

import type { Problem } from "../engines/session";

export class SettingProblems {
  /** Path of a setting to what is wrong with its value. */
  current = $state.raw<Readonly<Record<string, string>>>({});
  /** Grows where a change is refused: controls show again what the training has. */
  refusals = $state(0);

  /** Those that stand at other settings than the ones that were asked for. */
  #elsewhere: readonly string[] = [];

  /**
   * Notes problems, and that the other settings that were asked for have none. What the change before
   * told at settings that it did not touch is over: the training has values that go together.
   */
  note(asked: readonly string[], problems: readonly Problem[]): void {
    const isOver = (path: string) => asked.includes(path) || this.#elsewhere.includes(path);
    const rest = Object.entries(this.current).filter(([path]) => !isOver(path));
    this.current = Object.fromEntries([...rest, ...problems.map((problem) => [problem.field, problem.message])]);
    this.#elsewhere = problems.map(({ field }) => field).filter((path) => !asked.includes(path));
    if (problems.length) this.refusals++;
  }
}
