/**
 * What is dropped on the window. A browser opens a file that is dropped where nobody takes it, and the
 * page with its training is gone: so the whole window takes it, or says why it does not.
 */

import { t } from "../i18n";
import { ENDING } from "../link/ending";
import { openFile } from "./open-file";

type Take = (file: File) => void;

let take = $state.raw<Take | null>(null);
let isOver = $state(false);
let refusal = $state("");

/** Whether a file is held over a window that takes it. */
export function isFileOver(): boolean {
  return isOver && take !== null;
}

/** Why the last drop was not taken; empty where it was. */
export function dropRefusal(): string {
  return refusal;
}

export function forgetRefusal(): void {
  refusal = "";
}

/** Opens the file of an experiment, or says why not. */
export async function openExperiment(file: File): Promise<void> {
  refusal = await openFile(file);
}

/** Lets a page take the files that are dropped anywhere on the window; returns how to stop. Called in an effect. */
export function takeDrops(taker: Take): () => void {
  take = taker;
  return () => {
    if (take === taker) take = null;
  };
}

/** Watches the window; returns how to stop. The frame of all pages calls it in an effect. */
export function followDrops(): () => void {
  const listeners = { dragover, drop, dragleave, dragend: leave };
  const entries = Object.entries(listeners) as [keyof typeof listeners, (event: DragEvent) => void][];
  for (const [name, listener] of entries) addEventListener(name, listener);
  return () => {
    for (const [name, listener] of entries) removeEventListener(name, listener);
  };
}

function dragover(event: DragEvent): void {
  isOver = false;
  if (isLeftAlone(event)) return;
  event.preventDefault();
  const holdsFiles = event.dataTransfer?.types.includes("Files") ?? false;
  isOver = holdsFiles;
  // Without an effect nothing could be dropped, and nobody would learn why.
  if (event.dataTransfer) event.dataTransfer.dropEffect = holdsFiles ? "copy" : "none";
}

function drop(event: DragEvent): void {
  isOver = false;
  if (isLeftAlone(event)) return;
  event.preventDefault();
  const files = event.dataTransfer?.files;
  const [file] = files ?? [];
  if (files?.length === 1 && file?.name.endsWith(ENDING)) {
    void openExperiment(file);
    return;
  }
  refusal = whyRefused(files?.length ?? 0);
  if (file && !refusal) take?.(file);
}

function whyRefused(count: number): string {
  if (count === 0) return t("Only files can be dropped here.");
  if (!take) return t("No file is taken here: drop it on the page of the neuron or of the GAN, or at a setting that takes one.");
  return count > 1 ? t("One file is taken at a time; {count} were dropped.", { count }) : "";
}

function dragleave(event: DragEvent): void {
  // Of the window, not of one element for another.
  if (event.relatedTarget === null) leave();
}

function leave(): void {
  isOver = false;
}

/** A place of its own took it, or it is text that is dragged into a field. */
function isLeftAlone(event: DragEvent): boolean {
  if (event.defaultPrevented) return true;
  const isFile = event.dataTransfer?.types.includes("Files") ?? false;
  return !isFile && event.target instanceof Element && event.target.closest("input:not([type=file]), textarea") !== null;
}
