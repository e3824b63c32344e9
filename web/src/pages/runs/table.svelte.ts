/** The table of runs, of which only the pages in view are asked for. */

import { type Column, listRuns, type RunRow, type RunsPage, type TableQuery } from "./api";

export const PAGE = 100;
/** Pages that are kept: what is near stays, a table of 50,000 runs is never in memory. */
const MOST_PAGES = 12;
const PACE = 3000; // milliseconds between two looks at what is in view

export class RunsTable {
  total = $state(0);
  unread = $state(0);
  columns = $state.raw<readonly Column[]>([]);
  folder = $state("");
  isInMemory = $state(false);
  /** Whether the first answer to the query is there. */
  isReady = $state(false);
  /** What is wrong with the query, or with the server; "" if nothing is. */
  refusal = $state("");

  private pages = $state.raw<ReadonlyMap<number, readonly RunRow[]>>(new Map());
  private readonly asked = new Set<number>();
  private query: TableQuery | null = null;
  private view: readonly [number, number] = [0, 0];
  private turn = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** Asks another question: the rows in view are asked for anew. */
  ask(query: TableQuery): void {
    this.query = query;
    this.turn++;
    this.asked.clear();
    void this.refresh(true);
  }

  /** Says which rows are in view, from the first to before the last. */
  look(first: number, end: number): void {
    this.view = [first, end];
    for (const page of this.inView()) if (!this.pages.has(page)) void this.load(page);
  }

  row(index: number): RunRow | undefined {
    return this.pages.get(Math.floor(index / PAGE))?.[index % PAGE];
  }

  /** Follows the folder while the page is seen; returns how to stop. */
  follow(): () => void {
    const look = async () => {
      if (!document.hidden && this.query) await this.refresh(false);
      this.timer = setTimeout(look, PACE);
    };
    this.timer = setTimeout(look, PACE);
    return () => {
      clearTimeout(this.timer);
      this.turn++;
    };
  }

  /** Asks again for what is in view, and forgets the rest. */
  async refresh(isNew = false): Promise<void> {
    const turn = this.turn;
    const wanted = isNew ? this.inView() : this.inView().filter((page) => !this.asked.has(page));
    const answers = await Promise.all(wanted.map((page) => this.load(page)));
    if (turn !== this.turn || !answers.every(Boolean)) return;
    const fresh = new Map<number, readonly RunRow[]>();
    for (const page of this.inView()) {
      const rows = this.pages.get(page);
      if (rows) fresh.set(page, rows);
    }
    this.pages = fresh;
  }

  private inView(): number[] {
    const [first, end] = this.view;
    const [from, to] = [Math.floor(first / PAGE), Math.floor(Math.max(first, end - 1) / PAGE)];
    return Array.from({ length: to - from + 1 }, (_, i) => from + i);
  }

  private async load(page: number): Promise<boolean> {
    if (!this.query || this.asked.has(page)) return false;
    const turn = this.turn;
    this.asked.add(page);
    try {
      const answer = await listRuns(this.query, page * PAGE, PAGE, page === 0 || !this.columns.length);
      if (turn === this.turn) this.take(page, answer);
      return true;
    } catch (error) {
      if (turn === this.turn) this.fail(error);
      return false;
    } finally {
      if (turn === this.turn) this.asked.delete(page);
    }
  }

  private take(page: number, answer: RunsPage): void {
    const kept = [...this.pages].filter(([number]) => number !== page).slice(-MOST_PAGES + 1);
    this.pages = new Map([...kept, [page, answer.rows]]);
    this.total = answer.total;
    this.unread = answer.unread;
    this.folder = answer.folder;
    this.isInMemory = answer.in_memory;
    if (answer.columns) this.columns = answer.columns;
    this.refusal = "";
    this.isReady = true;
  }

  private fail(error: unknown): void {
    this.refusal = error instanceof TypeError ? "lost" : String((error as Error).message);
    this.isReady = true;
  }
}
