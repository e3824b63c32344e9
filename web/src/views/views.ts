/**
 * What a lab says that its page draws, read from the schema's `views` (`epoque.bench.views` in
 * Python): which arrays of a frame and which metrics, and how they lie.
 */

import type { NdArray } from "../engines/session";

export type ViewColor = "blue" | "vermilion" | "green" | "purple" | "ink" | "muted";

export interface CurvesView {
  readonly kind: "curves";
  readonly title: string;
  readonly metrics: readonly { readonly name: string; readonly label: string }[];
  readonly log: boolean;
  readonly references: readonly { readonly value: number; readonly label: string }[];
}

/** Points [n, 2]; `classes` [n] of zeros and ones tells two kinds apart. */
export interface PointsLayer {
  readonly kind: "points";
  readonly array: string;
  readonly label: string;
  readonly color: ViewColor;
  readonly form: "disc" | "ring";
  readonly classes: string | null;
}

/** A number for each cell [rows, columns], row 0 the lowest. */
export interface CellsLayer {
  readonly kind: "cells";
  readonly array: string;
  readonly label: string;
  readonly low: number;
  readonly high: number;
}

/** A lattice [rows, columns, 2], or a curve [n, 2]. */
export interface LatticeLayer {
  readonly kind: "lattice";
  readonly array: string;
  readonly label: string;
  readonly color: ViewColor;
}

/** Directions [n, 2] at points [n, 2]. */
export interface ArrowsLayer {
  readonly kind: "arrows";
  readonly array: string;
  readonly at: string;
  readonly label: string;
  readonly color: ViewColor;
}

export type PlaneLayer = PointsLayer | CellsLayer | LatticeLayer | ArrowsLayer;

export interface PlaneView {
  readonly kind: "plane";
  readonly title: string;
  readonly layers: readonly PlaneLayer[];
  /** Null: where the first points lie. */
  readonly corner: readonly [number, number] | null;
  readonly size: number;
}

/** Weights [inputs, outputs] of layers, `{layer}` being 1, 2, …; or of one neuron, its bias last. */
export interface NetworkView {
  readonly kind: "network";
  readonly title: string;
  readonly weights: string;
  readonly biases: string | null;
  readonly inputs: readonly string[] | null;
}

/** Pictures [n, height, width] or [n, height, width, channels]. */
export interface ImagesView {
  readonly kind: "images";
  readonly title: string;
  readonly array: string;
  readonly low: number;
  readonly high: number;
}

/** Bytes of UTF-8 [n], or [lines, n] with zeros at the ends. */
export interface TextView {
  readonly kind: "text";
  readonly title: string;
  readonly array: string;
}

export type PictureView = PlaneView | NetworkView | ImagesView | TextView;
export type View = CurvesView | PictureView;

export type Arrays = Readonly<Record<string, NdArray>>;

const KINDS: readonly string[] = ["curves", "plane", "network", "images", "text"];

/** The views that a schema brings; those of a kind that this page does not know are left out. */
export function readViews(schema: unknown): readonly View[] {
  const views = (schema as { views?: unknown } | null)?.views;
  if (!Array.isArray(views)) return [];
  return views.filter((view: { kind?: unknown }): view is View => KINDS.includes(String(view.kind)));
}

export function isCurves(view: View): view is CurvesView {
  return view.kind === "curves";
}

export function isPicture(view: View): view is PictureView {
  return view.kind !== "curves";
}

/** Whether a frame has what a view draws. */
export function canDraw(view: PictureView, arrays: Arrays): boolean {
  switch (view.kind) {
    case "plane":
      return view.layers.some((layer) => hasLayer(layer, arrays));
    case "network":
      return hasWeights(view, arrays);
    case "images":
      return isImages(arrays[view.array]);
    case "text":
      return arrays[view.array] !== undefined;
  }
}

/** Whether a frame has the arrays of a layer, in the shape that it needs. */
export function hasLayer(layer: PlaneLayer, arrays: Arrays): boolean {
  const array = arrays[layer.array];
  if (!array) return false;
  const { shape } = array;
  switch (layer.kind) {
    case "points":
      return isPairs(array);
    case "cells":
      return shape.length === 2;
    case "lattice":
      return isPairs(array) || (shape.length === 3 && shape[2] === 2);
    case "arrows": {
      const at = arrays[layer.at];
      return isPairs(array) && at !== undefined && isPairs(at) && at.shape[0] === shape[0];
    }
  }
}

/** The name of an array of a network's layer, counted from 1. */
export function nameOfLayer(pattern: string, layer: number): string {
  return pattern.replace("{layer}", String(layer));
}

function hasWeights({ weights }: NetworkView, arrays: Arrays): boolean {
  if (weights.includes("{layer}")) return arrays[nameOfLayer(weights, 1)]?.shape.length === 2;
  const array = arrays[weights];
  return array?.shape.length === 1 && array.data.length > 1;
}

function isPairs({ shape }: NdArray): boolean {
  return shape.length === 2 && shape[1] === 2;
}

function isImages(array: NdArray | undefined): boolean {
  if (!array || array.data.length === 0) return false;
  const { shape } = array;
  return shape.length === 3 || (shape.length === 4 && (shape[3] === 1 || shape[3] === 3));
}
