/**
 * The texts of the page in its two languages. English stands in the code, French in the gettext
 * catalogue that Python uses too: `tools/client_texts.py` finds what `t`, `mark` and `plural` are
 * given, and writes the French beside this file when the client is built.
 */

import { messageKey } from "./key";

export const LANGUAGES = ["en", "fr"] as const;
export type Language = (typeof LANGUAGES)[number];
export type TextValues = Readonly<Record<string, string | number>>;

const STORAGE = "epoque.language";

let current = $state<Language>("en");
/** Key of a message to its French. */
let french: Readonly<Record<string, string>> = {};
/** Message to its French, of those that were asked for. */
const translated = new Map<string, string>();

/** The language in use; what reads it in markup is drawn again when it changes. */
export function language(): Language {
  return current;
}

/** Changes the language of the page, and remembers it in this browser. */
export async function useLanguage(chosen: Language): Promise<void> {
  if (chosen === "fr") french = unpackTexts((await import("./french")).texts);
  translated.clear();
  current = chosen;
  document.documentElement.lang = chosen;
  remember(chosen);
}

/** Key to text of texts in the order of their keys, of which each is told by its distance from the one before. */
export function unpackTexts({ keys, texts }: { readonly keys: string; readonly texts: readonly string[] }): Readonly<Record<string, string>> {
  const steps = keys.split(" ");
  let key = 0;
  return Object.fromEntries(texts.map((text, i) => [(key += parseInt(steps[i]!, 36)).toString(36), text]));
}

/** The language that a link, this browser's memory or its preferences ask for. */
export function preferredLanguage(asked?: string | null): Language {
  const candidates = [asked, recall(), ...navigator.languages.map((tag) => tag.slice(0, 2))];
  const known = candidates.find((tag) => LANGUAGES.includes(tag as Language));
  return (known as Language | undefined) ?? "en";
}

/**
 * The message in the language in use, with `{name}` replaced by values; numbers as the language
 * writes them.
 */
export function t(message: string, values: TextValues = {}): string {
  return translate(message).replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    if (value === undefined) return whole;
    return typeof value === "number" ? formatNumber(value) : value;
  });
}

function translate(message: string): string {
  if (current === "en") return message;
  const known = translated.get(message);
  if (known !== undefined) return known;
  const text = french[messageKey(message)] ?? message;
  translated.set(message, text);
  return text;
}

/** Marks a message that `t` translates where it is shown. */
export function mark(message: string): string {
  return message;
}

/**
 * A label, its colon as the language in use sets it, and what follows: French has a space before it,
 * so nothing that is read puts a colon behind a text by itself.
 */
export function withColon(label: string, rest = ""): string {
  return rest ? t("{label}: {rest}", { label, rest }) : t("{label}:", { label });
}

/** Clauses with semicolons between them, as the language in use sets those. */
export function joinClauses(clauses: readonly string[]): string {
  const [first = "", ...others] = clauses;
  return others.reduce((before, rest) => t("{first}; {rest}", { first: before, rest }), first);
}

/** `one` or `other` as the language counts, with `{count}` replaced. */
export function plural(one: string, other: string, count: number, values: TextValues = {}): string {
  const rule = new Intl.PluralRules(current).select(count);
  return t(rule === "one" ? one : other, { count, ...values });
}

const formats = new Map<string, Intl.NumberFormat>();

/** A number as the language in use writes it, with a real minus sign. */
export function formatNumber(value: number, options: Intl.NumberFormatOptions = {}): string {
  const id = current + JSON.stringify(options);
  let format = formats.get(id);
  if (!format) formats.set(id, (format = new Intl.NumberFormat(current, options)));
  return format.format(value).replace("-", "−");
}

/** A measured number to some significant digits: 1,234; 0.0312; 3.1e−7; "–" for none. */
export function formatMeasure(value: number | null | undefined, digits = 3): string {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e7)) return formatPower(value, digits);
  const whole = size === 0 ? 1 : Math.floor(Math.log10(size)) + 1;
  const decimals = Math.max(0, digits - whole);
  return formatNumber(value, { maximumFractionDigits: decimals });
}

function formatPower(value: number, digits: number): string {
  const [mantissa = "", exponent = ""] = value.toExponential(digits - 1).split("e");
  const factor = formatNumber(Number(mantissa), { maximumFractionDigits: digits - 1 });
  return `${factor}e${exponent.replace("-", "−").replace("+", "")}`;
}

/** A moment as the language in use writes dates. */
export function formatDate(moment: Date | string | number): string {
  const options: Intl.DateTimeFormatOptions = { dateStyle: "medium", timeStyle: "short" };
  return new Intl.DateTimeFormat(current, options).format(new Date(moment));
}

function remember(chosen: Language): void {
  try {
    localStorage.setItem(STORAGE, chosen);
  } catch {
    // A browser that stores nothing asks again.
  }
}

function recall(): string | null {
  try {
    return localStorage.getItem(STORAGE);
  } catch {
    return null;
  }
}
