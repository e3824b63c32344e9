/** Files that a page gives: pictures, and numbers as CSV. */

import { type PictureFormat, renderCanvas, renderPicture, saveFile } from "../canvas/export";
import { toCsv } from "../curves/csv";
import type { History } from "../curves/history";
import type { Frame } from "../engines/session";
import { joinStills, type Still } from "./film";
import { t } from "../i18n";
import type { LiveRun } from "./live-run.svelte";
import type { Picture } from "./pictures";

/** A name for a file: "gan2d-ring-seed-7-3000-plane.png". */
export function fileName(run: LiveRun, what: string, ending: string): string {
  const recipe = (run.recipe ?? run.lab).replace(/[^a-z0-9]+/gi, "-");
  return `${recipe}-seed-${run.seed}-${run.step}-${what}.${ending}`;
}

/**
 * Draws a picture of the page into a file; `scale` pixels for each of its CSS pixels.
 *
 * @param letter of the training, where two are compared.
 */
export async function exportPicture(run: LiveRun, picture: Picture, format: PictureFormat, scale: number, letter = ""): Promise<void> {
  const drawable = picture(run.frame ?? undefined);
  saveFile(await renderPicture(drawable, format, scale), fileName(run, letter ? `${letter}-${drawable.name}` : drawable.name, format));
}

/** The metrics as CSV: a line an iteration, empty where one was not taken. */
export function metricsCsv(metrics: History): string {
  const series = metrics.names.map((name) => ({ name, ...metrics.curve(name) }));
  return toCsv(series, "step");
}

export function exportMetrics(run: LiveRun): void {
  saveFile(new Blob([metricsCsv(run.metrics)], { type: "text/csv" }), fileName(run, "metrics", "csv"));
}

/** The points of the moment that is shown as CSV: each array of pairs, a line a point. */
export function pointsCsv(frame: Frame): string {
  const lines = ["set,x,y"];
  for (const [name, { shape, data }] of Object.entries(frame.arrays)) {
    if (shape.length !== 2 || shape[1] !== 2) continue;
    for (let row = 0; row < data.length; row += 2) lines.push(`${name},${data[row]},${data[row + 1]}`);
  }
  return `${lines.join("\n")}\n`;
}

export function exportPoints(run: LiveRun): void {
  if (run.frame) saveFile(new Blob([pointsCsv(run.frame)], { type: "text/csv" }), fileName(run, "points", "csv"));
}

const FILM_MS = 67;
const MOST_STILLS = 150;

/** Iterations from one to another, both among them. */
export interface StepRange {
  readonly from: number;
  readonly to: number;
}

/** A film of the moments that were seen in a range of iterations; rejects with one sentence where there are none. */
export async function exportFilm(run: LiveRun, picture: Picture, range: StepRange, scale: number, progress: (share: number) => void): Promise<void> {
  run.pause();
  const seen = run.moments.frames.filter((frame) => frame.step >= range.from && frame.step <= range.to);
  if (!seen.length) throw new Error(t("No moment was seen from iteration {from} to {to}.", { from: range.from, to: range.to }));
  const count = Math.min(seen.length, MOST_STILLS);
  const stills: Still[] = [];
  let [width, height] = [0, 0];
  for (let i = 0; i < count; i++) {
    const frame = seen[Math.round((i * (seen.length - 1)) / Math.max(1, count - 1))] as Frame;
    const canvas = renderCanvas(picture(frame), scale);
    [width, height] = [canvas.width, canvas.height];
    const isLast = i === count - 1;
    stills.push({ webp: await toWebp(canvas), milliseconds: isLast ? 20 * FILM_MS : FILM_MS });
    progress((i + 1) / count);
  }
  const film = joinStills(stills, width, height);
  saveFile(new Blob([film], { type: "image/webp" }), fileName(run, `film-from-${seen[0]!.step}-to-${seen.at(-1)!.step}`, "webp"));
}

function toWebp(canvas: HTMLCanvasElement): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const take = (blob: Blob | null) => {
      if (blob?.type === "image/webp") blob.arrayBuffer().then((bytes) => resolve(new Uint8Array(bytes)), reject);
      else reject(new Error(t("This browser writes no WebP pictures.")));
    };
    canvas.toBlob(take, "image/webp", 0.9);
  });
}
