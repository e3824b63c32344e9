/** What a page can export: a canvas or a curve, as it is or as it was at another moment. */

import type { Drawable } from "../canvas/export";
import { drawLayers, type Layer } from "../canvas/layer";
import { type Domain, type View, wholeView } from "../canvas/view";
import type { Frame } from "../engines/session";
import { t } from "../i18n";
import type { LiveRun } from "./live-run.svelte";

/** Returns the picture as it is now or, with a frame, as at that moment. */
export type Picture = (frame?: Frame) => Drawable;

/** Of a picture, in CSS pixels. */
export const PICTURE_SIDE = 640;

/** A plane in layers, as a page draws it of a moment. */
export interface PlaneOfRun {
  readonly run: LiveRun;
  layersOfFrame(frame: Frame | null): Layer[];
}

/** The plane of a page, zoomed and moved as it is there. */
export function planePicture(plane: PlaneOfRun, domain: () => Domain, view: () => View): Picture {
  return (frame) => ({
    ...{ name: "plane", title: t("Plane"), width: PICTURE_SIDE, height: PICTURE_SIDE },
    draw: (pen, theme) => {
      const { zoom, middle } = view();
      drawLayers(pen, plane.layersOfFrame(frame ?? plane.run.frame), { ...wholeView(domain(), PICTURE_SIDE), zoom, middle }, theme);
    },
  });
}
