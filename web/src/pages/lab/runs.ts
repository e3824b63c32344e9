/** The runs of a lab that the server has: their results, figures and files. */

import { addressIn } from "../../engines/site";
import { language } from "../../i18n";
import { getJson } from "../../labs";

export interface RunRow {
  readonly id: string;
  readonly created: string;
  readonly state: string;
  readonly recipe: string | null;
}

export interface RunInfo extends RunRow {
  readonly results: Readonly<Record<string, unknown>>;
  readonly not_measured: Readonly<Record<string, string>>;
  readonly figures: readonly string[];
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
  readonly command: string | null;
}

const MOST = 10;

/** The newest runs of a lab. */
export async function listRuns(lab: string): Promise<readonly RunRow[]> {
  const where = encodeURIComponent(`lab=${lab}`);
  return (await getJson<{ rows: readonly RunRow[] }>(addressIn(language(), "runs", `where=${where}&limit=${MOST}`))).rows;
}

export function readRun(id: string): Promise<RunInfo> {
  return getJson(addressIn(language(), `runs/${encodeURIComponent(id)}`));
}

export function figureAddress(id: string, name: string, theme: "light" | "dark"): string {
  return addressIn(language(), `runs/${encodeURIComponent(id)}/figures/${encodeURIComponent(name)}.svg`, `theme=${theme}`);
}

export function fileAddress(id: string, name: string): string {
  return `./api/runs/${encodeURIComponent(id)}/files/${name.split("/").map(encodeURIComponent).join("/")}`;
}
