/** What the plane shows in slow motion: the batch at work, and what the phase makes of it. */

import { type Layer, pointRadius } from "../../canvas/layer";
import { arrowsLayer } from "../../canvas/layers/arrows";
import { pointsLayer } from "../../canvas/layers/points";
import { scaleLayer } from "../../canvas/layers/scale";
import { shadesLayer } from "../../canvas/layers/shades";
import type { Pen } from "../../canvas/pen";
import type { Theme } from "../../canvas/theme";
import { toPixel, type View } from "../../canvas/view";
import type { Moment } from "./moment";
import { kindOf, type Story } from "./phases";

/** Answers behind the points: pale while they are not what the phase is about. */
const QUIET = 0.35;

export function makePhaseLayers(moment: Moment, story: Story): Layer[] {
  const { phase, arrays } = story;
  const kind = kindOf(phase.name);
  const data = (name: string) => arrays[name]?.data ?? null;
  const [real, fake] = [data("real"), data("fake")];
  const layers: (Layer | null)[] = [
    shadesLayer(moment.answers, {
      ...{ name: "answers", least: moment.least, most: moment.most, low: "vermilion", high: "blue" },
      opacity: kind === "classify" || kind === "update" ? 1 : QUIET,
    }),
  ];
  if (kind === "loss") {
    layers.push(lossLayer("real", real, data("real_losses")), lossLayer("fake", fake, data("fake_losses")));
  } else if (kind === "classify") {
    layers.push(wrongLayer("real", real, data("real_logits"), -1), wrongLayer("fake", fake, data("fake_logits"), 1));
  }
  if (phase.name === "generator_gradients" && fake) layers.push(pullLayer(fake, data("fake_gradients")));
  if (phase.name === "generator_update") {
    const [before, after] = [data("fake_before"), data("fake_after")];
    if (before && after) layers.push(moveLayer(before, after));
  } else if (kind !== "loss") {
    const isOfPoints = kind === "sample" || kind === "classify" || phase.name === "generator_gradients";
    const opacity = isOfPoints ? 1 : QUIET;
    if (real) layers.push(pointsLayer(real, { name: "batch-real", shape: "disc", color: "blue", opacity }));
    if (fake) layers.push(pointsLayer(fake, { name: "batch-fake", shape: "ring", color: "vermilion", opacity }));
  }
  return [...layers.filter((layer) => layer !== null), scaleLayer()];
}

/** Points whose area is what each costs. */
function lossLayer(kind: "real" | "fake", points: Float32Array | null, losses: Float32Array | null): Layer | null {
  if (!points || !losses) return null;
  return {
    name: `loss-${kind}`,
    draw(pen, view, theme) {
      const radius = pointRadius(view);
      const least = losses.reduce((low, value) => Math.min(low, value), 0);
      drawEach(pen, points, view, (i) => radius * Math.min(5, 0.4 + 2 * Math.sqrt(Math.max(0, losses[i]! - least))));
      paint(pen, kind, theme, radius);
    },
  };
}

/** A cross over each point that was taken for what it is not. */
function wrongLayer(
  kind: "real" | "fake",
  points: Float32Array | null,
  logits: Float32Array | null,
  sign: number,
): Layer | null {
  if (!points || !logits) return null;
  return {
    name: `wrong-${kind}`,
    draw(pen, view, theme) {
      const size = pointRadius(view) * 2.2;
      pen.strokeStyle = theme.colors.ink;
      pen.lineWidth = 1.25;
      pen.beginPath();
      for (let i = 0; i < logits.length; i++) {
        if (sign * logits[i]! <= 0) continue;
        const [x, y] = toPixel(view, points[2 * i]!, points[2 * i + 1]!);
        pen.moveTo(x - size, y - size);
        pen.lineTo(x + size, y + size);
        pen.moveTo(x - size, y + size);
        pen.lineTo(x + size, y - size);
      }
      pen.stroke();
    },
  };
}

/** The generator goes down the slope of its loss: arrows against it, the median as long as a tenth of the square. */
function pullLayer(points: Float32Array, slopes: Float32Array | null): Layer | null {
  if (!slopes) return null;
  const lengths = Float32Array.from({ length: slopes.length / 2 }, (_, i) => Math.hypot(slopes[2 * i]!, slopes[2 * i + 1]!));
  const median = lengths.sort()[lengths.length >> 1] || 1;
  const down = slopes.map((value) => -value);
  const options = { name: "pull", color: "ink", count: Infinity, length: 0.06 / median, longest: 0.15 } as const;
  return arrowsLayer(points, down, options);
}

/** A line from where each point was to where it is. */
function moveLayer(before: Float32Array, after: Float32Array): Layer {
  return {
    name: "move",
    draw(pen, view, theme) {
      pen.strokeStyle = theme.colors.ink;
      pen.lineWidth = 1;
      pen.beginPath();
      for (let i = 0; i < before.length; i += 2) {
        pen.moveTo(...toPixel(view, before[i]!, before[i + 1]!));
        pen.lineTo(...toPixel(view, after[i]!, after[i + 1]!));
      }
      pen.stroke();
      const radius = pointRadius(view);
      drawEach(pen, after, view, () => radius);
      paint(pen, "fake", theme, radius);
    },
  };
}

function drawEach(pen: Pen, points: Float32Array, view: View, radiusOf: (i: number) => number): void {
  pen.beginPath();
  for (let i = 0; 2 * i < points.length; i++) {
    const [x, y] = toPixel(view, points[2 * i]!, points[2 * i + 1]!);
    const radius = radiusOf(i);
    pen.moveTo(x + radius, y);
    pen.arc(x, y, radius, 0, 2 * Math.PI);
  }
}

function paint(pen: Pen, kind: "real" | "fake", theme: Theme, radius: number): void {
  pen.fillStyle = kind === "real" ? theme.colors.blue : theme.colors.paper;
  pen.globalAlpha *= kind === "real" ? 0.75 : 1;
  pen.fill();
  if (kind === "real") return;
  pen.strokeStyle = theme.colors.vermilion;
  pen.lineWidth = Math.max(1, radius * 0.5);
  pen.stroke();
}
