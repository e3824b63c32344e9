/** Values as text. The engine's worker needs this too, so nothing of the page is imported here. */

/** A value as the command line, a recipe and a link take it: "10,10", "none", "true", "0.03". */
export function writeValue(value: unknown): string {
  if (value === null || value === undefined) return "none";
  if (Array.isArray(value)) return value.map(String).join(",");
  return Object.is(value, -0) ? "-0" : String(value);
}
