/** Where a number stands on its slider: a share of the length, 0 to 1. */

import type { Setting } from "./schema";
import { isWithin } from "./values";

export interface Scale {
  readonly low: number;
  readonly high: number;
  readonly log: boolean;
  /** Whether the left end is 0, apart from the log scale that begins beside it. */
  readonly hasZero: boolean;
  readonly whole: boolean;
  readonly step: number;
}

const ZERO_SHARE = 0.06;
/** How many decades a log slider shows on each side of the default, where the bounds allow more. */
const DECADES = 2;

/**
 * The scale of a bounded number's slider; null where a slider would say nothing, because the
 * setting has no upper bound, or is no number.
 */
export function scaleOf(setting: Setting): Scale | null {
  if (setting.kind !== "integer" && setting.kind !== "number") return null;
  const { bounds } = setting;
  const high = bounds.maximum ?? bounds.exclusiveMaximum;
  const low = bounds.minimum ?? bounds.exclusiveMinimum;
  if (high === undefined || low === undefined) return null;
  return setting.log ? logScale(setting, low, high) : linearScale(setting, low, high);
}

function linearScale(setting: Setting, low: number, high: number): Scale {
  const whole = setting.kind === "integer";
  const step = setting.step ?? (whole ? 1 : niceStep((high - low) / 200));
  // An end that is not allowed itself is a step away.
  const first = isWithin(setting.bounds, low) ? low : low + step;
  const last = isWithin(setting.bounds, high) ? high : high - step;
  return { low: first, high: last, log: false, hasZero: false, whole, step };
}

function logScale(setting: Setting, low: number, high: number): Scale {
  const whole = setting.kind === "integer";
  const usual = Number(setting.default) > 0 ? Number(setting.default) : Math.min(high, 0.01);
  const first = Math.max(low > 0 ? low : 0, decade(usual, -DECADES, Math.floor), whole ? 1 : 0);
  const last = Math.min(high, decade(usual, DECADES, Math.ceil));
  const hasZero = isWithin(setting.bounds, 0);
  return { low: first, high: Math.max(last, first * 10), log: true, hasZero, whole, step: setting.step ?? 0 };
}

function decade(value: number, by: number, round: (x: number) => number): number {
  return 10 ** (round(Math.log10(value)) + by);
}

function niceStep(step: number): number {
  const size = 10 ** Math.floor(Math.log10(step));
  return [1, 2, 5, 10].map((factor) => factor * size).find((nice) => nice >= step) ?? step;
}

/** The share of a value; values beyond the ends stand at them. */
export function toShare(scale: Scale, value: number): number {
  if (!scale.log) return clamp((value - scale.low) / (scale.high - scale.low));
  const begin = scale.hasZero ? ZERO_SHARE : 0;
  if (value < scale.low) return scale.hasZero && value <= 0 ? 0 : begin;
  const share = Math.log(value / scale.low) / Math.log(scale.high / scale.low);
  return clamp(begin + (1 - begin) * share);
}

/** The value at a share, rounded as a person would write it. */
export function fromShare(scale: Scale, share: number): number {
  const at = clamp(share);
  if (!scale.log) return roundTo(scale, scale.low + at * (scale.high - scale.low));
  if (scale.hasZero && at < ZERO_SHARE / 2) return 0;
  const begin = scale.hasZero ? ZERO_SHARE : 0;
  const inner = clamp((at - begin) / (1 - begin));
  const value = scale.low * (scale.high / scale.low) ** inner;
  return clampValue(scale, scale.whole ? roundWhole(value) : Number(value.toPrecision(2)));
}

/** The next value up or down, as an arrow key goes: a step, or on a log scale a twentieth of a decade. */
export function nextValue(scale: Scale, value: number, steps: number): number {
  if (!scale.log) return clampValue(scale, roundTo(scale, value + steps * scale.step));
  if (value <= 0) return steps > 0 ? scale.low : 0;
  const next = value * 10 ** (steps / 20);
  if (scale.hasZero && next < scale.low) return 0;
  if (!scale.whole) return clampValue(scale, distinct(value, next));
  return clampValue(scale, roundWhole(steps > 0 ? Math.max(next, value + 1) : Math.min(next, value - 1)));
}

function distinct(value: number, next: number): number {
  const rounded = Number(next.toPrecision(2));
  return rounded === value ? Number(next.toPrecision(3)) : rounded;
}

function clampValue(scale: Scale, value: number): number {
  return Math.min(scale.high, Math.max(scale.hasZero ? 0 : scale.low, value));
}

function roundTo(scale: Scale, value: number): number {
  const steps = Math.round((value - scale.low) / scale.step);
  return Number((scale.low + steps * scale.step).toPrecision(12));
}

function roundWhole(value: number): number {
  return value < 100 ? Math.round(value) : Math.round(Number(value.toPrecision(2)));
}

function clamp(share: number): number {
  return Math.min(1, Math.max(0, share));
}
