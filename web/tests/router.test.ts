import { describe, expect, it } from "vitest";

import { hrefOf, parsePlace } from "../src/shell/router.svelte";
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
