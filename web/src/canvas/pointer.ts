/** Where a pointer or an arrow key points to on a plane. */

import { toPlane, type View } from "./view";

/** Where an arrow key goes, in steps of the plane. */
export const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};

/** The pixel of a square picture that an event is over, in a picture of `side` pixels. */
export function pixelOf(element: Element, side: number, event: MouseEvent): { x: number; y: number } {
  const box = element.getBoundingClientRect();
  const scale = side / box.width;
  return { x: (event.clientX - box.left) * scale, y: (event.clientY - box.top) * scale };
}

/** The point of the plane that an event is over. */
export function placeOf(element: Element, view: View, event: MouseEvent): readonly [number, number] {
  const { x, y } = pixelOf(element, view.side, event);
  return toPlane(view, x, y);
}

/** The points that a pen was over since the event before: between two frames it reports several. */
export function placesOf(element: Element, view: View, event: PointerEvent): (readonly [number, number])[] {
  const events = event.getCoalescedEvents?.() ?? [];
  return (events.length ? events : [event]).map((one) => placeOf(element, view, one));
}
