/** Two trainings that are compared: what each is called, and what it is set to where they differ. */

import type { Series } from "../curves";
import type { Dash } from "../curves/series";
import { choiceWord } from "../form/conditions";
import { listDifferences, type Schema, type Setting, type Values } from "../form/schema";
import { showValue } from "../form/values";
import { withColon } from "../i18n";

/** The first training and the second, as pictures, curves and links call them. */
export const FIRST = "A";
export const SECOND = "B";

/** Not compared: where each was changed on the way stands in the settings that changed. */
const NOT_COMPARED = ["changes"];

/** The name of a part of the page, of which each compared training has its own. */
export function nameOfSide(name: string, letter: string): string {
  return letter ? `${name} (${letter})` : name;
}

/** "Learning rate 0.03", "Generator: Layers 10, 10": what a training has where another one differs. */
export function describeDifferences(schema: Schema, own: Values, other: Values): string[] {
  return listDifferences(schema, own, other)
    .filter((path) => !NOT_COMPARED.includes(path))
    .flatMap((path) => {
      const setting = schema.byPath.get(path);
      return setting ? [`${nameSetting(setting)} ${wordValue(setting, own[path])}`] : [];
    });
}

/** Parts have settings of one name: there the group says whose it is. */
function nameSetting({ path, title, group }: Setting): string {
  return path.includes(".") && group ? withColon(group, title) : title;
}

function wordValue(setting: Setting, value: unknown): string {
  return setting.kind === "choice" ? choiceWord(value, setting) : showValue(value);
}

/** The second training's curves have the colours of the first one's, and dashes that those have not. */
const DASHES_OF_SECOND: Readonly<Record<Dash, Dash>> = { solid: "dotted", dashed: "dashdot", dotted: "dotted", dashdot: "dashdot" };

/** The curves of both trainings as those of one picture, each named by its side. */
export function joinSides(first: readonly Series[], second: readonly Series[]): Series[] {
  return [
    ...first.map((one) => ({ ...one, label: `${FIRST} ${one.label}` })),
    ...second.map((one) => ({ ...one, name: `${one.name}_${SECOND.toLowerCase()}`, label: `${SECOND} ${one.label}`, dash: DASHES_OF_SECOND[one.dash ?? "solid"] })),
  ];
}
