/** Which part of the plane a square canvas shows. */

/** A point of the plane: x to the right, y up. */
export type Point = readonly [number, number];

/** A square of the plane. */
export interface Domain {
  readonly left: number;
  readonly bottom: number;
  readonly size: number;
}

export const UNIT: Domain = { left: 0, bottom: 0, size: 1 };

/** What is shown of a domain: `zoom` 1 is all of it, the middle given in the domain's units. */
export interface View {
  readonly domain: Domain;
  readonly middle: Point;
  readonly zoom: number;
  /** Of the canvas, in CSS pixels. */
  readonly side: number;
  /** Where its upper left corner lies on what it is drawn on; without it there. */
  readonly corner?: Point;
}

const ORIGIN: Point = [0, 0];

const MIN_ZOOM = 0.5;
const MAX_ZOOM = 64;

export function wholeView(domain: Domain, side: number, corner = ORIGIN): View {
  const half = domain.size / 2;
  return { domain, side, corner, zoom: 1, middle: [domain.left + half, domain.bottom + half] };
}

/** CSS pixels a unit. */
export function viewScale(view: View): number {
  return (view.side * view.zoom) / view.domain.size;
}

export function toPixel(view: View, x: number, y: number): [number, number] {
  const scale = viewScale(view);
  const half = view.side / 2;
  const [left, top] = view.corner ?? ORIGIN;
  return [left + half + (x - view.middle[0]) * scale, top + half - (y - view.middle[1]) * scale];
}

export function toPlane(view: View, px: number, py: number): [number, number] {
  const scale = viewScale(view);
  const half = view.side / 2;
  const [left, top] = view.corner ?? ORIGIN;
  return [view.middle[0] + (px - left - half) / scale, view.middle[1] - (py - top - half) / scale];
}

/** Zooms by a factor so that what lies at a pixel stays there. */
export function zoomAt(view: View, factor: number, px: number, py: number): View {
  const zoom = Math.min(MAX_ZOOM, Math.max(MIN_ZOOM, view.zoom * factor));
  const [x, y] = toPlane(view, px, py);
  const moved = { ...view, zoom };
  const [newX, newY] = toPlane(moved, px, py);
  return keepInside({ ...moved, middle: [view.middle[0] + x - newX, view.middle[1] + y - newY] });
}

/** Moves what is shown by so many pixels. */
export function panBy(view: View, dx: number, dy: number): View {
  const scale = viewScale(view);
  return keepInside({ ...view, middle: [view.middle[0] - dx / scale, view.middle[1] + dy / scale] });
}

/** Moves what is shown just so far that a point can be seen. */
export function showPoint(view: View, [x, y]: Point): View {
  const [px, py] = toPixel(view, x, y);
  const margin = view.side * 0.06;
  const shift = (p: number) => Math.min(0, view.side - margin - p) + Math.max(0, margin - p);
  const [dx, dy] = [shift(px), shift(py)];
  return view.zoom > 1 && (dx || dy) ? panBy(view, dx, dy) : view;
}

/** The middle stays in the domain; the whole domain is shown where it fits. */
function keepInside(view: View): View {
  const { left, bottom, size } = view.domain;
  const half = Math.min(size / 2, size / 2 / view.zoom);
  const clamp = (value: number, low: number) => Math.min(low + size - half, Math.max(low + half, value));
  return { ...view, middle: [clamp(view.middle[0], left), clamp(view.middle[1], bottom)] };
}
