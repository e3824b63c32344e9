import { afterEach, describe, expect, it, vi } from "vitest";

import { currentPlace, followAddress, hrefOf, parsePlace, replaceQuery } from "../src/shell/router.svelte";
import { matchRoute } from "../src/shell/routes";

describe("the address", () => {
  it("is split at its first question mark", () => {
    expect(parsePlace("#/gan2d?a=1?b")).toEqual({ path: "/gan2d", query: "a=1?b" });
    expect(parsePlace("")).toEqual({ path: "/", query: "" });
    expect(parsePlace("#elsewhere")).toEqual({ path: "/", query: "" });
    expect(hrefOf("/runs", "lab=gan2d")).toBe("#/runs?lab=gan2d");
  });
  it.each([
    ["/", "/", {}],
    ["/gan2d", "/gan2d", {}],
    ["/gan2d/", "/gan2d", {}],
    ["/lab/language", "/lab/language", { name: "language" }],
    ["/lab/line", "/lab/:name", { name: "line" }],
    ["/runs/2026%20a", "/runs/:id", { id: "2026 a" }],
    ["/runs/%zz", "/runs/:id", { id: "%zz" }],
  ])("%s leads to %s", (path, pattern, params) => {
    const found = matchRoute(path);
    expect(found?.route.pattern).toBe(pattern);
    expect(found?.params).toEqual(params);
  });
  it("leads nowhere where there is no page", () => expect(matchRoute("/nowhere/at/all")).toBeNull());
});

describe("a link that is followed", () => {
  afterEach(() => vi.unstubAllGlobals());

  it("is not overwritten by what the page in view notes before the event", () => {
    const location = { hash: "" };
    const listeners: Record<string, () => void> = {};
    vi.stubGlobal("location", location);
    vi.stubGlobal("history", { state: null, replaceState: (_: unknown, __: string, to: string) => (location.hash = to) });
    vi.stubGlobal("addEventListener", (name: string, listener: () => void) => (listeners[name] = listener));
    vi.stubGlobal("removeEventListener", () => undefined);
    const stop = followAddress();
    location.hash = "#/gan2d";
    listeners["hashchange"]?.();
    replaceQuery("/gan2d", "at=5");
    expect(location.hash).toBe("#/gan2d?at=5");
    location.hash = "#/gan2d?at=30"; // the browser tells of it a little later
    replaceQuery("/gan2d", "at=6");
    expect(location.hash).toBe("#/gan2d?at=30");
    listeners["hashchange"]?.();
    expect(currentPlace().query).toBe("at=30");
    replaceQuery("/gan2d", "at=31");
    expect(location.hash).toBe("#/gan2d?at=31");
    stop();
  });
});
