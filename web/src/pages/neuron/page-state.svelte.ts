/** What the neuron's page shows, shared by a training and the one that is compared with it. */

import { UNIT, type View } from "../../canvas";
import { wholeView } from "../../canvas/view";
import { nameOwnData, readTable, readTableFile, type Table } from "../../data";
import { type Choice, type ClassPoint, keepClassTable, MOST_POINTS, pickClassPoints, readClassPoints, suggestColumns, writeClassPoints } from "../../data/class-points";
import { DrawingPage } from "../../run/drawing-page.svelte";
import { noteTable } from "../../form/upload-names";
import type { LiveRun } from "../../run/live-run.svelte";
import { t } from "../../i18n";
import { PointsSketch } from "./sketch";

export const LOOK_NAMES = ["steps", "test", "mistakes", "proof"] as const;
export type LookName = (typeof LOOK_NAMES)[number];
export type Looks = Readonly<Record<LookName, boolean>>;

export class PageState extends DrawingPage {
  looks = $state.raw<Looks>({ steps: false, test: true, mistakes: false, proof: false });
  view = $state.raw<View>(wholeView(UNIT, 0));
  range = $state.raw<readonly [number, number] | null>(null);
  /** Numbers of the inputs along the axes of the plane. */
  axes = $state.raw<readonly [number, number]>([0, 1]);

  sketch = $state.raw(new PointsSketch([]));
  tool = $state<"one" | "zero" | "move" | "erase">("one");

  /** A table whose columns are being chosen. */
  table = $state.raw<{ readonly name: string; readonly table: Table; readonly choice: Choice } | null>(null);
  /** What the inputs are called, where the points are a table's. */
  names = $state.raw<readonly string[]>([]);

  toggle(name: LookName): void {
    this.looks = { ...this.looks, [name]: !this.looks[name] };
  }

  startDrawing(run: LiveRun): void {
    this.pauseToDraw(run);
    this.view = wholeView({ left: -6, bottom: -6, size: 12 }, this.view.side);
    const points = readClassPoints(run.config["csv"]);
    if (points && !this.sketch.points.length) this.sketch = new PointsSketch(points);
  }

  /** Trains on what was drawn. */
  async learnDrawing(run: LiveRun): Promise<void> {
    const points = this.sketch.points;
    this.problem = findLack(points);
    if (this.problem) return;
    await run.setMany({ data: "csv", csv: writeClassPoints(points), scale: "none" });
    this.problem = run.problems["csv"] ?? run.problems["data"] ?? "";
    if (this.problem) return;
    this.names = ["x1", "x2"];
    this.isDrawing = false;
  }

  takeFile(file: File): Promise<void> {
    return this.attempt(async () => this.#open(file.name, await readTableFile(file, MOST_POINTS)));
  }

  takeText(text: string): Promise<void> {
    return this.attempt(() => Promise.resolve(this.#open(t("pasted table"), readTable(text, MOST_POINTS))));
  }

  #open(name: string, table: Table): void {
    this.table = { name, table, choice: suggestColumns(table) };
  }

  /** Trains on the chosen columns. */
  async learnTable(run: LiveRun, scale: string): Promise<void> {
    const { table: asked } = this;
    if (!asked) return;
    await this.attempt(async () => {
      const { table, choice } = asked;
      const points = pickClassPoints(table, choice);
      const name = nameOwnData(asked.name, points.data);
      const nameOf = (column: number) => table.header[column] || String(column + 1);
      keepClassTable(name, points);
      noteTable(name, { file: asked.name, inputs: choice.inputs.map(nameOf), label: nameOf(choice.label) });
      await run.setMany({ data: "csv", csv: name, scale });
      this.problem = run.problems["csv"] ?? run.problems["data"] ?? "";
      if (this.problem) return;
      this.names = choice.inputs.map((column) => table.header[column] ?? String(column + 1));
      this.axes = [0, 1];
      this.table = null;
      this.isDrawing = false;
    });
  }
}

function findLack(points: readonly ClassPoint[]): string {
  const kinds = new Set(points.map(({ kind }) => kind));
  return kinds.size === 2 ? "" : t("Draw points of both classes first.");
}
