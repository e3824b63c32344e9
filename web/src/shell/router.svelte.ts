/**
 * Where the page is: `#/gan2d?recipe=ganlab-ring&seed=7`. Everything stands in the fragment, since a
 * static site has no server that would answer other addresses.
 */

import { untrack } from "svelte";

import { recallQueries, rememberQueries } from "./last-place";

export interface Place {
  /** "/", "/gan2d", "/runs/ID". */
  readonly path: string;
  /** What follows "?" in the fragment. */
  readonly query: string;
}

/** Grows when the reader goes somewhere, not when the page notes its state in the address. */
let visits = $state(0);

export function visitCount(): number {
  return visits;
}

/** The fragment that the page knows of: the address has another one where the reader just went there. */
let known = typeof location === "undefined" ? "" : location.hash;
let place = $state.raw<Place>(parsePlace(known));

/** The place that the address names; what reads it in markup is drawn again when it changes. */
export function currentPlace(): Place {
  return place;
}

let queries = $state.raw(recallQueries());

/**
 * The query with which a page was last shown in this tab; a link with it goes on where the reader
 * was. Without the language: the reader may have chosen another one since.
 */
export function lastQuery(path: string): string {
  return withoutLanguage(queries[path] ?? "");
}

/** A query that leaves the language as it is. */
export function withoutLanguage(query: string): string {
  return query
    .split("&")
    .filter((pair) => !pair.startsWith("lang="))
    .join("&");
}

/** Notes how a page was last shown. */
export function noteQuery(path: string, query: string): void {
  const noted = untrack(() => queries);
  if (noted[path] === query) return;
  queries = { ...noted, [path]: query };
  rememberQueries(queries);
}

/** Splits a fragment; one that names no path is home. */
export function parsePlace(fragment: string): Place {
  const text = fragment.replace(/^#/, "");
  const mark = text.indexOf("?");
  const path = mark < 0 ? text : text.slice(0, mark);
  return { path: path.startsWith("/") ? path : "/", query: mark < 0 ? "" : text.slice(mark + 1) };
}

/** The address of a place, for `href`. */
export function hrefOf(path: string, query = ""): string {
  return `#${path}${query ? `?${query}` : ""}`;
}

/** Goes to a place, as a link does; one that is shown already is opened anew. */
export function goTo(path: string, query = ""): void {
  const fragment = hrefOf(path, query);
  if (fragment === location.hash) visits++;
  else location.hash = fragment;
}

/**
 * Writes the query of a page into the address without a new entry in the history; a page that the
 * reader has left, and that stays in view while the next one loads, writes nothing; nor does one in
 * the moment between a link that is followed and the event that says so: the link would be lost.
 */
export function replaceQuery(path: string, query: string): void {
  if (path !== place.path || location.hash !== known) return;
  noteQuery(path, query);
  const fragment = hrefOf(path, query);
  if (fragment === location.hash) return;
  history.replaceState(history.state, "", fragment);
  known = location.hash;
  place = parsePlace(fragment);
}

const leaving = new Set<(next: Place) => void>();

/**
 * Calls a function with the next place before a page is left; returns how to stop. The effects of a
 * page are torn down too late for that: Svelte lets them read what its state was a moment before.
 */
export function onLeave(note: (next: Place) => void): () => void {
  leaving.add(note);
  return () => void leaving.delete(note);
}

/** Follows the address; returns how to stop. */
export function followAddress(): () => void {
  const read = () => {
    known = location.hash;
    const next = parsePlace(known);
    for (const note of leaving) note(next);
    place = next;
    visits++;
  };
  addEventListener("hashchange", read);
  if (location.hash !== known) untrack(read); // since this file was read
  return () => removeEventListener("hashchange", read);
}
