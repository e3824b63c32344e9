"""The fast path on the CPU: the compiled loops as PyTorch operations.

The slope of an activation between filters is another filtering, with the slopes of the activation
where its values were; they are computed anew, not stored. It is linear, and its transpose is one
of the same kind. So two functions can be differentiated as often as one likes.
"""

from collections.abc import Callable, Sequence
from math import inf, isqrt, lcm, sqrt
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd import Function
from torch.nn import functional

from epoque.bench.torch.allocation import keep_freed_memory

from . import native, reference, winograd
from .jit import bind_compiled
from .reference import Activation, Padding, parse_factor, parse_padding
from .threads import parallel_for
from .tiling import LeakyRelu, Resampling, TileGrid

__all__ = ["bias_act", "conv2d", "filtered_lrelu", "upfirdn2d"]

Floats = NDArray[np.float32]

_AREA = 131_072
"""Samples of an upsampled tile: with all else, it fits in a core's cache of 512 KB."""
_PIECE = 65_536
"""Samples that are worth a thread's while."""
_CHANNELS, _TILES = 32, 80
"""From where on Winograd's algorithm is faster: fewer do not pay for the transforms."""
_SAME = 1e-7
"""How little a filter may differ, relatively, from a separable one to be taken for it."""

keep_freed_memory()  # of an image's many large signals each would be mapped and cleared anew


class _FilterPlan(NamedTuple):
    """A plane upsampled, rectified if there is a rule, and downsampled.

    Attributes:
        up: before the activation.
        down: after it.
        inner: rows and columns of the upsampled plane.
        source: of the plane.
        result: of the result.
        rule: the activation.
    """

    up: Resampling
    down: Resampling
    inner: tuple[int, int]
    source: tuple[int, int]
    result: tuple[int, int]
    rule: LeakyRelu

    def transpose(self) -> "_FilterPlan":
        """Return the plan of the transposed linear map."""
        up, down = _transpose(self.down), _transpose(self.up)
        return self._replace(up=up, down=down, source=self.result, result=self.source)

    def apply(self, x: Tensor, bias: Tensor) -> Tensor:
        """Return what becomes of [N, C, H, W] and [C]."""
        return self._run(native.FORWARD, x, x, bias, self.up)

    def slope(self, v: Tensor, x: Tensor, bias: Tensor, transposed: bool) -> Tensor:
        """Return what the derivative at x, or its transpose, makes of v."""
        plan = self.transpose() if transposed else self
        return plan._run(native.MASKED, v, x, bias, self.up)

    def linear(self, x: Tensor) -> Tensor:
        """Return what the filters alone make of x."""
        return self._run(native.LINEAR, x, x, x.new_zeros(1), self.up)

    def _run(
        self, mode: int, signal: Tensor, other: Tensor, bias: Tensor, up_other: Resampling
    ) -> Tensor:
        batch, channels = signal.shape[:2]
        out = signal.new_empty(batch, channels, *self.result)
        grid, size = _make_grid(self, up_other)
        arguments = (
            mode,
            _to_planes(signal),
            bias.detach().repeat(batch).numpy(),
            self.up,
            self.rule,
            _to_planes(other),
            up_other,
            self.down,
            grid,
            _to_planes(out),
        )
        work = bind_compiled(native.filter_tiles, *arguments, size)
        tiles = batch * channels * grid.down * grid.across
        parallel_for(work, tiles, -(-_PIECE // size))
        return out


class _Pointwise(NamedTuple):
    """The activation alone."""

    rule: LeakyRelu

    def apply(self, x: Tensor, bias: Tensor) -> Tensor:
        """Return the activation of x plus bias."""
        return self._run(native.activate, x, bias)

    def slope(self, v: Tensor, x: Tensor, bias: Tensor, transposed: bool) -> Tensor:
        """Return v times the activation's slope at x plus bias."""
        return self._run(native.multiply_slope, x, bias, v)

    def _run(self, loop: Callable[..., None], x: Tensor, bias: Tensor, *signal: Tensor) -> Tensor:
        out = torch.empty_like(x, memory_format=torch.contiguous_format)
        *arguments, planes, goal = (
            each.detach().contiguous().numpy().reshape(x.shape[0] * x.shape[1], -1)
            for each in (*signal, x, out)
        )
        added = bias.detach().repeat(len(x)).numpy()
        parallel_for(
            bind_compiled(loop, *arguments, planes, added, self.rule, goal), x.numel(), _PIECE
        )
        return out


class _Operation(Protocol):
    def apply(self, x: Tensor, bias: Tensor) -> Tensor: ...

    def slope(self, v: Tensor, x: Tensor, bias: Tensor, transposed: bool) -> Tensor: ...


class _FilteredLrelu(Function):
    """An operation with an activation in it."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, bias: Tensor, operation: _Operation) -> Tensor:
        ctx.save_for_backward(x, bias)
        ctx.operation = operation
        return operation.apply(x, bias)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor | None, None]:
        x, bias = ctx.saved_tensors
        grad = _filtered_lrelu_grad(grads[0], x, bias, (ctx.operation, True))
        bias_grad = grad.sum([0, *range(2, grad.dim())]) if ctx.needs_input_grad[1] else None
        return grad, bias_grad, None


class _FilteredLreluGrad(Function):
    """Its derivative, linear in v; that does not change a little beside x, but for the kinks."""

    @staticmethod
    def forward(
        ctx: Any, v: Tensor, x: Tensor, bias: Tensor, mode: tuple[_Operation, bool]
    ) -> Tensor:
        ctx.save_for_backward(x, bias)
        ctx.mode = mode
        operation, transposed = mode
        return operation.slope(v, x, bias, transposed)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None, None]:
        x, bias = ctx.saved_tensors
        operation, transposed = ctx.mode
        grad = _filtered_lrelu_grad(grads[0], x, bias, (operation, not transposed))
        return grad, None, None, None


class _Resample(Function):
    """The filters alone."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, plan: _FilterPlan) -> Tensor:
        ctx.plan = plan
        return plan.linear(x)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        return _resample(grads[0], ctx.plan.transpose()), None


# PyTorch does not tell the types of `apply`.
_filtered_lrelu: Callable[..., Tensor] = _FilteredLrelu.apply
_filtered_lrelu_grad: Callable[..., Tensor] = _FilteredLreluGrad.apply
_resample: Callable[..., Tensor] = _Resample.apply


def bias_act(
    x: Tensor,
    bias: Tensor | None = None,
    activation: Activation = "linear",
    *,
    slope: float | None = None,
    gain: float | None = None,
    clamp: float | None = None,
) -> Tensor:
    """See `reference.bias_act`."""
    if activation != "lrelu" or x.dim() < 3 or not x.numel():
        return reference.bias_act(x, bias, activation, slope=slope, gain=gain, clamp=clamp)
    rule = _make_lrelu(sqrt(2) if gain is None else gain, 0.2 if slope is None else slope, clamp)
    return _filtered_lrelu(x, _bias_or_zeros(x, bias), _Pointwise(rule))


def conv2d(
    x: Tensor, weight: Tensor, *, stride: int = 1, padding: int = 0, groups: int = 1
) -> Tensor:
    """See `torch.nn.functional.conv2d`; large ones of 3 × 3 by Winograd's algorithm."""
    differentiated = torch.is_grad_enabled() and (x.requires_grad or weight.requires_grad)
    tiles = (x.shape[2] + 2 * padding) * (x.shape[3] + 2 * padding) / 16
    if (
        differentiated
        or weight.shape[2:] != (3, 3)
        or (stride, groups) != (1, 1)
        or min(weight.shape[:2]) < _CHANNELS
        or tiles < _TILES
    ):
        return functional.conv2d(x, weight, stride=stride, padding=padding, groups=groups)
    return winograd.conv3x3(x, weight, padding)


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
    taps = _make_resampling(kernel, gain, flip)
    (left, right, top, bottom), (up_x, up_y), (down_x, down_y) = (
        parse_padding(padding),
        parse_factor(up),
        parse_factor(down),
    )
    height = x.shape[2] * up_y + top + bottom - len(taps.rows) + 1
    width = x.shape[3] * up_x + left + right - len(taps.columns) + 1
    if up_x == up_y == 1:
        first = _PLAIN
        last = taps._replace(rate_y=down_y, rate_x=down_x, pad_y=top, pad_x=left)
        inner = (x.shape[2], x.shape[3])
    else:
        first = taps._replace(rate_y=up_y, rate_x=up_x, pad_y=top, pad_x=left)
        last = _PLAIN._replace(plain=down_x == down_y == 1, rate_y=down_y, rate_x=down_x)
        inner = (height, width)
    result = (-(-height // down_y), -(-width // down_x))
    if min(*result, x.numel()) < 1 or _needs_gradient(kernel):
        return reference.upfirdn2d(
            x, kernel, up=up, down=down, padding=padding, gain=gain, flip=flip
        )
    return _resample(x, _FilterPlan(first, last, inner, _size(x), result, _make_lrelu(1, 1, None)))


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
    first, last = _make_resampling(up_filter, up**2, flip), _make_resampling(down_filter, 1, flip)
    first = first._replace(rate_y=up, rate_x=up, pad_y=top, pad_x=left)
    last = last._replace(rate_y=down, rate_x=down, plain=down_filter is None and down == 1)
    height = x.shape[2] * up + top + bottom - len(first.rows) + 1
    width = x.shape[3] * up + left + right - len(first.columns) + 1
    result = (
        -((len(last.rows) - 1 - height) // down),
        -((len(last.columns) - 1 - width) // down),
    )
    if min(*result, x.numel()) < 1 or _needs_gradient(up_filter) or _needs_gradient(down_filter):
        return reference.filtered_lrelu(
            x, up_filter, down_filter, bias, up=up, down=down, padding=padding, gain=gain,
            slope=slope, clamp=clamp, flip=flip,
        )  # fmt: skip
    rule = _make_lrelu(gain, slope, clamp)
    if last.plain and up_filter is None and up == 1 and not any(parse_padding(padding)):
        return _filtered_lrelu(x, _bias_or_zeros(x, bias), _Pointwise(rule))
    plan = _FilterPlan(first, last, (height, width), _size(x), result, rule)
    return _filtered_lrelu(x, _bias_or_zeros(x, bias), plan)


def _needs_gradient(kernel: Tensor | None) -> bool:
    """Return whether a filter's own gradient is asked for, which only the plain path knows."""
    return kernel is not None and kernel.requires_grad


def _size(x: Tensor) -> tuple[int, int]:
    return x.shape[2], x.shape[3]


def _to_planes(x: Tensor) -> Floats:
    """[N, C, H, W] as [N · C, H, W]."""
    return x.detach().contiguous().numpy().reshape(-1, *x.shape[2:])


def _bias_or_zeros(x: Tensor, bias: Tensor | None) -> Tensor:
    return x.new_zeros(x.shape[1]) if bias is None else bias.to(x.dtype)


def _make_lrelu(gain: float, slope: float, clamp: float | None) -> LeakyRelu:
    limit = inf if clamp is None else clamp
    return LeakyRelu(np.float32(gain), np.float32(gain * slope), np.float32(limit))


def _make_resampling(kernel: Tensor | None, gain: float, flip: bool) -> Resampling:
    """Return a filter as a stage that changes no rate."""
    taps = np.ones(1) if kernel is None else kernel.detach().double().numpy()
    if not flip:
        taps = np.flip(taps)
    if taps.ndim == 1:
        return _pack_taps(taps, taps * gain, None)
    rows, columns = taps.sum(1), taps.sum(0)
    # A square of separable taps is known by its sums: a product costs 2T taps a sample, not T².
    if total := rows.sum():
        product = np.outer(rows, columns) / total
        if abs(product - taps).max() <= _SAME * abs(taps).max():
            return _pack_taps(rows, columns * (gain / total), None)
    return _pack_taps(rows, columns, taps * gain)


def _pack_taps(
    rows: NDArray[np.float64], columns: NDArray[np.float64], square: NDArray[np.float64] | None
) -> Resampling:
    whole = np.outer(rows, columns) if square is None else square
    along_y, along_x, both = (np.ascontiguousarray(e, np.float32) for e in (rows, columns, whole))
    return Resampling(False, square is None, along_y, along_x, both, 1, 1, 0, 0)


def _transpose(stage: Resampling) -> Resampling:
    """Return the stage that does the transpose: up where it goes down, or down where up."""
    rows, columns, square = (
        np.ascontiguousarray(np.flip(each)) for each in (stage.rows, stage.columns, stage.square)
    )
    pad_y, pad_x = len(rows) - 1 - stage.pad_y, len(columns) - 1 - stage.pad_x
    return stage._replace(rows=rows, columns=columns, square=square, pad_y=pad_y, pad_x=pad_x)


_PLAIN = _pack_taps(np.ones(1), np.ones(1), None)._replace(plain=True)


class _Axis(NamedTuple):
    """How one axis is cut: see `TileGrid`."""

    parts: int
    reach: int
    lines: int
    lines_out: int
    tiles: int


def _cut_axis(
    most: int, size: int, taps: tuple[int, int, int], rates: tuple[int, int, int]
) -> _Axis:
    """Cut an axis.

    Args:
        most: samples of an upsampled tile.
        size: of the result.
        taps: of both filters before, and of that after.
        rates: likewise.
    """
    # M of `native`: with a common multiple of all rates each part meets the same taps everywhere.
    parts, down = lcm(*rates), rates[2]
    beyond = (parts - down + taps[2] - 1) // parts
    reach = max(
        -(-(-(-count // rate) + parts // rate) // (parts // rate))
        for count, rate in zip(taps[:2], rates[:2], strict=True)
    )
    needed = -(-size * down // parts)
    # What tiles share is computed twice: at least as many lines of their own as they share.
    tiles = -(-needed // max(most // parts - beyond, beyond, 8))
    lines_out = -(-needed // tiles)
    return _Axis(parts, reach, lines_out + beyond, lines_out, tiles)


def _make_grid(plan: _FilterPlan, up_other: Resampling) -> tuple[TileGrid, int]:
    """Return how a plan's planes are cut, and the memory that a tile takes at most."""
    high, wide = isqrt(_AREA // 2), isqrt(2 * _AREA)
    y = _cut_axis(
        high,
        plan.result[0],
        (len(plan.up.rows), len(up_other.rows), len(plan.down.rows)),
        (plan.up.rate_y, up_other.rate_y, plan.down.rate_y),
    )
    x = _cut_axis(
        wide,
        plan.result[1],
        (len(plan.up.columns), len(up_other.columns), len(plan.down.columns)),
        (plan.up.rate_x, up_other.rate_x, plan.down.rate_x),
    )
    pitch = x.lines + x.reach
    grid = TileGrid(
        *plan.inner, y.parts, x.parts, y.lines, y.lines_out, x.lines_out, pitch, y.tiles, x.tiles
    )
    return grid, (y.parts * x.parts * (y.lines + y.reach) + 1) * pitch
