/** Curves that are heard: a tone that is higher where the value is, from left to right. */

import { smooth } from "./thin";
import type { Series } from "./series";

const LOWEST = 220;
const OCTAVES = 2;
const SECONDS = 4;
const NOTES = 160;
const VOLUME = 0.12;

let context: AudioContext | undefined;

/** A value's tone in Hz: from A3 for the least, two octaves up to A5 for the greatest. */
export function pitchOf(value: number, least: number, most: number): number {
  const share = most > least ? (value - least) / (most - least) : 0.5;
  return LOWEST * 2 ** (OCTAVES * Math.min(1, Math.max(0, share)));
}

/** The values of a curve between two x at even distances, gaps filled with what was before. */
export function sampleCurve(series: Series, from: number, to: number, count = NOTES): Float64Array {
  const { x, y } = series;
  const sums = new Float64Array(count);
  const counts = new Float64Array(count);
  for (let i = 0; i < x.length; i++) {
    const at = Math.floor(((x[i]! - from) / (to - from || 1)) * count);
    const place = x[i] === to ? count - 1 : at;
    if (place < 0 || place >= count || !Number.isFinite(y[i]!)) continue;
    sums[place]! += y[i]!;
    counts[place]! += 1;
  }
  let before = NaN;
  return sums.map((sum, i) => (before = counts[i]! ? sum / counts[i]! : before));
}

/** Plays a curve; the promise ends with the tone. `stop` of the result ends it now. */
export function playCurve(values: Float64Array): { readonly ended: Promise<void>; stop(): void } {
  const heard = smooth(values, 0.3).filter((value) => !Number.isNaN(value));
  context ??= new AudioContext();
  void context.resume();
  const { oscillator, gain, pan } = makeVoice(context);
  const start = context.currentTime + 0.05;
  const [least, most] = [Math.min(...heard), Math.max(...heard)];
  heard.forEach((value, i) => {
    const at = start + (i / heard.length) * SECONDS;
    oscillator.frequency.linearRampToValueAtTime(pitchOf(value, least, most), at);
  });
  pan.pan.setValueAtTime(-0.8, start);
  pan.pan.linearRampToValueAtTime(0.8, start + SECONDS);
  gain.gain.setValueAtTime(0, start);
  gain.gain.linearRampToValueAtTime(VOLUME, start + 0.05);
  gain.gain.setValueAtTime(VOLUME, start + SECONDS - 0.1);
  gain.gain.linearRampToValueAtTime(0, start + SECONDS);
  oscillator.start(start);
  oscillator.stop(start + SECONDS + 0.05);
  const ended = new Promise<void>((resolve) => (oscillator.onended = () => resolve()));
  return { ended, stop: () => oscillator.stop() };
}

/** A short tone for one value. */
export function playValue(value: number, least: number, most: number): void {
  if (!Number.isFinite(value)) return;
  context ??= new AudioContext();
  void context.resume();
  const { oscillator, gain } = makeVoice(context);
  const start = context.currentTime;
  oscillator.frequency.setValueAtTime(pitchOf(value, least, most), start);
  gain.gain.setValueAtTime(0, start);
  gain.gain.linearRampToValueAtTime(VOLUME, start + 0.02);
  gain.gain.linearRampToValueAtTime(0, start + 0.18);
  oscillator.start(start);
  oscillator.stop(start + 0.2);
}

function makeVoice(audio: AudioContext): { oscillator: OscillatorNode; gain: GainNode; pan: StereoPannerNode } {
  const oscillator = audio.createOscillator();
  const gain = audio.createGain();
  const pan = audio.createStereoPanner();
  oscillator.type = "triangle";
  oscillator.connect(gain).connect(pan).connect(audio.destination);
  return { oscillator, gain, pan };
}
