/** Experiments that were saved as files: chosen, or dropped anywhere on a page. */

import { readExperimentFile } from "../link/experiment-file";
import { goTo } from "./router.svelte";

/** Opens the experiment of a file; returns what is wrong with the file, "" if nothing. */
export async function openFile(file: File): Promise<string> {
  try {
    const { path, query } = await readExperimentFile(file);
    goTo(path, query);
    return "";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
