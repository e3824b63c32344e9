/** What is wrong with a reader's own data, in one sentence. */
export class DataError extends Error {
  override readonly name = "DataError";
}
