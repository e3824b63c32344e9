/** What is wrong with a setting, in the words of Python's errors: English, whatever the page speaks. */

/** The setting as it is typed, a colon, and the sentence. */
export function writeProblem(field: string, message: string): string {
  return field ? `${field}: ${message}` : message;
}
