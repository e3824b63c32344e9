// Products of the layers of a network in float64, two lanes at once. Values lie by neuron: a row of
// CHUNK points for each, of which the first `points` (a multiple of 4) are computed. Weights lie as in
// files, [inputs, neurons].

/** Points that are computed at once. */
export const CHUNK: i32 = 64;
/** Bytes of a row. */
export const ROW: usize = 512;

// @ts-ignore: decorator
@inline
function addProduct(sum: v128, a: v128, b: v128): v128 {
  return f64x2.add(sum, f64x2.mul(a, b));
}

// @ts-ignore: decorator
@inline
function sumLanes(v: v128): f64 {
  return f64x2.extract_lane(v, 0) + f64x2.extract_lane(v, 1);
}

/** z[j] = b[j] + Σ w[i, j] · a[i]. */
export function multiplyForward(
  w: usize, b: usize, a: usize, z: usize, inputs: i32, neurons: i32, points: i32,
): void {
  const stride = <usize>neurons * 8;
  const bytes = <usize>points * 8;
  let j: usize = 0;
  for (; j + 1 < <usize>neurons; j += 2) {
    const to = z + j * ROW;
    const bias0 = v128.load64_splat(b + j * 8);
    const bias1 = v128.load64_splat(b + j * 8, 8);
    for (let p: usize = 0; p < bytes; p += 32) {
      let s0 = bias0;
      let s1 = bias0;
      let t0 = bias1;
      let t1 = bias1;
      let from = a + p;
      let weight = w + j * 8;
      for (let i = 0; i < inputs; i++) {
        const u = v128.load64_splat(weight);
        const v = v128.load64_splat(weight, 8);
        const a0 = v128.load(from);
        const a1 = v128.load(from, 16);
        s0 = addProduct(s0, u, a0);
        s1 = addProduct(s1, u, a1);
        t0 = addProduct(t0, v, a0);
        t1 = addProduct(t1, v, a1);
        from += ROW;
        weight += stride;
      }
      v128.store(to + p, s0);
      v128.store(to + p, s1, 16);
      v128.store(to + p, t0, ROW);
      v128.store(to + p, t1, ROW + 16);
    }
  }
  if (j < <usize>neurons) {
    const bias = v128.load64_splat(b + j * 8);
    for (let p: usize = 0; p < bytes; p += 32) {
      let s0 = bias;
      let s1 = bias;
      let from = a + p;
      let weight = w + j * 8;
      for (let i = 0; i < inputs; i++) {
        const u = v128.load64_splat(weight);
        s0 = addProduct(s0, u, v128.load(from));
        s1 = addProduct(s1, u, v128.load(from, 16));
        from += ROW;
        weight += stride;
      }
      v128.store(z + j * ROW + p, s0);
      v128.store(z + j * ROW + p, s1, 16);
    }
  }
}

/** Adds to gw[i, j] the sum over the points of a[i] · dz[j], and to gb[j] that of dz[j]. */
export function addGradients(
  a: usize, dz: usize, gw: usize, gb: usize, inputs: i32, neurons: i32, points: i32,
): void {
  const bytes = <usize>points * 8;
  for (let j: usize = 0; j < <usize>neurons; j++) {
    const delta = dz + j * ROW;
    let gradient = gw + j * 8;
    for (let i: usize = 0; i < <usize>inputs; i++) {
      const from = a + i * ROW;
      let s0 = f64x2.splat(0);
      let s1 = f64x2.splat(0);
      for (let p: usize = 0; p < bytes; p += 32) {
        s0 = addProduct(s0, v128.load(delta + p), v128.load(from + p));
        s1 = addProduct(s1, v128.load(delta + p, 16), v128.load(from + p, 16));
      }
      store<f64>(gradient, load<f64>(gradient) + sumLanes(f64x2.add(s0, s1)));
      gradient += <usize>neurons * 8;
    }
    let s = f64x2.splat(0);
    for (let p: usize = 0; p < bytes; p += 16) s = f64x2.add(s, v128.load(delta + p));
    store<f64>(gb + j * 8, load<f64>(gb + j * 8) + sumLanes(s));
  }
}

/** da[i] = Σ w[i, j] · dz[j]. */
export function multiplyBackward(
  w: usize, dz: usize, da: usize, inputs: i32, neurons: i32, points: i32,
): void {
  const bytes = <usize>points * 8;
  for (let i: usize = 0; i < <usize>inputs; i++) {
    const weight = w + i * <usize>neurons * 8;
    const to = da + i * ROW;
    for (let p: usize = 0; p < bytes; p += 32) {
      let s0 = f64x2.splat(0);
      let s1 = f64x2.splat(0);
      for (let j: usize = 0; j < <usize>neurons; j++) {
        const u = v128.load64_splat(weight + j * 8);
        const delta = dz + j * ROW + p;
        s0 = addProduct(s0, u, v128.load(delta));
        s1 = addProduct(s1, u, v128.load(delta, 16));
      }
      v128.store(to + p, s0);
      v128.store(to + p, s1, 16);
    }
  }
}
