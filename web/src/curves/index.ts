export { default as Curves } from "./Curves.svelte";
export { History } from "./history";
export { type Dash, LOOKS, type Reference, type Series } from "./series";
