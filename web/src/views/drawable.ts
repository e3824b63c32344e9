/** What a view draws as a file: at any size, of any moment. */

import { type Drawable, drawLayers } from "../canvas";
import { wholeView } from "../canvas/view";
import type { Frame } from "../engines/session";
import { drawSheet, makeSheet } from "./images";
import { drawNetwork, readLayers } from "./network";
import { domainOf, planeLayers } from "./plane";
import type { PictureView } from "./views";

const SIDE = 600;

/** A view of a frame that has what it draws; null for a text, which is no picture. */
export function makeDrawable(view: PictureView, frame: Frame): Drawable | null {
  const about = { name: view.kind, title: view.title, width: SIDE, height: SIDE };
  switch (view.kind) {
    case "plane": {
      const domain = domainOf(view, frame.arrays);
      const layers = planeLayers(view, frame.arrays, domain);
      return { ...about, draw: (pen, theme) => drawLayers(pen, layers, wholeView(domain, SIDE), theme) };
    }
    case "network": {
      const network = readLayers(view, frame.arrays);
      return { ...about, draw: (pen, theme) => drawNetwork(pen, theme, network, SIDE, SIDE, view) };
    }
    case "images": {
      const array = frame.arrays[view.array];
      if (!array) return null;
      const sheet = makeSheet(array, view.low, view.high);
      return { ...about, draw: (pen) => drawSheet(pen, sheet, SIDE, SIDE) };
    }
    case "text":
      return null;
  }
}
