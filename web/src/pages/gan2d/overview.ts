/** The parts of a GAN and what flows between them, drawn live: noise → G → samples → D → losses, and back. */

import { drawLayers, type Layer } from "../../canvas/layer";
import { manifoldLayer } from "../../canvas/layers/manifold";
import { pointsLayer } from "../../canvas/layers/points";
import { shadesLayer } from "../../canvas/layers/shades";
import type { Pen } from "../../canvas/pen";
import type { Theme, Token } from "../../canvas/theme";
import { UNIT, wholeView } from "../../canvas/view";
import type { Values } from "../../form/schema";
import { formatMeasure, formatNumber } from "../../i18n";
import { latticeMasses, latticePlaces } from "./lattice";
import type { Moment } from "./moment";
import type { Part } from "./phases";

/** Of the drawing, in its own units. */
export const WIDTH = 304;
export const HEIGHT = 190;
const BOX = 44;

/** Where each part stands: left, top, width, height. */
export const PLACES: Readonly<Record<Part, readonly [number, number, number, number]>> = {
  noise: [0, 16, BOX, BOX],
  generator: [60, 16, BOX, BOX],
  fake: [120, 16, BOX, BOX],
  real: [120, 90, BOX, BOX],
  discriminator: [184, 53, BOX, BOX],
  losses: [244, 53, 60, BOX],
  gradients: [60, 158, 200, 28],
};

export interface OverviewData {
  readonly moment: Moment;
  readonly config: Values;
  readonly lossD: number;
  readonly lossG: number;
  /** What each part is called. */
  readonly words: Readonly<Record<Part, string>>;
  /** The parts at work in slow motion; null for all. */
  readonly lit: readonly Part[] | null;
  /** How far the dashes of the flow have moved, in units. */
  readonly moved: number;
}

/** A flow from one part to others: its way, what flows, and its colour. */
interface Flow {
  readonly way: readonly (readonly [number, number])[];
  readonly parts: readonly Part[];
  /** Points an iteration. */
  readonly points: number;
  readonly color: Token;
  /** Where the number of points stands. */
  readonly label?: readonly [number, number];
}

/** Draws the overview `WIDTH` × `HEIGHT` units large, `scale` CSS pixels each. */
export function drawOverview(pen: Pen, data: OverviewData, theme: Theme, scale: number): void {
  const flows = listFlows(data.config);
  const most = Math.max(1, ...flows.map(({ points }) => points));
  for (const flow of flows) drawFlow(pen, flow, most, data, theme, scale);
  for (const part of Object.keys(PLACES) as Part[]) {
    pen.save();
    pen.globalAlpha = !data.lit || data.lit.includes(part) ? 1 : 0.25;
    drawPart(pen, part, data, theme, scale);
    pen.restore();
  }
}

function listFlows(config: Values): Flow[] {
  const batch = Number(config["batch_size"]);
  const [d, g] = [Number(config["d_steps"]) * batch, Number(config["g_steps"]) * batch];
  const relativistic = config["loss"] === "relativistic" ? g : 0;
  return [
    { way: [[46, 38], [57, 38]], parts: ["noise", "generator"], points: d + g, color: "muted" },
    { way: [[106, 38], [117, 38]], parts: ["generator", "fake"], points: d + g, color: "vermilion" },
    { way: [[165, 38], [174, 38], [174, 66], [181, 66]], parts: ["fake", "discriminator"], points: d + g, color: "vermilion", label: [177, 33] },
    { way: [[165, 112], [174, 112], [174, 84], [181, 84]], parts: ["real", "discriminator"], points: d + relativistic, color: "blue", label: [177, 124] },
    { way: [[230, 75], [241, 75]], parts: ["discriminator", "losses"], points: 2 * d + g, color: "muted" },
    { way: [[266, 96], [266, 156], [206, 156], [206, 102]], parts: ["gradients", "discriminator"], points: d, color: "blue" },
    { way: [[286, 96], [286, 168], [82, 168], [82, 65]], parts: ["gradients", "generator"], points: g, color: "vermilion" },
  ];
}

function drawFlow(pen: Pen, flow: Flow, most: number, data: OverviewData, theme: Theme, scale: number): void {
  const { way, points, color, parts, label } = flow;
  const isLit = !data.lit || data.lit.includes(parts[0]!);
  pen.save();
  pen.globalAlpha = (isLit ? 1 : 0.25) * (points ? 1 : 0.3);
  pen.strokeStyle = theme.colors[color];
  pen.fillStyle = theme.colors[color];
  // The line's width is the share of all points that flow here.
  const width = 1 + 2.5 * Math.sqrt(points / most);
  pen.lineWidth = width;
  pen.setLineDash(points ? [5, 3] : [1, 3]);
  pen.lineDashOffset = -data.moved;
  pen.beginPath();
  way.forEach(([x, y], i) => (i ? pen.lineTo(x * scale, y * scale) : pen.moveTo(x * scale, y * scale)));
  pen.stroke();
  pen.setLineDash([]);
  drawHead(pen, way, scale, 3 + width);
  if (label && points) {
    pen.font = `11px ${theme.numbers}`;
    pen.textAlign = "left";
    pen.fillStyle = theme.colors.muted;
    pen.fillText(formatNumber(points), label[0] * scale, label[1] * scale);
  }
  pen.restore();
}

function drawHead(pen: Pen, way: Flow["way"], scale: number, size: number): void {
  const [x1, y1] = way[way.length - 1]!;
  const [x0, y0] = way[way.length - 2]!;
  const length = Math.hypot(x1 - x0, y1 - y0);
  const [ux, uy] = [(x1 - x0) / length, (y1 - y0) / length];
  const [x, y] = [x1 * scale, y1 * scale];
  pen.beginPath();
  pen.moveTo(x + ux * 2, y + uy * 2);
  pen.lineTo(x - ux * size - uy * size * 0.6, y - uy * size + ux * size * 0.6);
  pen.lineTo(x - ux * size + uy * size * 0.6, y - uy * size - ux * size * 0.6);
  pen.closePath();
  pen.fill();
}

function drawPart(pen: Pen, part: Part, data: OverviewData, theme: Theme, scale: number): void {
  const [x, y, width, height] = PLACES[part];
  if (part === "losses") drawLosses(pen, data, theme, scale);
  else if (part !== "gradients") drawThumbnail(pen, part, data, theme, scale);
  pen.font = `12px ${theme.words}`;
  // Beside G there is room to the right only.
  pen.textAlign = part === "losses" ? "right" : part === "fake" ? "left" : "center";
  pen.textBaseline = "alphabetic";
  pen.fillStyle = theme.colors.ink;
  const middle = part === "losses" ? x + width : part === "fake" ? x - 2 : x + width / 2;
  // The real points' name stands below: a line of flow passes above them.
  const baseline = part === "gradients" ? y + height - 4 : part === "real" ? y + height + 12 : y - 4;
  pen.fillText(data.words[part], middle * scale, baseline * scale);
}

function drawThumbnail(pen: Pen, part: Part, data: OverviewData, theme: Theme, scale: number): void {
  const [x, y, width] = PLACES[part];
  const side = width * scale;
  pen.save();
  pen.beginPath();
  pen.rect(x * scale, y * scale, side, side);
  pen.clip();
  const view = wholeView(UNIT, side, [x * scale, y * scale]);
  drawLayers(pen, thumbnailLayers(part, data), view, theme);
  if (data.lit && !data.lit.includes(part)) {
    // Layers have an opacity of their own: what is not at work is dimmed by paper over it.
    pen.globalAlpha = 0.75;
    pen.fillStyle = theme.colors.paper;
    pen.fillRect(x * scale, y * scale, side, side);
  }
  pen.restore();
  pen.strokeStyle = theme.colors.muted;
  pen.lineWidth = 1;
  pen.beginPath();
  pen.rect(x * scale + 0.5, y * scale + 0.5, side - 1, side - 1);
  pen.stroke();
}

function thumbnailLayers(part: Part, { moment, config }: OverviewData): Layer[] {
  const side = moment.manifoldSide;
  const masses = latticeMasses(String(config["noise"]), side);
  const look = { name: part, side, masses, color: "ink" } as const;
  switch (part) {
    case "noise":
      return [manifoldLayer(latticePlaces(side), look)];
    case "generator":
      return [manifoldLayer(moment.manifold, look)];
    case "fake":
      return [pointsLayer(moment.fake.subarray(0, 300), { name: part, shape: "ring", color: "vermilion" })];
    case "real":
      return [pointsLayer(moment.real.subarray(0, 300), { name: part, shape: "disc", color: "blue" })];
    default:
      return [
        shadesLayer(moment.answers, {
          ...{ name: part, least: moment.least, most: moment.most, low: "vermilion", high: "blue" },
        }),
      ];
  }
}

function drawLosses(pen: Pen, { lossD, lossG }: OverviewData, theme: Theme, scale: number): void {
  const [x, y, width] = PLACES.losses;
  pen.textAlign = "right";
  pen.textBaseline = "alphabetic";
  pen.font = `12px ${theme.numbers}`;
  [["D", lossD, "blue"] as const, ["G", lossG, "vermilion"] as const].forEach(([name, loss, color], i) => {
    pen.fillStyle = theme.colors[color];
    const text = `${name} ${Number.isNaN(loss) ? "–" : formatMeasure(loss)}`;
    pen.fillText(text, (x + width) * scale, (y + 19) * scale + i * 17);
  });
}
