/** What is wrong with a setting: its path, as it is typed, and the sentence of Python's error, or its French. */

import { withColon } from "../i18n";

/** The setting as it is typed, a colon, and the sentence. */
export function writeProblem(field: string, message: string): string {
  return field ? withColon(field, message) : message;
}
