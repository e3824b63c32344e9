/**
 * What is read is a whole message of the catalogue: a text that is put together here cannot be set as
 * another language sets it, which begins with the space that French has before a colon.
 */

import { expect, test } from "vitest";

const sources: Record<string, string> = import.meta.glob(["../src/**/*.ts", "../src/**/*.svelte"], { query: "?raw", import: "default", eager: true });

/** These write for programs, or in the words of Python's errors, whose colons are of one language. */
const OF_ONE_LANGUAGE = ["run/commands.ts", "pages/neuron/weights-file.ts", "form/problems.ts"];

/** A value with a colon, a semicolon, a question or exclamation mark behind it, in a template. */
const TEMPLATE = /\$\{[^`{}]*(?:\{[^`{}]*\}[^`{}]*)*\}[ \u00a0\u202f]?(?:[:;!?](?=[ \u00a0])|[:!?](?=`))/g;
/** The same in markup, where `VALUE` stands for each expression. */
const VALUE = "\u0001";
const MARKUP = new RegExp(`(?:${VALUE}[ \u00a0\u202f]?[:;!?]|>[:;])(?=\\s|<|${VALUE})`, "g");
/** A text of nothing but such a mark, with which others are joined. */
const GLUE = /join\((["'`])\s*[:;!?]\s+\1/g;

/** A component without its script and style, its expressions replaced. */
function markupOf(source: string): string {
  let markup = source.replace(/<(script|style)[\s\S]*?<\/\1>/g, "").replace(/<!--[\s\S]*?-->/g, "");
  for (let before = ""; before !== markup; ) [before, markup] = [markup, markup.replace(/\{[^{}]*\}/g, VALUE)];
  return markup;
}

test.each(Object.entries(sources))("%s puts no text together with a mark that French sets otherwise", (path, source) => {
  if (OF_ONE_LANGUAGE.some((file) => path.endsWith(file))) return;
  const code = source.replace(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/[^\n]*/g, "");
  const pieces = [...code.matchAll(TEMPLATE), ...code.matchAll(GLUE)];
  if (path.endsWith(".svelte")) pieces.push(...markupOf(source).matchAll(MARKUP));
  expect(pieces.map((piece) => piece.input.slice(Math.max(0, piece.index - 40), piece.index + 20))).toEqual([]);
});

test.each(["`${name}: ${value}`", "`${f({ a: 1 })}: `", 'parts.join("; ")', "`${count}?`"])("%s would be refused", (code) => {
  expect([...code.matchAll(TEMPLATE), ...code.matchAll(GLUE)]).not.toEqual([]);
});

test.each(["<li>{title}: <b>", "<p>{t('Points')}:\n", "<p>{name}?</p>"])("%s would be refused in markup", (code) => {
  expect([...markupOf(code).matchAll(MARKUP)]).not.toEqual([]);
});
