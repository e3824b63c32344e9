export {
  LANGUAGES,
  formatDate,
  formatMeasure,
  formatNumber,
  joinClauses,
  mark,
  language,
  plural,
  preferredLanguage,
  t,
  unpackTexts,
  useLanguage,
  withColon,
} from "./language.svelte";
export type { Language, TextValues } from "./language.svelte";
