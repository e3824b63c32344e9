/** Runs in words: values, states, sizes, as text and never as markup. */

import type { Setting } from "../../form/schema";
import { nameOfFile } from "../../form/upload-names";
import { formatDate, formatMeasure, formatNumber, mark, t } from "../../i18n";
import { findLabel, type Labels } from "../../result-labels";
import type { Progress, RunRow, RunState } from "./api";

const STATES: Readonly<Record<RunState, readonly [string, string]>> = {
  running: ["○", mark("running")],
  finished: ["●", mark("finished")],
  failed: ["✕", mark("failed")],
  interrupted: ["‖", mark("interrupted")],
  damaged: ["?", mark("damaged")],
};

/** A sign for a state: color is never alone. */
export function signOf(state: RunState): string {
  return STATES[state][0];
}

export function wordOf(state: RunState): string {
  return t(STATES[state][1]);
}

/** A value as a cell shows it. */
export function cellText(value: unknown): string {
  if (value === null || value === undefined) return "–";
  if (typeof value === "number") return Number.isInteger(value) && Math.abs(value) < 1e7 ? formatNumber(value, { useGrouping: false }) : formatMeasure(value, 4);
  if (typeof value === "boolean") return value ? t("yes") : t("no");
  if (Array.isArray(value)) return value.length ? value.map(cellText).join(", ") : "–";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** A setting's value in the words that its lab has for it. */
export function settingText(setting: Setting | undefined, value: unknown): string {
  if (setting?.kind === "choice" && typeof value === "string") return setting.words[value] ?? value;
  if (setting?.kind === "choices" && Array.isArray(value) && value.length) return value.map((each) => setting.words[String(each)] ?? each).join(", ");
  if (setting?.kind !== "file" || !value) return cellText(value);
  const name = Array.isArray(value) ? value.join(", ") : String(value);
  return name.trimStart().startsWith("{") ? t("a drawing") : nameOfFile(name);
}

/** What every run notes of where it was computed, and of its times. */
const FACTS: Labels = {
  python: "Python",
  platform: mark("Operating system"),
  machine: mark("Kind of processor"),
  processor: mark("Processor"),
  cores: mark("Cores"),
  device: mark("Computed on"),
  processes: mark("Processes"),
  packages: mark("Packages"),
  commit: mark("Version of the code"),
  seed: mark("Seed"),
  threads: mark("Threads"),
  engine: mark("Engine"),
  engine_sha256: mark("Digest of the engine"),
  training_seconds: mark("Seconds of training"),
  images_per_second: mark("Images a second"),
  seconds_per_image: mark("Seconds an image"),
};

/** A reader's words for such a fact; null of others. */
export function factLabel(name: string): string | null {
  return findLabel(Object.fromEntries(Object.entries(FACTS).map(([fact, words]) => [fact, t(words)])), name);
}

/** What the table calls its own columns; null for settings and results. */
export function columnTitle(name: string): string | null {
  const own: Readonly<Record<string, string>> = {
    ...{ state: t("State"), id: t("Run"), created: t("Begun"), seconds: t("Time") },
    ...{ lab: t("Lab"), recipe: t("Recipe"), reason: t("Reason") },
  };
  return own[name] ?? null;
}

/** What a run is called: by the name that it was given, else by its recipe. */
export function titleOf(run: Pick<RunRow, "id" | "name" | "recipe">): string {
  return run.name ?? run.recipe ?? run.id;
}

/** How far a training is: "1,200 of 5,000", "34 %". */
export function progressText({ done, total }: Progress): string {
  if (total === null) return formatNumber(done);
  if (total === 1) return formatNumber(done, { style: "percent", maximumFractionDigits: 0 });
  return t("{done} of {total}", { done: formatNumber(done), total: formatNumber(total) });
}

/** A length of time: 3.2 s, 4 min 10 s, 2 h 3 min. */
export function durationText(seconds: number | null): string {
  if (seconds === null) return "–";
  if (seconds < 60) return t("{seconds} s", { seconds: formatMeasure(seconds, 3) });
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return t("{minutes} min {seconds} s", { minutes, seconds: Math.round(seconds % 60) });
  return t("{hours} h {minutes} min", { hours: Math.floor(minutes / 60), minutes: minutes % 60 });
}

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;

/** A size: 12.3 kB, in French 12,3 ko. */
export function bytesText(bytes: number): string {
  const power = bytes < 1000 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3));
  return formatNumber(bytes / 1000 ** power, { style: "unit", unit: UNITS[power], maximumSignificantDigits: 3 } as Intl.NumberFormatOptions);
}

/** When a run was made; a clock may have told nonsense. */
export function dateText(created: string): string {
  const moment = new Date(created);
  return Number.isNaN(moment.getTime()) || moment.getFullYear() < 1971 ? "–" : formatDate(moment);
}

/** How a run stands, in one sentence. */
export function stateSentence(run: RunRow): string {
  const values = { when: dateText(run.created), time: durationText(run.seconds), reason: run.reason.replace(/\.$/, "") };
  switch (run.state) {
    case "finished":
      return t("Begun {when}, finished after {time}.", values);
    case "running":
      return t("Begun {when}; it is training.", values); // its seconds are told when it stands
    case "damaged":
      return t("It cannot be read: {reason}.", values);
    case "failed":
      return t("Begun {when}, failed after {time}: {reason}.", values);
    default:
      return values.reason
        ? t("Begun {when}, interrupted after {time}: {reason}.", values)
        : t("Begun {when}, interrupted after {time}.", values);
  }
}
