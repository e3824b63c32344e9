/** Of the names of files that hold an experiment (`experiment-file.ts`). */
export const ENDING = ".epoque";
