/** Numbers at the lower edge of a plane: where its units lie. */

import { formatMeasure } from "../../i18n";
import type { Layer } from "../layer";
import { toPixel, toPlane } from "../view";

const ROOM = 90;

/** Round numbers along x, with short ticks. */
export function scaleLayer(): Layer {
  return {
    name: "scale",
    draw(pen, view, theme) {
      const size = Math.max(10, Math.min(14, view.side / 55));
      pen.font = `${size}px ${theme.numbers}`;
      pen.textBaseline = "bottom";
      pen.lineWidth = 1;
      pen.strokeStyle = theme.colors.muted;
      pen.fillStyle = theme.colors.muted;
      const [left] = toPlane(view, 0, 0);
      const [right] = toPlane(view, view.side, 0);
      for (const x of roundNumbers(left, right, Math.max(2, Math.floor(view.side / (2 * ROOM))))) {
        const [at] = toPixel(view, x, 0);
        pen.beginPath();
        pen.moveTo(at, view.side);
        pen.lineTo(at, view.side - 5);
        pen.stroke();
        pen.textAlign = at < 12 ? "left" : at > view.side - 12 ? "right" : "center";
        pen.fillText(formatMeasure(x), Math.min(view.side - 3, Math.max(3, at)), view.side - 6);
      }
    },
  };
}

function roundNumbers(from: number, to: number, count: number): number[] {
  const rough = (to - from) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999) ?? 10);
  const numbers = [];
  for (let i = Math.ceil(from / step - 1e-9); i * step <= to + 1e-9; i++) numbers.push(i === 0 ? 0 : i * step);
  return numbers;
}
