/** The labs of the browser in English, as a page reads them. */

import { type ExportedLab, joinTexts } from "../src/exported-labs";
import texts from "../src/generated/labs.en.json";
import shared from "../src/generated/labs.json";

export default joinTexts(shared, texts) as Readonly<Record<"neuron" | "gan2d", ExportedLab>>;
