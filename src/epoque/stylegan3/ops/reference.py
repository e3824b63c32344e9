"""The plain path: zeros inserted, padded, filtered densely, thinned out.

Written to be read and compared with. Everything is made of PyTorch's own functions and can be
differentiated twice, in any floating type.
"""

from collections.abc import Callable, Sequence
from functools import partial
from math import sqrt
from typing import Literal, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

__all__ = [
    "Activation",
    "Padding",
    "bias_act",
    "conv2d",
    "filtered_lrelu",
    "parse_factor",
    "parse_padding",
    "upfirdn2d",
]

Padding = int | Sequence[int]
"""Samples added on each side; [x, y]; or [left, right, top, bottom]. Negative ones are cut off."""

Activation = Literal[
    "linear", "relu", "lrelu", "tanh", "sigmoid", "elu", "selu", "softplus", "swish"
]


conv2d = functional.conv2d


class _ActivationDef(NamedTuple):
    function: Callable[[Tensor], Tensor]
    gain: float


_ACTIVATIONS: dict[Activation, _ActivationDef] = {
    "linear": _ActivationDef(lambda x: x, 1.0),
    "relu": _ActivationDef(torch.relu, sqrt(2)),
    "lrelu": _ActivationDef(partial(functional.leaky_relu, negative_slope=0.2), sqrt(2)),
    "tanh": _ActivationDef(torch.tanh, 1.0),
    "sigmoid": _ActivationDef(torch.sigmoid, 1.0),
    "elu": _ActivationDef(functional.elu, 1.0),
    "selu": _ActivationDef(functional.selu, 1.0),
    "softplus": _ActivationDef(functional.softplus, 1.0),
    "swish": _ActivationDef(functional.silu, sqrt(2)),
}


def bias_act(
    x: Tensor,
    bias: Tensor | None = None,
    activation: Activation = "linear",
    *,
    slope: float | None = None,
    gain: float | None = None,
    clamp: float | None = None,
) -> Tensor:
    """Add a bias, apply an activation, scale, clamp.

    Args:
        x: [N, C, …].
        bias: [C].
        activation: which function.
        slope: of lrelu below zero, where it is not 0.2.
        gain: the factor after the activation; None is the one that keeps the variance of normal
            inputs (√2 for the rectifiers).
        clamp: the largest magnitude let through.

    Returns:
        as `x`.
    """
    if bias is not None:
        x = x + bias.to(x.dtype).reshape(-1, *[1] * (x.dim() - 2))
    function, usual_gain = _ACTIVATIONS[activation]
    x = function(x) if slope is None else functional.leaky_relu(x, slope)
    gain = usual_gain if gain is None else gain
    x = x if gain == 1 else x * gain
    return x if clamp is None else x.clamp(-clamp, clamp)


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
    """Upsample by inserting zeros, pad, filter, keep every `down`-th sample.

    Args:
        x: [N, C, H, W].
        kernel: [T] for both axes in turn, or [Ty, Tx]; None filters nothing.
        up: the factor, or those of x and y.
        down: the factor, or those of x and y.
        padding: relative to the upsampled image.
        gain: the factor of the result.
        flip: correlate instead of convolving.

    Returns:
        [N, C, H', W'] with H' = ⌈(H·up + top + bottom − Ty + 1) / down⌉.
    """
    down_x, down_y = parse_factor(down)
    x = functional.pad(_insert_zeros(x, *parse_factor(up)), parse_padding(padding))
    if kernel is None:
        x = x if gain == 1 else x * gain
    else:
        x = _filter_channels(x, kernel.to(x.dtype), gain, flip)
    return x[:, :, ::down_y, ::down_x]


def parse_factor(factor: int | Sequence[int]) -> tuple[int, int]:
    """Return a factor's x and y."""
    x, y = (factor, factor) if isinstance(factor, int) else factor
    return x, y


def parse_padding(padding: Padding) -> list[int]:
    """Return what is added left, right, top and bottom."""
    if isinstance(padding, int):
        return [padding] * 4
    if len(padding) == 2:
        x, y = padding
        return [x, x, y, y]
    return list(padding)


def _insert_zeros(x: Tensor, up_x: int, up_y: int) -> Tensor:
    """Insert zeros after each sample."""
    if up_x == up_y == 1:
        return x
    batch, channels, height, width = x.shape
    x = x.reshape(batch, channels, height, 1, width, 1)
    x = functional.pad(x, [0, up_x - 1, 0, 0, 0, up_y - 1])
    return x.reshape(batch, channels, height * up_y, width * up_x)


def _filter_channels(x: Tensor, kernel: Tensor, gain: float, flip: bool) -> Tensor:
    """Filter every channel alike."""
    kernel = kernel if flip else kernel.flip(list(range(kernel.dim())))
    channels = x.shape[1]
    steps = [kernel * gain]
    if kernel.dim() == 1:
        steps = [(kernel * sqrt(gain))[None, :], (kernel * sqrt(gain))[:, None]]
    for step in steps:
        weight = step.expand(channels, 1, *step.shape)
        x = functional.conv2d(x, weight, groups=channels)
    return x


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
    """Apply a leaky ReLU at a higher sampling rate, so that it makes no aliases.

    Bias, upsampling, leaky ReLU, scaling, clamping, downsampling (Karras et al. 2021, section 3.2).

    Args:
        x: [N, C, H, W].
        up_filter: see `upfirdn2d`; before the activation.
        down_filter: likewise, after it.
        bias: [C].
        up: the factor before the activation.
        down: the factor after it.
        padding: relative to the upsampled image.
        gain: the factor after the activation.
        slope: below zero.
        clamp: the largest magnitude let through, after the factor.
        flip: correlate instead of convolving, with both filters.

    Returns:
        [N, C, H', W'].
    """
    x = bias_act(x, bias)
    x = upfirdn2d(x, up_filter, up=up, padding=padding, gain=up**2, flip=flip)
    x = bias_act(x, activation="lrelu", slope=slope, gain=gain, clamp=clamp)
    return upfirdn2d(x, down_filter, down=down, flip=flip)
