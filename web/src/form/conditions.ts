/** Why a setting has no effect, as a sentence. */

import { t } from "../i18n";
import type { Condition, Schema, Setting } from "./schema";
import { writeValue } from "./values";

/** "has an effect only with Model mlp." */
export function describeCondition(schema: Schema, condition: Condition): string {
  const setting = schema.byPath.get(condition.path);
  const other = setting?.title ?? condition.path;
  const values = condition.values.map((value) => choiceWord(value, setting)).join(t(" or "));
  return condition.not
    ? t("has an effect only where “{other}” is not {values}.", { other, values })
    : t("has an effect only where “{other}” is {values}.", { other, values });
}

/** A choice as a reader sees it: in the setting's words, or as it is written: "least squares". */
export function choiceWord(value: unknown, setting?: Setting): string {
  const text = writeValue(value);
  if (text === "none" && !setting?.words["none"]) return t("none");
  return setting?.words[text] ?? text.replaceAll("_", " ");
}
