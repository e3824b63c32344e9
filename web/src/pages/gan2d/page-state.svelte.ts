/** What the GAN's page shows, shared by a training and the one that is compared with it. */

import { UNIT, type View } from "../../canvas";
import { wholeView } from "../../canvas/view";
import {
  checkPoints,
  fitUserPoints,
  keepPoints,
  nameOwnData,
  pickUserPoints,
  readDrawing,
  readPicture,
  readTableFile,
  writeDrawing,
} from "../../data";
import { DrawingPage } from "../../run/drawing-page.svelte";
import type { LiveRun } from "../../run/live-run.svelte";
import { FIRST_LOOKS, type LayerName, type Looks, toggleLayer } from "./layers";
import { EMPTY, type Sketch } from "./sketch";

export class PageState extends DrawingPage {
  looks = $state.raw<Looks>(FIRST_LOOKS);
  /** What is shown of the plane. */
  view = $state.raw<View>(wholeView(UNIT, 0));
  /** The part of the curves that is shown; null for all. */
  range = $state.raw<readonly [number, number] | null>(null);

  sketch = $state.raw<Sketch>(EMPTY);
  tool = $state<"draw" | "erase">("draw");
  /** The radius of the eraser, in widths of the square. */
  brush = $state(0.04);

  toggle(name: LayerName): void {
    this.looks = toggleLayer(this.looks, name);
  }

  startDrawing(run: LiveRun): void {
    this.pauseToDraw(run);
    const text = run.config["drawing"];
    if (this.sketch.strokes.length || typeof text !== "string" || !text.trimStart().startsWith("{")) return;
    try {
      this.sketch = { strokes: readDrawing(text), before: [] };
    } catch {
      // The recipe's drawing cannot be read: the sheet is empty.
    }
  }

  /** Trains on what was drawn. */
  learnDrawing(run: LiveRun): Promise<void> {
    return this.attempt(async () => {
      await run.setMany({ data: "drawing", drawing: writeDrawing(this.sketch.strokes) });
      this.isDrawing = false;
    });
  }

  /** Trains on a file: a picture's silhouette, the points of a table, a drawing. */
  takeFile(run: LiveRun, kind: "image" | "csv" | "drawing", file: File): Promise<void> {
    return this.attempt(async () => {
      if (kind === "drawing") {
        const strokes = readDrawing(await file.text());
        this.sketch = { strokes, before: this.sketch.before };
        await run.setMany({ data: "drawing", drawing: writeDrawing(strokes) });
        return;
      }
      if (kind === "image") {
        const points = await readPicture(file);
        const name = nameOwnData(file.name, points.points);
        keepPoints(name, points);
        await run.setMany({ data: "image", image: name });
        return;
      }
      const own = pickUserPoints(await readTableFile(file));
      const points = Array.from(own.points);
      // The picture and the measures look at the square from 0 to 1: what lies elsewhere is scaled into it.
      const fit = !points.every((value) => value >= 0 && value <= 1);
      checkPoints(fit ? fitUserPoints(own) : { ...own, points: Float32Array.from(points) });
      const name = nameOwnData(file.name, points);
      keepPoints(name, own);
      await run.setMany({ data: "csv", csv: name, fit });
    });
  }
}

/** What kind of data a file's name promises. */
export function kindOfFile(name: string): "image" | "csv" | "drawing" {
  if (/\.(csv|tsv|txt)$/i.test(name)) return "csv";
  return /\.json$/i.test(name) ? "drawing" : "image";
}
