import fc from "fast-check";
import { describe, expect, it } from "vitest";

import gan from "./labs";
import { defaultValues, readSchema, type Setting } from "../src/form/schema";
import { checkValue } from "../src/form/values";
import { EMPTY_LINK, type Link, MAX_SAY, readLink, shortNames, writeLink } from "../src/link/link";

const LABS = { neuron: readSchema(gan.neuron.schema), gan2d: readSchema(gan.gan2d.schema) };
const RECIPES = { neuron: gan.neuron.recipes.map((r) => r.name), gan2d: gan.gan2d.recipes.map((r) => r.name) };

/** Any allowed value of a setting. */
function valuesOf(setting: Setting): fc.Arbitrary<unknown> {
  const { bounds } = setting;
  if (setting.path === "changes") return fc.constantFrom("", "500:loss=hinge,d_steps=5", "20:w1.0.2=0.25,held.w1.0.2=1;800:d_steps=1");
  if (setting.kind === "choice") return fc.constantFrom(...setting.choices);
  const number = fc.double({ min: bounds.minimum ?? bounds.exclusiveMinimum ?? -1e6, max: bounds.maximum ?? bounds.exclusiveMaximum ?? 1e6, noNaN: true }).map((value) => value || 0); // not −0, which is 0 in a text
  const whole = fc.integer({ min: Math.ceil(bounds.minimum ?? 0), max: Math.floor(bounds.maximum ?? 1e6) });

  const kinds: Record<Setting["kind"], fc.Arbitrary<unknown>> = {
    integer: whole,
    number,
    choice: fc.constant(""),
    boolean: fc.boolean(),
    list: fc.array(fc.integer({ min: setting.items.minimum ?? 1, max: setting.items.maximum ?? 64 }), { maxLength: Math.min(6, setting.maxItems) }),
    choices: fc.subarray([...setting.choices]),
    text: fc.string().map((text) => text.trim()),
    texts: fc.constant([]),
    file: fc.string({ minLength: 1 }).map((text) => text.trim() || "a"),
  };
  const any = kinds[setting.kind].filter((value) => checkValue(setting, value) === null);
  if (!setting.optional) return any;
  const isNone = (value: unknown) => ["", "none", "null"].includes(String(value).toLowerCase());
  return fc.oneof(fc.constant(null), any.filter((value) => !isNone(value)));
}

function linksOf(lab: keyof typeof LABS): fc.Arbitrary<Link> {
  const settings = LABS[lab].settings;
  const values = fc.subarray([...settings]).chain((chosen) => fc.tuple(...chosen.map(valuesOf)).map((all) => Object.fromEntries(chosen.map(({ path }, i) => [path, all[i]]))));
  const name = fc.stringMatching(/^[a-z_.]{1,12}$/);
  return fc.record({
    recipe: fc.option(fc.constantFrom(...RECIPES[lab])),
    values,
    second: fc.option(values),
    at: fc.integer({ min: 0, max: 10_000_000 }),
    pace: fc.option(fc.integer({ min: 1, max: 10_000 })),
    show: fc.option(fc.array(name, { minLength: 1, maxLength: 8 })),
    language: fc.option(fc.constantFrom("en", "fr")),
    hide: fc.array(name, { maxLength: 8 }),
    lock: fc.array(name, { maxLength: 8 }),
    say: fc.string({ maxLength: MAX_SAY, unit: "grapheme" }).map((text) => text.slice(0, MAX_SAY).toWellFormed()),
  });
}

describe.each(["neuron", "gan2d"] as const)("a link of %s", (lab) => {
  it("is read as it was written", () => {
    fc.assert(
      fc.property(linksOf(lab), (link) => {
        const query = writeLink(LABS[lab], link);
        expect(readLink(LABS[lab], RECIPES[lab], query)).toEqual({ link, notices: [] });
        expect(query).not.toMatch(/[\s"<>#]/);
      }),
      { numRuns: 300 },
    );
  });
  it("is read whatever it is, and says what it leaves out", () => {
    const pair = fc.tuple(fc.oneof(fc.string(), fc.constantFrom("__proto__", "constructor", "v", "s", "say", "at", "loss", "d_steps")), fc.string());
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.array(pair).map((pairs) => pairs.map(([a, b]) => `${encodeURIComponent(a.toWellFormed())}=${encodeURIComponent(b.toWellFormed())}`).join("&"))), (query) => {
        const { link } = readLink(LABS[lab], RECIPES[lab], query);
        for (const [path, value] of Object.entries(link.values)) {
          expect(checkValue(LABS[lab].byPath.get(path)!, value)).toBeNull();
        }
        expect(Object.getPrototypeOf(link.values)).toBe(Object.prototype);
        expect(link.say.length).toBeLessThanOrEqual(MAX_SAY);
      }),
      { numRuns: 500 },
    );
  });
  it("has a name of its own for each setting", () => {
    const names = [...shortNames(LABS[lab]).values()];
    expect(new Set(names).size).toBe(names.length);
  });
});

describe("a link", () => {
  const schema = LABS.gan2d;
  it("says only what differs", () => {
    expect(writeLink(schema, EMPTY_LINK)).toBe("v=1");
    expect(writeLink(schema, { ...EMPTY_LINK, recipe: "gan2d/ganlab-ring", values: { seed: 7, "generator.layers": [10, 10] }, at: 3000 })).toBe("v=1&recipe=ganlab-ring&gl=10,10&s=7&at=3000");
  });
  it("keeps the names that links out there have", () => {
    const names = shortNames(schema);
    const known = { seed: "s", data: "d", "generator.layers": "gl", "discriminator.layers": "dl", "generator.optimizer.learning_rate": "golr", "discriminator.optimizer.beta1": "dob1", d_steps: "ds", loss: "l", batch_size: "bs", noise: "n" };
    for (const [path, name] of Object.entries(known)) expect(names.get(path)).toBe(name);
  });
  it.each([
    ["nonsense=1", /nonsense/],
    ["s=-1", /seed: .*-1 is not allowed/],
    ["golr=abc", /learning_rate: .*abc is not allowed/],
    ["golr=0", /greater than 0/],
    ["gl=0,10000", /layers/],
    ["s=1&s=2", /twice/],
    ["at=1e99", /at/],
    ["at=-5", /at/],
    ["pace=0", /pace/],
    ["recipe=no-such", /no recipe/],
    ["v=99", /newer/],
    ["changes=5:loss;8:d_steps=2;x", /“5:loss” is not allowed for “changes”.*“x” is not allowed/],
    [`say=${"x".repeat(1_100_000)}`, /too long/],
  ])("says what is wrong with %s", (query, sentence) => {
    expect(readLink(schema, RECIPES.gan2d, query).notices.join(" ")).toMatch(sentence);
  });
  it("takes a setting by its path too", () => {
    expect(readLink(schema, [], "generator.optimizer.name=adam").link.values).toEqual({ "generator.optimizer.name": "adam" });
  });
  it("counts the first of two", () => expect(readLink(schema, [], "s=1&s=2").link.values["seed"]).toBe(1));
  it("starts from defaults that are allowed", () => {
    for (const [path, value] of Object.entries(defaultValues(schema))) expect(checkValue(schema.byPath.get(path)!, value)).toBeNull();
  });
});
