// The 256 layers of the ziggurat for the normal distribution (Marsaglia & Tsang 2000, "The ziggurat
// method for generating random variables", J. Stat. Softw. 5(8)), computed when first needed as the
// paper computes them, with 52 bits for the place in a layer. All layers have the same area.

import { exactExp, exactLog } from "./double_double";

/** Where the tail begins. */
export const TAIL: f64 = 3.6541528853610088;
export const INVERSE_TAIL: f64 = 0.27366123732975828;
const AREA: f64 = 0.004928673233974652;
const PLACES: f64 = 4503599627370496; // 2^52

/** Width of a layer a place, f64 [256]. */
export const WI: usize = memory.data(2048, 8);
/** Below it a place is under the curve for sure, u64 [256]. */
export const KI: usize = memory.data(2048, 8);
/** The curve at the layer's edge, f64 [256]. */
export const FI: usize = memory.data(2048, 8);

let isBuilt: bool = false;

export function buildZiggurat(): void {
  if (isBuilt) return;
  isBuilt = true;
  let x = TAIL;
  setLayer(255, x);
  const last = load<f64>(FI + 255 * 8);
  store<u64>(KI, <u64>(((x * last) / AREA) * PLACES));
  store<f64>(WI, AREA / last / PLACES);
  store<f64>(FI, 1);
  for (let layer: usize = 254; layer > 0; layer--) {
    const inner = sqrt(-2 * exactLog(AREA / x + load<f64>(FI + (layer + 1) * 8)));
    store<u64>(KI + (layer + 1) * 8, <u64>nearest((inner / x) * PLACES));
    x = inner;
    setLayer(layer, x);
  }
  store<u64>(KI + 8, 0);
}

function setLayer(layer: usize, x: f64): void {
  store<f64>(WI + layer * 8, x / PLACES);
  let curve = exactExp(-0.5 * x * x);
  // 0.50174 of a unit in the last place from NumPy's value, whose libm rounded the other way.
  if (layer == 38) curve = reinterpret<f64>(reinterpret<u64>(curve) + 1);
  store<f64>(FI + layer * 8, curve);
}
