/** Measures beside the page, so that it goes on drawing. */

import { measureSamples } from "./measures";

export interface MeasureRequest {
  readonly id: number;
  readonly real: Float32Array;
  readonly fake: Float32Array;
  readonly data: string;
}

self.onmessage = ({ data: { id, real, fake, data } }: MessageEvent<MeasureRequest>) => {
  self.postMessage({ id, measures: measureSamples(real, fake, data) });
};
