/** A plane view as layers of the canvas. */

import { type Layer, UNIT, type Domain, type Point } from "../canvas";
import { arrowsLayer } from "../canvas/layers/arrows";
import { manifoldLayer } from "../canvas/layers/manifold";
import { pointsLayer } from "../canvas/layers/points";
import { type Grid, readGrid, shadesLayer } from "../canvas/layers/shades";
import type { NdArray } from "../engines/session";
import { formatMeasure, joinClauses, t } from "../i18n";
import { type Arrays, type CellsLayer, hasLayer, type PlaneView, type PointsLayer, type ViewColor } from "./views";

/** Of the plane's side: how long the longest arrow is. */
const LONGEST = 0.1;
const MOST_ARROWS = 200;
/** What is left free around points that a plane is fitted to, as a share of their extent. */
const MARGIN = 0.08;

/** The square that a view shows: its own, or the one around the points of a frame. */
export function domainOf(view: PlaneView, arrays: Arrays): Domain {
  if (view.corner) return { left: view.corner[0], bottom: view.corner[1], size: view.size };
  const places = view.layers
    .filter((layer) => layer.kind === "points" && hasLayer(layer, arrays))
    .map((layer) => (arrays[layer.array] as NdArray).data);
  return fitSquare(places);
}

function fitSquare(places: readonly Float32Array[]): Domain {
  const low = [Infinity, Infinity];
  const high = [-Infinity, -Infinity];
  for (const place of places) {
    for (let i = 0; i < place.length; i++) {
      const value = place[i] as number;
      if (!Number.isFinite(value)) continue;
      low[i % 2] = Math.min(low[i % 2]!, value);
      high[i % 2] = Math.max(high[i % 2]!, value);
    }
  }
  if (low[0]! > high[0]! || low[1]! > high[1]!) return UNIT;
  const extent = Math.max(high[0]! - low[0]!, high[1]! - low[1]!) || 1;
  const size = extent * (1 + 2 * MARGIN);
  return { left: (low[0]! + high[0]! - size) / 2, bottom: (low[1]! + high[1]! - size) / 2, size };
}

/** The layers of a view that a frame has and that are not hidden, from back to front. */
export function planeLayers(view: PlaneView, arrays: Arrays, domain: Domain, hidden: readonly string[] = []): readonly Layer[] {
  return view.layers
    .filter((layer) => hasLayer(layer, arrays) && !hidden.includes(layer.array))
    .flatMap((layer): readonly Layer[] => {
      const array = arrays[layer.array] as NdArray;
      switch (layer.kind) {
        case "points":
          return pointLayers(layer, array, arrays);
        case "cells":
          return [
            shadesLayer(gridOf(array, domain), {
              ...{ name: layer.array, least: layer.low, most: layer.high, low: "vermilion", high: "blue" },
            }),
          ];
        case "lattice":
          return [latticeLayer(array, layer.array, layer.color)];
        case "arrows": {
          const options = { name: layer.array, color: layer.color, count: Math.min(MOST_ARROWS, array.shape[0] ?? 0) };
          const longest = LONGEST * domain.size;
          const length = longest / (longestOf(array.data) || 1);
          return [arrowsLayer((arrays[layer.at] as NdArray).data, array.data, { ...options, length, longest })];
        }
      }
    });
}

/** All points alike, or those of class 1 as blue discs and those of class 0 as vermilion rings. */
function pointLayers(layer: PointsLayer, { data }: NdArray, arrays: Arrays): readonly Layer[] {
  const classes = layer.classes === null ? undefined : arrays[layer.classes]?.data;
  if (!classes || classes.length * 2 !== data.length) {
    return [pointsLayer(data, { name: layer.array, shape: layer.form, color: layer.color })];
  }
  const pick = (wanted: boolean) => data.filter((_, i) => classes[i >> 1]! >= 0.5 === wanted);
  return [
    pointsLayer(pick(false), { name: `${layer.array} 0`, shape: "ring", color: "vermilion" }),
    pointsLayer(pick(true), { name: `${layer.array} 1`, shape: "disc", color: "blue" }),
  ];
}

/** A grid of as many rows as columns: where there are fewer of one, each is shown more than once. */
function gridOf({ shape, data }: NdArray, domain: Domain): Grid {
  const [rows = 1, columns = 1] = shape;
  if (rows === columns) return { values: data, side: rows, domain };
  const side = Math.max(rows, columns);
  const values = new Float32Array(side * side);
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      const from = Math.floor((row * rows) / side) * columns + Math.floor((column * columns) / side);
      values[row * side + column] = data[from]!;
    }
  }
  return { values, side, domain };
}

function latticeLayer({ shape, data }: NdArray, name: string, color: ViewColor): Layer {
  const [rows = 0, columns = 0] = shape;
  const side = shape.length === 3 && rows === columns ? rows : 0;
  const pieces = side ? (side - 1) ** 2 : Math.max(0, data.length / 2 - 1);
  return manifoldLayer(data, { name, side, color, masses: new Float64Array(pieces).fill(1) });
}

function longestOf(vectors: Float32Array): number {
  let longest = 0;
  for (let i = 0; i + 1 < vectors.length; i += 2) longest = Math.max(longest, Math.hypot(vectors[i]!, vectors[i + 1]!));
  return longest;
}

/** What there is to say about a place: its coordinates and the numbers of the cells there. */
export function describePlace(view: PlaneView, arrays: Arrays, domain: Domain, [x, y]: Point): string {
  const cells = view.layers.filter((layer): layer is CellsLayer => layer.kind === "cells" && hasLayer(layer, arrays));
  const place = t("x {x}, y {y}", { x: formatMeasure(x), y: formatMeasure(y) });
  const values = cells.map((layer) => {
    const value = readGrid(gridOf(arrays[layer.array] as NdArray, domain), x, y);
    return `${layer.label} ${formatMeasure(value)}`;
  });
  return joinClauses([place, ...values]);
}
