"""The fused kernel of the CUDA path: upsample, rectify, downsample, tile by tile, in one pass.

A filter that changes the sampling rate is a band matrix: sample i of the upsampled signal and
sample l of the low one meet in tap i − R·l + q, R being the rate. So a tile is two small matrix
products up and two down, one for each axis, which the tensor cores do with sums in float32, and the
upsampled tile never leaves the multiprocessor. A filter that is no product of a column and a row is
a sum of few such products (its singular values), and goes through the same code. The transpose of
the whole, which the backward pass needs, is the same kernel with the two stages exchanged, and what
the activation did to each upsampled sample in two bits: whether it was below zero, and whether it
was clamped.

Triton compiles this file for the graphics processor when it is first used; no other compiler is
needed. NEVER RUN ON A CARD YET: see `cuda`.
"""
# A kernel is one long function with all it needs in its list of arguments.
# ruff: noqa: PLR0912, PLR0915, PLR0917
# mypy: disallow-untyped-defs=False, disallow-incomplete-defs=False
# mypy: disallow-untyped-calls=False, disallow-untyped-decorators=False

import triton
import triton.language as tl

__all__ = ["KEEP", "LINEAR", "MASK", "RECTIFY", "fused_kernel"]

LINEAR, RECTIFY, KEEP, MASK = 0, 1, 2, 3
"""What happens to upsampled samples: nothing; the activation; that, and its bits are kept; they are
multiplied by its slope, read from the bits."""

_FAR = tl.constexpr(1 << 20)  # makes numbers positive, for a division that rounds down


@triton.jit
def _first_low(high, taps: tl.constexpr, rate: tl.constexpr, shift):
    """Return the first low sample that sample `high` and those after it meet."""
    # Triton divides as C does, towards zero: samples left of the image would round to the right.
    return (high + shift - taps + rate + _FAR * rate) // rate - _FAR


@triton.jit
def _band_matrix(coefficients, high, low, taps: tl.constexpr, rate: tl.constexpr, shift):
    """Return the matrix of a filter between samples `high` and `low`, one of them [:, 1]."""
    # Zeros beyond the taps make the band matrix: no other case is needed for edges or for phases.
    tap = high - rate * low + shift
    return tl.load(coefficients + tap, (tap >= 0) & (tap < taps), 0.0)


@triton.jit
def _matmul(a, b, dtype: tl.constexpr, precision: tl.constexpr):
    return tl.dot(a.to(dtype), b.to(dtype), input_precision=precision)


@triton.jit
def _read_slope(bits, y, x, inside, above, below):
    """Return the activation's slope at samples y and x; 0 outside."""
    byte = tl.load(bits + x // 4 + y, inside, 0)
    code = (byte >> ((x % 4) * 2).to(tl.uint8)) & 3
    slope = tl.where((code & 1) != 0, below, above)
    return tl.where(inside & (code < 2), slope, 0.0)


@triton.jit
def fused_kernel(
    source,
    result,
    bits,
    bias,
    up_rows,
    up_columns,
    down_rows,
    down_columns,
    planes,
    channels,
    source_h,
    source_w,
    inner_h,
    inner_w,
    result_h,
    result_w,
    bytes_w,
    above,
    below,
    clamp,
    up_shift_y,
    up_shift_x,
    down_shift_y,
    down_shift_x,
    MODE: tl.constexpr,
    UP: tl.constexpr,
    DOWN: tl.constexpr,
    UP_RANK: tl.constexpr,
    DOWN_RANK: tl.constexpr,
    UP_TAPS_Y: tl.constexpr,
    UP_TAPS_X: tl.constexpr,
    DOWN_TAPS_Y: tl.constexpr,
    DOWN_TAPS_X: tl.constexpr,
    UP_Y: tl.constexpr,
    UP_X: tl.constexpr,
    DOWN_Y: tl.constexpr,
    DOWN_X: tl.constexpr,
    OWN_H: tl.constexpr,
    OWN_W: tl.constexpr,
    LOW_H: tl.constexpr,
    LOW_W: tl.constexpr,
    HIGH_H: tl.constexpr,
    HIGH_W: tl.constexpr,
    OUT_H: tl.constexpr,
    OUT_W: tl.constexpr,
    PLANES: tl.constexpr,
    PRECISION: tl.constexpr,
):
    """Filter tiles of [planes, source_h, source_w] to [planes, result_h, result_w].

    A program computes the tile of `OWN_H` × `OWN_W` results at its place, of `PLANES` planes; the
    other sizes are powers of two that hold what it needs: `LOW_…` of the source, `HIGH_…` of the
    upsampled signal, `OUT_…` of the result. `UP` and `DOWN` tell whether there is such a stage.
    """
    dtype: tl.constexpr = source.dtype.element_ty
    # Where this tile begins: in the result, from there in the upsampled signal, from there in the
    # source. The rest are the samples of each, as many as the powers of two say.
    out_y = tl.program_id(1) * OWN_H
    out_x = tl.program_id(0) * OWN_W
    high_y = out_y * DOWN_Y - down_shift_y
    high_x = out_x * DOWN_X - down_shift_x
    low_y = _first_low(high_y, UP_TAPS_Y, UP_Y, up_shift_y)
    low_x = _first_low(high_x, UP_TAPS_X, UP_X, up_shift_x)
    out_ys = out_y + tl.arange(0, OUT_H)
    out_xs = out_x + tl.arange(0, OUT_W)
    high_ys = high_y + tl.arange(0, HIGH_H)
    high_xs = high_x + tl.arange(0, HIGH_W)
    low_ys = low_y + tl.arange(0, LOW_H)
    low_xs = low_x + tl.arange(0, LOW_W)

    there = ((low_ys >= 0) & (low_ys < source_h))[:, None] & (low_xs >= 0) & (low_xs < source_w)
    inside = ((high_ys >= 0) & (high_ys < inner_h))[:, None] & (high_xs >= 0) & (high_xs < inner_w)
    mine = (out_ys < tl.minimum(result_h, out_y + OWN_H))[:, None] & (
        out_xs < tl.minimum(result_w, out_x + OWN_W)
    )
    # Bits of samples that tiles share are written by the first; what lies beyond, by the last.
    end_y = (OWN_H - 1) * DOWN_Y + DOWN_TAPS_Y
    end_x = (OWN_W - 1) * DOWN_X + DOWN_TAPS_X
    if tl.program_id(1) < tl.num_programs(1) - 1:
        end_y = OWN_H * DOWN_Y
    if tl.program_id(0) < tl.num_programs(0) - 1:
        end_x = OWN_W * DOWN_X
    byte_xs = high_x // 4 + tl.arange(0, HIGH_W // 4)
    stored = (high_ys < tl.minimum(inner_h, high_y + end_y))[:, None] & (
        4 * byte_xs < tl.minimum(inner_w, high_x + end_x)
    )

    # The matrices are the same for all planes of the program, so they are made once; those of
    # several ranks would not fit in registers together, and are made again in each plane.
    if UP & (UP_RANK == 1):
        up_y = _band_matrix(up_rows, high_ys[:, None], low_ys[None, :], UP_TAPS_Y, UP_Y, up_shift_y)
        up_x = _band_matrix(
            up_columns, high_xs[None, :], low_xs[:, None], UP_TAPS_X, UP_X, up_shift_x
        )
    if DOWN & (DOWN_RANK == 1):
        down_y = _band_matrix(
            down_rows, high_ys[None, :], out_ys[:, None], DOWN_TAPS_Y, DOWN_Y, down_shift_y
        )
        down_x = _band_matrix(
            down_columns, high_xs[:, None], out_xs[None, :], DOWN_TAPS_X, DOWN_X, down_shift_x
        )

    begin = tl.program_id(2) * PLANES
    for index in range(begin, tl.minimum(begin + PLANES, planes)):
        plane = tl.cast(index, tl.int64)  # times a plane's samples it passes 2³¹ in large batches
        low = tl.load(
            source + plane * source_h * source_w + low_ys[:, None] * source_w + low_xs,
            there,
            0.0,
        )
        if (MODE == 1) | (MODE == 2):
            added = tl.load(bias + plane % channels)
            # Beyond the image there are zeros after the bias, not before it.
            low = tl.where(there, low.to(tl.float32) + added, 0.0)

        if UP:
            high = tl.zeros([HIGH_H, HIGH_W], tl.float32)
            for k in tl.static_range(UP_RANK):
                if UP_RANK > 1:
                    up_y = _band_matrix(
                        up_rows + k * UP_TAPS_Y,
                        high_ys[:, None],
                        low_ys[None, :],
                        UP_TAPS_Y,
                        UP_Y,
                        up_shift_y,
                    )
                    up_x = _band_matrix(
                        up_columns + k * UP_TAPS_X,
                        high_xs[None, :],
                        low_xs[:, None],
                        UP_TAPS_X,
                        UP_X,
                        up_shift_x,
                    )
                half = _matmul(up_y, low, dtype, PRECISION)
                high += _matmul(half, up_x, dtype, PRECISION)
        else:
            high = low.to(tl.float32)

        if (MODE == 1) | (MODE == 2):
            # The order of `reference`: slope and gain first, then the clamp, by size.
            negative = high <= 0
            high = tl.where(negative, high * below, high * above)
            clamped = tl.abs(high) > clamp
            # Not by the smaller of two numbers, which would hide what is none.
            high = tl.where(clamped, tl.where(high > 0, clamp, -clamp), high)
            if MODE == 2:
                code = negative.to(tl.int32) + 2 * clamped.to(tl.int32)
                places = 1 << (2 * tl.arange(0, 4))
                # Four samples a byte: this is all that a training keeps of the upsampled signal.
                packed = tl.sum(code.reshape(HIGH_H, HIGH_W // 4, 4) * places, 2)
                tl.store(
                    bits + plane * inner_h * bytes_w + high_ys[:, None] * bytes_w + byte_xs,
                    packed.to(tl.uint8),
                    stored,
                )
        elif MODE == 3:
            high *= _read_slope(
                bits + plane * inner_h * bytes_w,
                high_ys[:, None] * bytes_w,
                high_xs[None, :],
                inside,
                above,
                below,
            )
        else:
            # A plain filter may be padded before its second stage, which must see zeros there;
            # after an activation the second filter never reaches beyond the upsampled signal.
            high = tl.where(inside, high, 0.0)

        if DOWN:
            out = tl.zeros([OUT_H, OUT_W], tl.float32)
            for k in tl.static_range(DOWN_RANK):
                if DOWN_RANK > 1:
                    down_y = _band_matrix(
                        down_rows + k * DOWN_TAPS_Y,
                        high_ys[None, :],
                        out_ys[:, None],
                        DOWN_TAPS_Y,
                        DOWN_Y,
                        down_shift_y,
                    )
                    down_x = _band_matrix(
                        down_columns + k * DOWN_TAPS_X,
                        high_xs[:, None],
                        out_xs[None, :],
                        DOWN_TAPS_X,
                        DOWN_X,
                        down_shift_x,
                    )
                half = _matmul(down_y, high, dtype, PRECISION)
                out += _matmul(half, down_x, dtype, PRECISION)
        else:
            out = high
        tl.store(
            result + plane * result_h * result_w + out_ys[:, None] * result_w + out_xs,
            out.to(dtype),
            mine,
        )
