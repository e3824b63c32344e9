import { describe, expect, it } from "vitest";

import { ALPHABET, LetterModel } from "../src/pages/home/letters";
import { findMatches, fold } from "../src/pages/home/search";

describe("the model of letters", () => {
  const text = "the cat sat on the mat. the rat sat on the cat.";
  it("learns: its cross-entropy falls well below that of a guess", () => {
    const model = new LetterModel(text, 1);
    const first = model.learn(50, 0);
    expect(first).toBeCloseTo(Math.log(ALPHABET.length), 6);
    for (let i = 0; i < 60; i++) model.learn(50);
    expect(model.learn(400, 0)).toBeLessThan(1.2);
  });
  it("says letters that follow one another in its text", () => {
    const model = new LetterModel(text, 1);
    for (let i = 0; i < 200; i++) model.learn(50);
    const pairs = [...model.say(200)].map((letter, i, all) => all[i - 1] + letter).slice(1);
    const known = pairs.filter((pair) => text.includes(pair));
    expect(known.length / pairs.length).toBeGreaterThan(0.9);
  });
  it("is the same from the same seed", () => {
    const say = () => {
      const model = new LetterModel(text, 5);
      model.learn(100);
      return model.say(40);
    };
    expect(say()).toBe(say());
  });
});

describe("the search", () => {
  const things = ["Généré: a ring", "Two moons", "A ring of rings"];
  it("finds words in any order, without accents or case", () => {
    expect(findMatches(things, "RING genere", (text) => text)).toEqual(["Généré: a ring"]);
    expect(findMatches(things, "  ", (text) => text)).toEqual(things);
    expect(fold("Époque")).toBe("epoque");
  });
});
