/** Values as a user types them: read, checked, in the words of the Python errors and their French, written back. */

import { formatNumber, t } from "../i18n";
import type { Bounds, Setting } from "./schema";
import { writeValue } from "./write";

export { writeValue };

/** What a text stands for, or what is wrong with it. */
export type Reading = { readonly value: unknown } | { readonly problem: string };

/** What some languages write between thousands. */
const SPACES = /[\s_\u00a0\u202f]/g;
const THOUSANDS = /^[+-]?\d{1,3}(,\d{3})+(\.\d*)?$/;
const WHOLE = /^[+-]?\d+(_\d+)*$/;
const NUMBER = /^[+-]?(\d+(_\d+)*\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** Reads a typed text as a setting's value; a comma or point stands before decimals. */
export function readText(setting: Setting, text: string): Reading {
  const trimmed = text.trim().replace(/−/g, "-");
  if (setting.optional && ["", "none", "null", t("none")].includes(trimmed.toLowerCase())) return { value: null };
  const value = parseText(setting, trimmed);
  // The value as it was typed: 1e9, not 1000000000.
  const isWrong = value === undefined || checkValue(setting, value) !== null;
  return isWrong ? { problem: refusal(setting, trimmed) } : { value };
}

function parseText(setting: Setting, text: string): unknown {
  switch (setting.kind) {
    case "integer":
      return readWhole(text);
    case "number":
      return readNumber(text);
    case "boolean":
      return { true: true, false: false }[text.toLowerCase()];
    case "list":
      return readList(text, readWhole);
    case "choices":
    case "texts":
      return splitTexts(text);
    case "file":
      return Array.isArray(setting.default) ? splitTexts(text) : text;
    default:
      return text;
  }
}

function splitTexts(text: string): string[] {
  return text ? text.split(",").map((part) => part.trim()) : [];
}

function readWhole(text: string): number | undefined {
  const spaceless = text.replace(SPACES, "");
  // As fields show it: "1,234" in English.
  const plain = THOUSANDS.test(spaceless) ? spaceless.replaceAll(",", "") : spaceless;
  return WHOLE.test(plain) ? Number(plain) : undefined;
}

function readNumber(text: string): number | undefined {
  const spaceless = text.replace(SPACES, "");
  const isThousands = THOUSANDS.test(spaceless) && formatNumber(1000) === "1,000";
  const plain = isThousands ? spaceless.replaceAll(",", "") : spaceless.replace(/^([^,.]*),([^,.]*)$/, "$1.$2");
  return NUMBER.test(plain) && Number.isFinite(Number(plain)) ? Number(plain) : undefined;
}

function readList(text: string, read: (part: string) => number | undefined): number[] | undefined {
  if (!text) return [];
  const parts = text.split(/[,;]/).map((part) => read(part.trim()));
  return parts.every((part) => part !== undefined) ? parts : undefined;
}

/** What is wrong with a value, as Python says it; null if nothing is. */
export function checkValue(setting: Setting, value: unknown): string | null {
  if (value === null) return setting.optional ? null : refusal(setting, "none");
  return isAllowed(setting, value) ? null : refusal(setting, writeValue(value));
}

function isAllowed(setting: Setting, value: unknown): boolean {
  switch (setting.kind) {
    case "integer":
      return Number.isInteger(value) && isWithin(setting.bounds, value as number);
    case "number":
      return Number.isFinite(value) && isWithin(setting.bounds, value as number);
    case "boolean":
      return typeof value === "boolean";
    case "choice":
      return setting.choices.includes(String(value));
    case "list":
      return isList(value, setting.maxItems) && value.every((item) => Number.isInteger(item) && isWithin(setting.items, item as number));
    case "choices":
      return isList(value, setting.maxItems) && value.every((item) => setting.choices.includes(String(item)));
    case "texts":
      return isList(value, setting.maxItems) && value.every((item) => typeof item === "string");
    case "file":
      if (!Array.isArray(setting.default)) return typeof value === "string";
      return isList(value, setting.maxItems) && value.every((item) => typeof item === "string");
    default:
      return typeof value === "string";
  }
}

function isList(value: unknown, maxItems: number): value is unknown[] {
  return Array.isArray(value) && value.length <= maxItems;
}

/** Whether a number keeps to its bounds. */
export function isWithin(bounds: Bounds, value: number): boolean {
  return (
    value >= (bounds.minimum ?? -Infinity) &&
    value <= (bounds.maximum ?? Infinity) &&
    value > (bounds.exclusiveMinimum ?? -Infinity) &&
    value < (bounds.exclusiveMaximum ?? Infinity)
  );
}

function refusal(setting: Setting, text: string): string {
  return t("{value} is not allowed; it takes {what}.", { value: text || t("an empty text"), what: allowedValues(setting) });
}

/** What a setting takes, in the words of `epoque.bench.setting_types.allowed_values`. */
export function allowedValues(setting: Setting): string {
  const words = kindInWords(setting);
  const saysNone = setting.kind === "choice" && setting.choices.includes("none");
  return setting.optional && !saysNone ? t("{what}, or none", { what: words }) : words;
}

function kindInWords(setting: Setting): string {
  switch (setting.kind) {
    case "integer":
      return numberInWords(t("a whole number"), setting.bounds);
    case "number":
      return numberInWords(t("a finite number"), setting.bounds);
    case "boolean":
      return t("true or false");
    case "choice":
      return oneOf(setting.choices);
    case "list":
      return listInWords("4,2", numberInWords(t("a whole number"), setting.items));
    case "choices":
      return listInWords(setting.choices.slice(0, 2).join(), oneOf(setting.choices));
    case "texts":
      return t("a list such as a.txt,b.txt");
    case "file":
      if (setting.endings.length === 0) return oneOf(setting.names);
      return t("a file that ends in {endings}", { endings: setting.endings.map((ending) => `.${ending}`).join(", ") });
    default:
      return t("text");
  }
}

function oneOf(names: readonly string[]): string {
  return t("one of {names}", { names: names.join(", ") || "none" });
}

function listInWords(example: string, what: string): string {
  return t("a list such as {example} in which each is {what}", { example, what });
}

function numberInWords(kind: string, bounds: Bounds): string {
  const limits = [
    [bounds.exclusiveMinimum, (bound: string) => t("greater than {bound}", { bound })],
    [bounds.minimum, (bound: string) => t("at least {bound}", { bound })],
    [bounds.exclusiveMaximum, (bound: string) => t("less than {bound}", { bound })],
    [bounds.maximum, (bound: string) => t("at most {bound}", { bound })],
  ] as const;
  const words = limits.flatMap(([bound, say]) => (bound === undefined ? [] : [say(formatNumber(bound, { maximumFractionDigits: 20 }))]));
  return [kind, words.join(t(" and "))].join(" ").trim();
}

/** A value as a field shows it; it can be typed back. */
export function showValue(value: unknown): string {
  if (value === null || value === undefined) return t("none");
  if (typeof value === "number") return showNumber(value);
  return Array.isArray(value) ? value.map(String).join(", ") : String(value);
}

function showNumber(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e15)) return String(value).replace(/-/g, "−");
  return formatNumber(value, { maximumFractionDigits: 12 });
}
