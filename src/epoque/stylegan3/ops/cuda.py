"""The fast path on CUDA: the fused kernel as PyTorch operations, in float32 and float16.

What a derivative needs of the activation are two bits a sample, which the first pass keeps. The
derivative is linear, and its transpose is the same kernel with its two stages exchanged; so both
functions can be differentiated as often as one likes.

NEVER RUN ON A CARD: the numbers have been compared with the plain path by Triton's interpreter, on
the CPU, and the kernel has been compiled for compute capability 8.0 and 9.0. `epoque doctor` and
docs/stylegan3.md say so, too, until it has been run.
"""

from collections.abc import Sequence
from functools import cache
from math import gcd, inf, sqrt
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd import Function
from torch.utils.weak import WeakIdKeyDictionary

from . import reference
from .reference import Padding, bias_act, conv2d, parse_factor, parse_padding
from .triton_kernels import KEEP, LINEAR, MASK, RECTIFY, fused_kernel

__all__ = ["bias_act", "conv2d", "filtered_lrelu", "upfirdn2d"]

PLANES = 8
"""Planes that a program works on in turn."""
_NEGLIGIBLE = 1e-7
"""Of a filter's parts, relative to the largest."""


_device_of: Any = torch.cuda.device_of  # PyTorch does not tell its types


class LowRankResampling(NamedTuple):
    """One change of the sampling rate.

    High sample i and low sample l meet in tap i − rate · l + shift.

    Attributes:
        rows: float32 [rank, Ty]; the filter is the sum over the ranks of rows times columns.
        columns: float32 [rank, Tx].
        rates: along y and x.
        shifts: likewise.
        plain: whether nothing changes at all.
    """

    rows: Tensor
    columns: Tensor
    rates: tuple[int, int]
    shifts: tuple[int, int]
    plain: bool

    @property
    def taps(self) -> tuple[int, int]:
        """Along y and x."""
        return self.rows.shape[1], self.columns.shape[1]

    @property
    def sizes(self) -> "_Sizes":
        """What the cut of a tile depends on."""
        return _Sizes(self.taps, self.rates, self.plain)


class FusedPlan(NamedTuple):
    """Planes upsampled, rectified if there is a rule, and downsampled.

    Attributes:
        up: before the activation.
        down: after it.
        source: rows and columns before.
        inner: of the upsampled planes.
        result: after.
        above: the activation's slope above zero, with the gain.
        below: below it.
        clamp: the largest magnitude let through.
    """

    up: LowRankResampling
    down: LowRankResampling
    source: tuple[int, int]
    inner: tuple[int, int]
    result: tuple[int, int]
    above: float = 1.0
    below: float = 1.0
    clamp: float = inf

    def transpose(self) -> "FusedPlan":
        """Return the plan of the transposed linear map."""
        return self._replace(up=self.down, down=self.up, source=self.result, result=self.source)

    def bits(self, x: Tensor) -> Tensor:
        """Return room for two bits a sample."""
        height, width = self.inner
        shape = (x.shape[0] * x.shape[1], height, -(-width // 4))
        return torch.empty(shape, dtype=torch.uint8, device=x.device)

    def run(
        self, x: Tensor, mode: int, bias: Tensor | None = None, bits: Tensor | None = None
    ) -> Tensor:
        """Return what becomes of [N, C, H, W]; see `triton_kernels` of mode and bits."""
        x = x.contiguous()
        batch, channels = x.shape[:2]
        out = x.new_empty(batch, channels, *self.result)
        up, down, planes = self.up, self.down, batch * channels
        tall, wide = _choose_tile(up.sizes, down.sizes)
        (up_y, up_x), (down_y, down_x) = up.taps, down.taps
        each = min(PLANES, planes)
        grid = (-(-self.result[1] // wide.own), -(-self.result[0] // tall.own), -(-planes // each))
        with _device_of(x):
            fused_kernel[grid](
                x,
                out,
                out if bits is None else bits,
                out if bias is None else bias,
                up.rows,
                up.columns,
                down.rows,
                down.columns,
                planes,
                channels,
                *self.source,
                *self.inner,
                *self.result,
                -(-self.inner[1] // 4),
                self.above,
                self.below,
                self.clamp,
                *up.shifts,
                *down.shifts,
                MODE=mode,
                UP=not up.plain,
                DOWN=not down.plain,
                UP_RANK=len(up.rows),
                DOWN_RANK=len(down.rows),
                UP_TAPS_Y=up_y,
                UP_TAPS_X=up_x,
                DOWN_TAPS_Y=down_y,
                DOWN_TAPS_X=down_x,
                UP_Y=up.rates[0],
                UP_X=up.rates[1],
                DOWN_Y=down.rates[0],
                DOWN_X=down.rates[1],
                OWN_H=tall.own,
                OWN_W=wide.own,
                LOW_H=tall.low,
                LOW_W=wide.low,
                HIGH_H=tall.high,
                HIGH_W=wide.high,
                OUT_H=tall.out,
                OUT_W=wide.out,
                PLANES=each,
                PRECISION="tf32x3" if x.dtype == torch.float32 else "ieee",
                num_stages=1,  # loading taps ahead would take more memory than there is
                enable_fp_fusion=True,
            )
        return out


class _Axis(NamedTuple):
    """How one axis of a tile is cut: results it computes, and the powers of two that hold all."""

    own: int
    low: int
    high: int
    out: int


_SIZES = (16, 32, 64, 128)
_LARGEST = 64 * 64
"""Upsampled samples that fit in the registers of a program."""


class _Sizes(NamedTuple):
    """What the cut of a tile depends on; see `LowRankResampling`."""

    taps: tuple[int, int]
    rates: tuple[int, int]
    plain: bool


@cache
def _choose_tile(up: _Sizes, down: _Sizes) -> tuple[_Axis, _Axis]:
    """Choose the tile that costs least: multiplications for each result."""
    ys, xs = (
        [
            cut
            for high in _SIZES
            for low in ((high,) if up.plain else _SIZES)
            if (cut := _fit_axis(high, low, axis, up, down))
        ]
        for axis in (0, 1)
    )
    possible = [(y, x) for y in ys for x in xs if y.high * x.high <= _LARGEST]
    return min(possible, key=lambda cuts: _tile_cost(*cuts, no_up=up.plain, no_down=down.plain))


def _fit_axis(high: int, low: int, axis: int, up: _Sizes, down: _Sizes) -> _Axis | None:
    """Return as many results as fit in so many high and low samples, or None if none do."""
    # So many high samples, in the worst phase, meet no other low samples than these.
    most = min(high, (low - 1) * up.rates[axis] - up.taps[axis] + 2)
    rate = down.rates[axis]
    own = (most - down.taps[axis]) // rate + 1
    own -= own % (4 // gcd(4, rate))  # their bits fill whole bytes
    if own < 1:
        return None
    out = high if down.plain else max(16, 1 << (own - 1).bit_length())
    return _Axis(own, low, high, out)


def _tile_cost(y: _Axis, x: _Axis, *, no_up: bool, no_down: bool) -> float:
    # Multiplications of two matrix products a stage (rows, then columns), and one pass between.
    up = 0 if no_up else y.high * x.low * (y.low + x.high)
    down = 0 if no_down else y.out * x.high * (y.high + x.out)
    return (up + down + y.high * x.high) / (y.own * x.own)


class _FilteredLrelu(Function):
    """A plan with an activation in it."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, bias: Tensor, plan: FusedPlan, learns: bool) -> Tensor:
        if not learns:
            return plan.run(x, RECTIFY, bias)
        bits = plan.bits(x)
        ctx.save_for_backward(bits)
        ctx.plan = plan
        return plan.run(x, KEEP, bias, bits)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, None, None]:
        (bits,) = ctx.saved_tensors
        # x counts only by the side of zero and of the clamp that it was on: two bits a sample.
        grad: Tensor = _filtered_lrelu_grad(grads[0], bits, ctx.plan.transpose())
        return grad, grad.sum([0, 2, 3], dtype=torch.float32), None, None


class _FilteredLreluGrad(Function):
    """Its derivative, linear in v; that does not change a little beside x, but for the kinks."""

    @staticmethod
    def forward(ctx: Any, v: Tensor, bits: Tensor, plan: FusedPlan) -> Tensor:
        ctx.save_for_backward(bits)
        ctx.plan = plan
        return plan.run(v, MASK, bits=bits)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        (bits,) = ctx.saved_tensors
        return _filtered_lrelu_grad(grads[0], bits, ctx.plan.transpose()), None, None


class _Resample(Function):
    """The filters alone."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, plan: FusedPlan) -> Tensor:
        ctx.plan = plan
        return plan.run(x, LINEAR)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        return _resample(grads[0], ctx.plan.transpose()), None


# Nor of these.
_filtered_lrelu: Any = _FilteredLrelu.apply
_filtered_lrelu_grad: Any = _FilteredLreluGrad.apply
_resample: Any = _Resample.apply


def upfirdn2d(
    x: Tensor,
    kernel: Tensor | None,
    *,
    up: int | Sequence[int] = 1,
    down: int | Sequence[int] = 1,
    padding: Padding = 0,
    gain: float = 1.0,
    flip: bool = False,
) -> Tensor:
    """See `reference.upfirdn2d`."""
    left, right, top, bottom = parse_padding(padding)
    (up_x, up_y), (down_x, down_y) = parse_factor(up), parse_factor(down)
    # One filter, two places to put it: before the thinning out it is a downsampling stage, after
    # zeros were inserted an upsampling one, whose taps meet the samples the other way round.
    enlarges = (up_x, up_y) != (1, 1)
    rows, columns = _factorize_filter(kernel, x, gain, mirrored=flip == enlarges)
    taps_y, taps_x = rows.shape[1], columns.shape[1]
    height = x.shape[2] * up_y + top + bottom - taps_y + 1
    width = x.shape[3] * up_x + left + right - taps_x + 1
    result = (-(-height // down_y), -(-width // down_x))
    if min(*result, x.numel()) < 1:
        return reference.upfirdn2d(
            x, kernel, up=up, down=down, padding=padding, gain=gain, flip=flip
        )
    nothing, source = _factorize_filter(None, x, 1.0, mirrored=False), (x.shape[2], x.shape[3])
    if enlarges:
        shifts = (taps_y - 1 - top, taps_x - 1 - left)
        first = LowRankResampling(rows, columns, (up_y, up_x), shifts, plain=False)
        last = LowRankResampling(*nothing, (down_y, down_x), (0, 0), plain=down_x == down_y == 1)
        plan = FusedPlan(first, last, source, (height, width), result)
    else:
        first = LowRankResampling(*nothing, (1, 1), (0, 0), plain=True)
        last = LowRankResampling(rows, columns, (down_y, down_x), (top, left), plain=False)
        plan = FusedPlan(first, last, source, source, result)
    y: Tensor = _resample(x, plan)
    return y


def filtered_lrelu(
    x: Tensor,
    up_filter: Tensor | None,
    down_filter: Tensor | None,
    bias: Tensor | None = None,
    *,
    up: int = 1,
    down: int = 1,
    padding: Padding = 0,
    gain: float = sqrt(2),
    slope: float = 0.2,
    clamp: float | None = None,
    flip: bool = False,
) -> Tensor:
    """See `reference.filtered_lrelu`."""
    left, right, top, bottom = parse_padding(padding)
    wide = _factorize_filter(up_filter, x, up**2, mirrored=flip)
    narrow = _factorize_filter(down_filter, x, 1.0, mirrored=not flip)
    (taps_y, taps_x), (last_y, last_x) = ((p[0].shape[1], p[1].shape[1]) for p in (wide, narrow))
    height = x.shape[2] * up + top + bottom - taps_y + 1
    width = x.shape[3] * up + left + right - taps_x + 1
    result = (-((last_y - 1 - height) // down), -((last_x - 1 - width) // down))
    still = up_filter is None and down_filter is None and up == down == 1 and padding == 0
    if still or min(*result, x.numel()) < 1:
        return reference.filtered_lrelu(
            x, up_filter, down_filter, bias, up=up, down=down, padding=padding, gain=gain,
            slope=slope, clamp=clamp, flip=flip,
        )  # fmt: skip
    first = LowRankResampling(*wide, (up, up), (taps_y - 1 - top, taps_x - 1 - left), plain=False)
    last = LowRankResampling(*narrow, (down, down), (0, 0), plain=down_filter is None and down == 1)
    source, limit = (x.shape[2], x.shape[3]), inf if clamp is None else clamp
    plan = FusedPlan(first, last, source, (height, width), result, gain, gain * slope, limit)
    added = x.new_zeros(x.shape[1]) if bias is None else bias
    learns = torch.is_grad_enabled() and (x.requires_grad or added.requires_grad)
    y: Tensor = _filtered_lrelu(x, added.float(), plan, learns)
    return y


_FACTORS: Any = WeakIdKeyDictionary()
"""Filters taken apart already."""


def _factorize_filter(
    kernel: Tensor | None, x: Tensor, gain: float, *, mirrored: bool
) -> tuple[Tensor, Tensor]:
    """Return a filter as rows [rank, Ty] and columns [rank, Tx], float32, on the device of x.

    Args:
        kernel: [T], or [Ty, Tx]; None filters nothing.
        x: what is to be filtered.
        gain: its factor.
        mirrored: whether it is turned by 180°.
    """
    if kernel is None:
        one = torch.full((1, 1), sqrt(gain), device=x.device)
        return one, one
    cache = _FACTORS.setdefault(kernel, {})
    # Filters are buffers that never change: a factorization a layer, not one a call. The version
    # counts changes in place, should there be any.
    key = (kernel._version, x.device, gain, mirrored)
    if key not in cache:
        taps = kernel.detach().double().cpu()
        taps = taps.flip(list(range(taps.dim()))) if mirrored else taps
        cache[key] = tuple(part.float().to(x.device) for part in _svd_factors(taps, gain))
    rows, columns = cache[key]
    return rows, columns


def _svd_factors(taps: Tensor, gain: float) -> tuple[Tensor, Tensor]:
    """Return a filter as a sum of products, of as few as there must be."""
    if taps.dim() == 1:
        row = taps[None] * sqrt(gain)
        return row, row
    left, sizes, right = torch.linalg.svd(taps, full_matrices=False)
    count = max(1, int((sizes > _NEGLIGIBLE * sizes[0]).sum()))
    root = (sizes[:count] * gain).sqrt()[:, None]
    return (left.T[:count] * root).contiguous(), (right[:count] * root).contiguous()
