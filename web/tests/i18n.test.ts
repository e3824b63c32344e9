import { beforeAll, describe, expect, it, vi } from "vitest";

vi.mock("../src/i18n/fr.json", async () => {
  const { messageKey } = await import("../src/i18n/key");
  const french = { "Seed": "Graine", "{count} run": "{count} exécution", "{count} runs": "{count} exécutions" };
  const byKey = Object.entries(french).map(([message, text]) => [parseInt(messageKey(message), 36), text] as const);
  byKey.sort(([a], [b]) => a - b);
  const keys = byKey.map(([key], i) => (key - (byKey[i - 1]?.[0] ?? 0)).toString(36)).join(" ");
  return { default: { keys, texts: byKey.map(([, text]) => text) } };
});

import { messageKey } from "../src/i18n/key";
import { formatMeasure, formatNumber, plural, preferredLanguage, t, unpackTexts, useLanguage } from "../src/i18n";

beforeAll(() => {
  vi.stubGlobal("document", { documentElement: { lang: "" } });
});

describe("English", () => {
  it("is what stands in the code, values in their places", () => {
    expect(t("{n} of {missing}", { n: 1234 })).toBe("1,234 of {missing}");
    expect(plural("{count} run", "{count} runs", 1)).toBe("1 run");
    expect(plural("{count} run", "{count} runs", 2000)).toBe("2,000 runs");
  });
  it("writes numbers with a real minus", () => {
    expect(formatNumber(-1.5)).toBe("−1.5");
    expect(formatMeasure(0.03125)).toBe("0.0313");
    expect(formatMeasure(-3.14e-7)).toBe("−3.14e−7");
    expect(formatMeasure(1234567)).toBe("1,234,567");
    expect(formatMeasure(null)).toBe("–");
    expect(formatMeasure(NaN)).toBe("–");
    expect(formatMeasure(Infinity)).toBe("∞");
  });
});

describe("a message's key", () => {
  it("is the one that Python writes", () => {
    // `message_key` of tools/client_texts.py, held by tests/test_translations.py too.
    expect(["Seed", "{count} runs", "Époque – é𝄞"].map(messageKey)).toEqual(["2175u", "25ad6", "13lm8"]);
  });
});

describe("packed texts", () => {
  // tests/test_translations.py packs the same.
  it("have their keys again", () => {
    const packed = { keys: "a 2175k 437c", texts: ["c", "a", "b"] };
    expect(unpackTexts(packed)).toEqual({ a: "c", "2175u": "a", "25ad6": "b" });
  });
});

describe("French", () => {
  beforeAll(() => useLanguage("fr"));
  it("comes from the catalogue and falls back to English", () => {
    expect(t("Seed")).toBe("Graine");
    expect(t("Unknown")).toBe("Unknown");
    expect(document.documentElement.lang).toBe("fr");
  });
  it("counts nothing and one alike, and large numbers as many", () => {
    expect(plural("{count} run", "{count} runs", 0)).toBe("0 exécution");
    expect(plural("{count} run", "{count} runs", 1_000_000)).toBe("1 000 000 exécutions".replace(/ (?=0)/g, "\u202f"));
  });
  it("writes a decimal comma", () => expect(formatMeasure(0.5)).toBe("0,5"));
});

describe("the preferred language", () => {
  it("is the link's, then the browser's, then English", () => {
    vi.stubGlobal("navigator", { languages: ["de-AT", "fr-CH"] });
    expect(preferredLanguage("en")).toBe("en");
    expect(preferredLanguage("xx")).toBe("fr");
    vi.stubGlobal("navigator", { languages: ["de"] });
    expect(preferredLanguage()).toBe("en");
  });
});
