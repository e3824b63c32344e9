/** The slider of the pace: 1 iteration a second at the left, as fast as it goes at the right. */

const FASTEST = 10_000;

/** The share of a pace on its slider. */
export function paceToShare(pace: number): number {
  if (!Number.isFinite(pace)) return 1;
  return Math.min(0.95, Math.max(0, (Math.log10(pace) / Math.log10(FASTEST)) * 0.95));
}

/** The pace at a share of the slider, in iterations a second; Infinity at the end. */
export function shareToPace(share: number): number {
  if (share > 0.97) return Infinity;
  const pace = FASTEST ** Math.min(1, Math.max(0, share / 0.95));
  return Math.max(1, Number(pace.toPrecision(2)));
}
