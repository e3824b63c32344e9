/** Wheel, fingers and mouse on a plane: zoom, pan, a look, a choice. */

import { pixelOf } from "./pointer";
import { panBy, toPlane, type View, zoomAt } from "./view";

export interface GestureTarget {
  /** What is shown now. */
  view(): View;
  show(view: View): void;
  /** The pointer is over a point of the plane; null when it has left. */
  look(place: readonly [number, number] | null): void;
  /** A point was clicked or tapped. */
  choose(place: readonly [number, number]): void;
  /** Whether the wheel zooms without Ctrl: where the page has nothing to scroll, or the plane has focus. */
  takesWheel(): boolean;
}

/** Whether something over the plane takes the pointer for itself. */
function isTaken(event: PointerEvent): boolean {
  return event.target instanceof Element && event.target.closest("[data-takes-pointer]") !== null;
}

/** Pixels that a pointer may move and still click. */
const CLICK = 4;

/** Listens on an element; returns how to stop. */
export function followGestures(element: HTMLElement, target: GestureTarget): () => void {
  const pointers = new Map<number, { x: number; y: number }>();
  let moved = 0;

  const at = (event: MouseEvent) => pixelOf(element, target.view().side, event);
  const wheel = (event: WheelEvent) => {
    if (!event.ctrlKey && !target.takesWheel()) return;
    event.preventDefault();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    const factor = Math.exp(-event.deltaY * lines * (event.ctrlKey ? 0.01 : 0.0015));
    const { x, y } = at(event);
    target.show(zoomAt(target.view(), factor, x, y));
  };
  const down = (event: PointerEvent) => {
    if (event.button !== 0 || isTaken(event)) return;
    if (pointers.size === 0) moved = 0;
    pointers.set(event.pointerId, at(event));
  };
  const move = (event: PointerEvent) => {
    const place = at(event);
    const before = pointers.get(event.pointerId);
    if (!before) {
      if (isTaken(event)) target.look(null);
      else if (event.pointerType === "mouse" || event.pointerType === "pen") look(place);
      return;
    }
    moved += Math.hypot(place.x - before.x, place.y - before.y);
    if (moved > CLICK && !element.hasPointerCapture(event.pointerId)) element.setPointerCapture(event.pointerId);
    if (pointers.size === 2) pinch(event.pointerId, before, place);
    else if (moved > CLICK && target.view().zoom !== 1) {
      target.show(panBy(target.view(), place.x - before.x, place.y - before.y));
    } else look(place);
    pointers.set(event.pointerId, place);
  };
  const up = (event: PointerEvent) => {
    const place = at(event);
    if (pointers.delete(event.pointerId) && moved <= CLICK && event.type === "pointerup") {
      target.choose(toPlane(target.view(), place.x, place.y));
    }
  };
  const leave = () => {
    if (pointers.size === 0) target.look(null);
  };
  const look = ({ x, y }: { x: number; y: number }) => target.look(toPlane(target.view(), x, y));
  const pinch = (id: number, before: { x: number; y: number }, place: { x: number; y: number }) => {
    const other = [...pointers].find(([key]) => key !== id)?.[1];
    if (!other) return;
    const distance = (p: { x: number; y: number }) => Math.max(1, Math.hypot(p.x - other.x, p.y - other.y));
    const middle = { x: (place.x + other.x) / 2, y: (place.y + other.y) / 2 };
    const zoomed = zoomAt(target.view(), distance(place) / distance(before), middle.x, middle.y);
    target.show(panBy(zoomed, (place.x - before.x) / 2, (place.y - before.y) / 2));
  };

  element.addEventListener("wheel", wheel, { passive: false });
  element.addEventListener("pointerdown", down);
  element.addEventListener("pointermove", move);
  element.addEventListener("pointerup", up);
  element.addEventListener("pointercancel", up);
  element.addEventListener("pointerleave", leave);
  return () => {
    element.removeEventListener("wheel", wheel);
    element.removeEventListener("pointerdown", down);
    element.removeEventListener("pointermove", move);
    element.removeEventListener("pointerup", up);
    element.removeEventListener("pointercancel", up);
    element.removeEventListener("pointerleave", leave);
  };
}
