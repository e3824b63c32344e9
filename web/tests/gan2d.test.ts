import { describe, expect, it } from "vitest";

import type { Frame, NdArray, Phase } from "../src/engines/session";
import { defaultValues, readSchema } from "../src/form/schema";
import labs from "./labs";
import { findFormulas } from "../src/pages/gan2d/formulas";
import { latticeMasses, latticePlaces, moveLattice } from "../src/pages/gan2d/lattice";
import { FIRST_LOOKS, LAYER_NAMES, LAYER_WORDS, listShown, makeLayers, readShown, toggleLayer } from "../src/pages/gan2d/layers";
import { readMoment } from "../src/pages/gan2d/moment";
import { findNotes, type Recent, shareOutside } from "../src/pages/gan2d/notes";
import { makePhaseLayers } from "../src/pages/gan2d/phase-layers";
import { continueStory, numbersOf, PHASES } from "../src/pages/gan2d/phases";
import { PRESETS } from "../src/pages/gan2d/presets";
import { describeState, Speaker } from "../src/pages/gan2d/sentence";
import { addPlace, clear, EMPTY, eraseAt, undo } from "../src/pages/gan2d/sketch";
import { nearestPoint, tracePath } from "../src/pages/gan2d/trace";
import engine from "../../src/epoque/bench/live_engine/engine.json";
import { findUncovered } from "../src/engines/manifests";
import { findConflicts } from "../src/form/conflicts";
import { checkValue } from "../src/form/values";

const schema = readSchema(labs.gan2d.schema);
const config = defaultValues(schema);

function array(shape: number[], value: (i: number) => number): NdArray {
  return { shape, data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => value(i)) };
}

function makeFrame(step: number, isProbability = true): Frame {
  return {
    step,
    milliseconds: step,
    arrays: {
      real: array([450, 2], (i) => (i % 7) / 7),
      fake: array([450, 2], (i) => (i % 11) / 11 + step / 1000),
      d: array([30, 30], (i) => (isProbability ? i / 900 : i - 450)),
      manifold: array([21, 21, 2], (i) => (i % 21) / 20),
      gradients: array([450, 2], () => 0.1),
      probability: array([], () => (isProbability ? 1 : 0)),
    },
    metrics: { steps: new Float64Array(), columns: {} },
  };
}

describe("a moment", () => {
  it("is read from the arrays of a snapshot, once", () => {
    const frame = makeFrame(5);
    const moment = readMoment(frame)!;
    expect(moment.manifoldSide).toBe(21);
    expect([moment.least, moment.most]).toEqual([0, 1]);
    expect(readMoment(frame)).toBe(moment);
    expect(readMoment(makeFrame(6))!.real).toBe(moment.real);
    expect(readMoment({ ...frame, arrays: {} })).toBeNull();
  });

  it("of a critic is drawn evenly to both sides of its median", () => {
    const { least, most } = readMoment(makeFrame(1, false))!;
    expect((least + most) / 2).toBeCloseTo(0);
  });
});

describe("layers", () => {
  it("have letters of their own, none of which the control bar has", () => {
    const letters = LAYER_NAMES.map((name) => LAYER_WORDS[name].letter);
    expect(new Set(letters).size).toBe(letters.length);
    for (const taken of ["r", "k", "d", "n", ".", ",", " "]) expect(letters).not.toContain(taken);
  });

  it("go from smooth to cells to hidden, and back", () => {
    const cells = toggleLayer(FIRST_LOOKS, "answers");
    const hidden = toggleLayer(cells, "answers");
    expect([cells.cells, hidden.layers.answers.shown]).toEqual([true, false]);
    expect(listShown(toggleLayer(hidden, "answers"))).toBeNull();
  });

  it("stand in a link and come out of it", () => {
    const looks = toggleLayer(toggleLayer(FIRST_LOOKS, "contours"), "answers");
    expect(listShown(readShown(listShown(looks)!))).toEqual(listShown(looks));
    expect(listShown(readShown(["nonsense"]))).toEqual([]);
  });

  it("are drawn in order, the path only where a point was chosen", () => {
    const looks = readShown([...LAYER_NAMES]);
    const options = { looks, noise: "uniform", path: null, morph: null };
    const names = (path: Float32Array | null) => makeLayers(readMoment(makeFrame(1))!, { ...options, path }).map(({ name }) => name);
    expect(names(null)).toEqual([...LAYER_NAMES.filter((name) => name !== "path"), "scale"]);
    expect(names(Float32Array.of(0, 0))).toContain("path");
  });
});

describe("the lattice", () => {
  it("has its mass in the middle for Gaussian noise, evenly for uniform", () => {
    const masses = latticeMasses("gaussian", 21);
    expect(masses[0]!).toBeLessThan(masses[10 * 20 + 10]! / 10);
    expect(new Set(latticeMasses("uniform", 21)).size).toBe(1);
    expect(latticeMasses("normal", 0)).toHaveLength(440);
  });

  it("moves from the noise to the manifold", () => {
    const manifold = readMoment(makeFrame(1))!.manifold;
    expect([...moveLattice(manifold, 21, 0)]).toEqual([...latticePlaces(21)]);
    moveLattice(manifold, 21, 1).forEach((value, i) => expect(value).toBeCloseTo(manifold[i]!, 6));
    expect([...latticePlaces(21).slice(0, 4)]).toEqual([0, 0, 0, Math.fround(0.05)]);
  });
});

describe("phases", () => {
  const manifest = engine.labs.gan2d.phases;

  it("are those of the engine, ten, in its order", () => {
    expect(Object.keys(PHASES)).toEqual(manifest.map(({ name }) => name));
    expect(manifest).toHaveLength(10);
  });

  it("have numbers and a picture each, and remember the points of their step", () => {
    const moment = readMoment(makeFrame(1))!;
    let story = null;
    for (const [number, { name, arrays }] of manifest.entries()) {
      const filled = arrays.map((one) => [one.name.replace("{layer}", "0"), array(one.shape.map(() => 3), (i) => i / 9)] as const);
      const phase: Phase = { number, count: 10, name, arrays: Object.fromEntries(filled) };
      story = continueStory(story, phase);
      expect(numbersOf(story, config).length, name).toBeGreaterThan(0);
      expect(numbersOf(story, config).flat().every((text) => text && text !== "NaN"), name).toBe(true);
      expect(makePhaseLayers(moment, story).length, name).toBeGreaterThan(2);
      expect(story.arrays["fake"], name).toBeDefined();
    }
  });

  it("write the loss of the setting, with its smoothing", () => {
    expect(findFormulas({ ...config, loss: "hinge" }).discriminator).toContain("max(0, 1 − D(x))");
    const smooth = { ...config, label_smoothing: 0.1, label_smoothing_form: "weight" };
    expect(findFormulas(smooth).discriminator).toBe("L = −(1 − s) ⟨log D(x)⟩ − ⟨log (1 − D(G(z)))⟩");
  });
});

describe("notes", () => {
  const recent: Recent = { lossD: 1.2, lossG: 0.9, accuracy: 0.6, saturated: 0, gradNormG: 0.1 };
  const say = (step: number, changes: Partial<Recent> = {}, settings = {}) =>
    findNotes({ step, config: { ...config, ...settings }, recent: { ...recent, ...changes }, moment: readMoment(makeFrame(step % 50))! }).join(" ");

  it("say what to look at now, at most two things", () => {
    expect(say(0)).toContain("Press play");
    expect(say(500)).toContain("it still knows something");
    expect(say(500, { saturated: 0.123 }, { d_steps: 3 })).toContain("12% are already certain. Fewer steps");
    expect(say(500, { lossD: Math.log(4), accuracy: 0.5 })).toContain("can only guess");
    expect(say(500, { gradNormG: 1e-6 })).toContain("vanished");
    expect(say(500, {}, { loss: "wasserstein" })).toContain("bound on its slope");
    expect(say(500, { saturated: 0.5, gradNormG: 1e-6 }).match(/\./g)!.length).toBeLessThan(8);
  });

  it("count the points outside", () => {
    expect(shareOutside(Float32Array.of(0.5, 0.5, 1.5, 0.5))).toBe(0.5);
  });
});

describe("the state in a sentence", () => {
  const recent: Recent = { lossD: 1.21, lossG: 0.86, accuracy: 0.58, saturated: 0, gradNormG: 0.1 };

  it("tells iteration, modes, losses", () => {
    const sentence = describeState(readMoment(makeFrame(12))!, recent, "circle", null);
    expect(sentence).toMatch(/^12 iterations; \d of 8 modes; losses 1.21 of the discriminator, 0.86 of the generator; /);
    expect(describeState(readMoment(makeFrame(1))!, recent, "ring", null)).toMatch(/^1 iteration; losses/);
  });

  it("is said at most once in two seconds", () => {
    const speaker = new Speaker();
    expect([speaker.say("a", 0), speaker.say("b", 1999), speaker.say("c", 2000)]).toEqual(["a", null, "c"]);
  });
});

describe("a sketch", () => {
  const line = [0.2, 0.4, 0.6, 0.8].reduce((sketch, x, i) => addPlace(sketch, [x, 0.5], i === 0), EMPTY);

  it("is drawn, cut by the eraser, undone and cleared", () => {
    expect(line.strokes).toHaveLength(1);
    const cut = eraseAt(line, [0.4, 0.5], 0.05);
    expect(cut.strokes).toEqual([[[0.2, 0.5]], [[0.6, 0.5], [0.8, 0.5]]]);
    expect(undo(cut).strokes).toBe(line.strokes);
    expect(undo(clear(line)).strokes).toBe(line.strokes);
    expect(eraseAt(line, [0.5, 0.9], 0.05)).toBe(line);
  });

  it("stays in the square and leaves out places that hardly differ", () => {
    expect(addPlace(line, [0.8005, 0.5], false)).toBe(line);
    expect(addPlace(EMPTY, [-1, 2], true).strokes).toEqual([[[0, 1]]]);
  });
});

describe("single points", () => {
  it("are found near a place and followed through the frames", () => {
    expect(nearestPoint(Float32Array.of(0, 0, 1, 1), [0.9, 0.95], 0.2)).toBe(1);
    expect(nearestPoint(Float32Array.of(0, 0, 1, 1), [0.5, 0.5], 0.2)).toBeNull();
    const path = tracePath([makeFrame(0), makeFrame(100), makeFrame(200)], 1, 100);
    expect(path).toHaveLength(4);
    expect(path[2]! - path[0]!).toBeCloseTo(0.1);
  });
});

describe("presets", () => {
  it.each(PRESETS.map((preset) => [preset.name, preset] as const))("%s is a recipe's, allowed, and the browser's", (_, preset) => {
    const recipe = labs.gan2d.recipes.find(({ name }) => name === preset.recipe)!;
    const whole = { ...config, ...recipe.config, ...preset.changes };
    for (const [path, value] of Object.entries(preset.changes)) {
      expect(checkValue(schema.byPath.get(path)!, value), path).toBeNull();
    }
    expect(findUncovered("gan2d", whole)).toBeNull();
    expect(findConflicts(schema, whole)).toEqual([]);
  });
});
