// The six pairs of losses of gan2d.training.losses: at each point, and their slopes there.
//
// r and f are the logits of four real and four generated points; the losses of a pair of networks
// are means over the points, and the slopes are those of a point's own term.

import { addProduct, sigmoid4, softplus4, splat } from "../functions";
import {
  loss, LOSS_HINGE, LOSS_LEAST_SQUARES, LOSS_LOG, LOSS_MINIMAX, LOSS_RELATIVISTIC,
  realLabel, realWeight, sigmoidOutput,
} from "./settings";

/** The slope of max(0, x): ½ at its bend, as JAX has it. */
// @ts-ignore: decorator
@inline
function step(x: v128): v128 {
  const above = v128.and(splat(1), f32x4.gt(x, splat(0)));
  return v128.bitselect(splat(0.5), above, f32x4.eq(x, splat(0)));
}

/** 2·(σ − target)·σ·(1 − σ), or 2·(x − target). */
// @ts-ignore: decorator
@inline
function squareSlope(x: v128, target: f32): v128 {
  if (!sigmoidOutput) return f32x4.mul(splat(2), f32x4.sub(x, splat(target)));
  const s = sigmoid4(x);
  const slope = f32x4.mul(s, sigmoid4(f32x4.neg(x)));
  return f32x4.mul(f32x4.mul(splat(2), f32x4.sub(s, splat(target))), slope);
}

// @ts-ignore: decorator
@inline
function square(x: v128, target: f32): v128 {
  const away = f32x4.sub(sigmoidOutput ? sigmoid4(x) : x, splat(target));
  return f32x4.mul(away, away);
}

/** The slope of the discriminator's loss at a real point's logit. */
// @ts-ignore: decorator
@inline
export function realSlope(r: v128, f: v128): v128 {
  switch (loss) {
    case LOSS_LOG:
    case LOSS_MINIMAX: // w·(σ(r) − label), with all the digits of a label of 1
      return f32x4.mul(
        splat(realWeight), f32x4.sub(splat(1 - realLabel), sigmoid4(f32x4.neg(r))),
      );
    case LOSS_LEAST_SQUARES:
      return squareSlope(r, realLabel);
    case LOSS_HINGE:
      return f32x4.neg(step(f32x4.sub(splat(1), r)));
    case LOSS_RELATIVISTIC:
      return f32x4.neg(sigmoid4(f32x4.sub(f, r)));
    default:
      return splat(-1);
  }
}

/** The slope of the discriminator's loss at a generated point's logit. */
// @ts-ignore: decorator
@inline
export function fakeSlope(r: v128, f: v128): v128 {
  switch (loss) {
    case LOSS_LOG:
    case LOSS_MINIMAX:
      return sigmoid4(f);
    case LOSS_LEAST_SQUARES:
      return squareSlope(f, 0);
    case LOSS_HINGE:
      return step(f32x4.add(splat(1), f));
    case LOSS_RELATIVISTIC:
      return sigmoid4(f32x4.sub(f, r));
    default:
      return splat(1);
  }
}

/** The slope of the generator's loss at a generated point's logit. */
// @ts-ignore: decorator
@inline
export function generatorSlope(r: v128, f: v128): v128 {
  switch (loss) {
    case LOSS_LOG:
      return f32x4.neg(sigmoid4(f32x4.neg(f)));
    case LOSS_MINIMAX:
      return f32x4.neg(sigmoid4(f));
    case LOSS_LEAST_SQUARES:
      return squareSlope(f, 1);
    case LOSS_RELATIVISTIC:
      return f32x4.neg(sigmoid4(f32x4.sub(r, f)));
    default:
      return splat(-1);
  }
}

/** The term of a real point in the discriminator's loss. */
export function realLoss(r: v128, f: v128): v128 {
  switch (loss) {
    case LOSS_LOG:
    case LOSS_MINIMAX: // softplus(r) = softplus(−r) + r
      return f32x4.mul(
        splat(realWeight), addProduct(softplus4(f32x4.neg(r)), splat(1 - realLabel), r),
      );
    case LOSS_LEAST_SQUARES:
      return square(r, realLabel);
    case LOSS_HINGE:
      return f32x4.pmax(splat(0), f32x4.sub(splat(1), r));
    case LOSS_RELATIVISTIC: // half of the pair's
      return f32x4.mul(splat(0.5), softplus4(f32x4.sub(f, r)));
    default:
      return f32x4.neg(r);
  }
}

/** The term of a generated point in the discriminator's loss. */
export function fakeLoss(r: v128, f: v128): v128 {
  switch (loss) {
    case LOSS_LOG:
    case LOSS_MINIMAX:
      return softplus4(f);
    case LOSS_LEAST_SQUARES:
      return square(f, 0);
    case LOSS_HINGE:
      return f32x4.pmax(splat(0), f32x4.add(splat(1), f));
    case LOSS_RELATIVISTIC:
      return f32x4.mul(splat(0.5), softplus4(f32x4.sub(f, r)));
    default:
      return f;
  }
}

/** The term of a generated point in the generator's loss. */
export function generatorLoss(r: v128, f: v128): v128 {
  switch (loss) {
    case LOSS_LOG:
      return softplus4(f32x4.neg(f));
    case LOSS_MINIMAX:
      return f32x4.neg(softplus4(f));
    case LOSS_LEAST_SQUARES:
      return square(f, 1);
    case LOSS_RELATIVISTIC:
      return softplus4(f32x4.sub(r, f));
    default:
      return f32x4.neg(f);
  }
}
