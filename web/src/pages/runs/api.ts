/** What the server says of runs. */

import type { NdArray } from "../../engines/session";
import { addressIn, loadSite } from "../../engines/site";
import { language } from "../../i18n";
import { ask, getJson, readRefusal } from "../../labs";
import { parseSafetensors } from "./safetensors";

export type RunState = "running" | "finished" | "failed" | "interrupted" | "damaged";
export type Plain = Readonly<Record<string, unknown>>;

export interface RunRow {
  readonly id: string;
  readonly created: string;
  readonly state: RunState;
  readonly reason: string;
  readonly lab: string | null;
  readonly recipe: string | null;
  /** That it was given; null where the time and the recipe made it. */
  readonly name: string | null;
  readonly seconds: number | null;
  readonly values: Plain;
}

export interface Column {
  readonly name: string;
  readonly part: "about" | "settings" | "timings" | "results";
}

export interface RunsPage {
  readonly rows: readonly RunRow[];
  readonly total: number;
  readonly unread: number;
  readonly columns: readonly Column[] | null;
  readonly in_memory: boolean;
  readonly folder: string;
}

/** How much is done, and of how much; null where nobody knows. */
export interface Progress {
  readonly done: number;
  readonly total: number | null;
}

export interface RunInfo extends RunRow {
  readonly path: string;
  readonly settings: Plain;
  readonly recipe_settings: Plain | null;
  readonly results: Plain;
  readonly not_measured: Readonly<Record<string, string>>;
  readonly timings: Plain;
  readonly environment: Plain | null;
  readonly metrics: readonly string[];
  readonly figures: readonly string[];
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
  readonly checkpoints: readonly number[];
  readonly snapshots: number;
  readonly command: string | null;
  readonly resume: string | null;
  /** How far its training is; null unless it is being trained. */
  readonly progress: Progress | null;
  /** Whether this studio trains it, and can stop it. */
  readonly background: boolean;
  readonly notes: readonly string[];
}

export interface CurvesAnswer {
  readonly names: readonly string[];
  readonly steps: readonly number[];
  readonly seconds: readonly (number | null)[] | null;
  readonly values: Readonly<Record<string, readonly (number | null)[]>>;
  readonly rows: number;
  readonly total: number;
  readonly cursor: string;
  readonly reset: boolean;
  readonly state: RunState;
  readonly damage: string | null;
}

/** Which rows of the table. */
export interface TableQuery {
  readonly where: string;
  readonly sort: string;
  readonly descending: boolean;
  readonly show: readonly string[];
}

/** The address of a run on the server; an id may hold anything. */
export function addressOf(id: string, rest = ""): string {
  return `./api/runs/${encodeURIComponent(id)}${rest}`;
}

/** The address of a figure of a run, in the language in use. */
export function addressOfFigure(id: string, file: string, theme: "light" | "dark"): string {
  return addressIn(language(), `runs/${encodeURIComponent(id)}/figures/${encodeURIComponent(file)}`, `theme=${theme}`);
}

export async function listRuns(query: TableQuery, offset: number, limit: number, columns = false): Promise<RunsPage> {
  const { where, sort, descending, show } = query;
  const asked = new URLSearchParams({
    ...{ where, sort, descending: String(descending), show: show.join() },
    ...{ offset: String(offset), limit: String(limit), columns: String(columns) },
  });
  await loadSite();
  return getJson(addressIn(language(), "runs", String(asked)));
}

export async function loadRun(id: string): Promise<RunInfo> {
  await loadSite();
  return getJson(addressIn(language(), `runs/${encodeURIComponent(id)}`));
}

export interface CurvesQuery {
  readonly cursor?: string;
  readonly points?: number;
  readonly range?: readonly [number, number];
}

export function loadCurves(id: string, { cursor = "", points = 1000, range }: CurvesQuery): Promise<CurvesAnswer> {
  const asked = new URLSearchParams({ from: cursor, points: String(points) });
  if (range) {
    asked.set("low", String(range[0]));
    asked.set("high", String(range[1]));
  }
  return getJson(addressOf(id, `/metrics?${asked}`));
}

export async function loadSnapshotSteps(id: string): Promise<readonly number[]> {
  return (await getJson<{ steps: readonly number[] }>(addressOf(id, "/snapshots"))).steps;
}

export async function loadSnapshot(id: string, step: number): Promise<Readonly<Record<string, NdArray>>> {
  const response = await ask(addressOf(id, `/snapshots/${step}`));
  if (!response.ok) throw new Error(await readRefusal(response));
  return parseSafetensors(await response.arrayBuffer());
}

export async function deleteRun(id: string): Promise<void> {
  await send(addressOf(id), "DELETE");
}

export async function restoreRun(id: string): Promise<void> {
  await send(addressOf(id, "/restore"), "POST");
}

/** Has the server go on with a run in the background. */
export async function resumeRun(id: string): Promise<void> {
  await send(addressOf(id, "/resume"), "POST");
}

/** Stops a run that the server trains: it can be gone on with. */
export async function stopRun(id: string): Promise<void> {
  await send(addressOf(id, "/stop"), "POST");
}

/** One of those that lie in the trash. */
export interface TrashedRun {
  readonly id: string;
  readonly moment: string;
  /** ISO 8601; empty of a moment that is none. */
  readonly deleted: string;
  readonly lab: string | null;
  readonly recipe: string | null;
  readonly name: string | null;
  readonly bytes: number;
}

export interface TrashPage {
  readonly entries: readonly TrashedRun[];
  readonly total: number;
  readonly folder: string;
}

export function loadTrash(): Promise<TrashPage> {
  return getJson("./api/trash");
}

/** Brings one back, under its name or another; resolves with its id. */
export async function restoreFromTrash({ id, moment }: TrashedRun, name: string | null = null): Promise<string> {
  const response = await send("./api/trash/restore", "POST", { entry: { id, moment }, name });
  return ((await response.json()) as { id: string }).id;
}

/** Deletes these for good; resolves with how many. */
export async function emptyTrash(entries: readonly TrashedRun[]): Promise<number> {
  const response = await send("./api/trash/empty", "POST", entries.map(({ id, moment }) => ({ id, moment })));
  return (await response.json()) as number;
}

async function send(address: string, method: string, body?: unknown): Promise<Response> {
  const said = body === undefined ? {} : { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const response = await ask(address, { method, ...said });
  if (!response.ok) throw new Error(await readRefusal(response));
  return response;
}
