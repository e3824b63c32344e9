/** The labs of the browser as the build writes them: what both languages share, and each one's texts. */

import type { Values } from "./form/schema";
import english from "./generated/labs.en.json";
import shared from "./generated/labs.json";
import type { Language } from "./i18n";

export interface ExportedLab {
  readonly title: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly schema: unknown;
  readonly recipes: readonly ExportedRecipe[];
}

export interface ExportedRecipe {
  readonly name: string;
  readonly title: string;
  readonly shows: string;
  readonly minutes: number;
  /** The settings that differ from their defaults. */
  readonly config: Values;
}

/** A lab in a language; without anything in it where the build knows none of that name. */
export async function loadExportedLab(name: string, language: Language): Promise<Partial<ExportedLab>> {
  const texts = language === "fr" ? (await import("./i18n/french")).labs : english;
  const labs = joinTexts(shared, texts) as Readonly<Record<string, ExportedLab>>;
  return labs[name] ?? {};
}

interface TextPlace {
  readonly $text?: number | null;
}

/** A tree with the text of a number wherever it says `{"$text": number}`, with the next one where it says null. */
export function joinTexts(shared: unknown, texts: readonly string[]): unknown {
  let next = 0;
  const join = (part: unknown): unknown => {
    if (typeof part !== "object" || part === null) return part;
    if (Array.isArray(part)) return part.map(join);
    const { $text } = part as TextPlace;
    if ($text !== undefined) return texts[$text ?? next++];
    return Object.fromEntries(Object.entries(part).map(([name, value]) => [name, join(value)]));
  };
  return join(shared);
}
