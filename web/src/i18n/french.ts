/** All that a French page loads beside what every page has, in one file. */

export { default as labs } from "../generated/labs.fr.json";
export { default as texts } from "./fr.json";
