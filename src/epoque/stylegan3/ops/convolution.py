"""Convolutions whose weights are modulated by a style, and convolutions that resample."""

import torch
from torch import Tensor

from .dispatch import conv2d, conv_transpose2d, upfirdn2d, uses_compiled

__all__ = ["modulated_conv2d", "resampled_conv2d"]

_EPSILON = 1e-8


def modulated_conv2d(
    x: Tensor,
    weight: Tensor,
    styles: Tensor,
    *,
    demodulate: bool = True,
    padding: int = 0,
    input_gain: Tensor | None = None,
    up: int = 1,
    kernel: Tensor | None = None,
) -> Tensor:
    """Convolve each image with weights that its style has scaled (Karras et al. 2020).

    Args:
        x: [N, I, H, W].
        weight: [O, I, K, K].
        styles: [N, I] the factor of each input channel.
        demodulate: bring each output channel's weights to unit length (equation 3).
        padding: zeros on each side.
        input_gain: a number, [I] or [N, I] that scales the input and is not demodulated away.
        up: 2 doubles the size.
        kernel: the filter against the aliases of doubling.

    Returns:
        [N, O, H', W'], H' = H·up + 2·padding − K + 1.
    """
    # A program that is traced is to take batches of any size; as groups, theirs would be fixed.
    if torch.compiler.is_compiling() or (uses_compiled(x) and _is_less_work(x, weight)):
        scales, factors = _scales_around(weight, styles, demodulate)
        scales = scales if input_gain is None else scales * input_gain
        y = resampled_conv2d(x * scales[..., None, None], weight, kernel, up=up, padding=padding)
        return y if factors is None else y * factors[..., None, None]
    batch, inputs, *size = x.shape
    weights = _modulate_weights(weight, styles, demodulate)
    if input_gain is not None:
        weights = weights * input_gain.expand(batch, inputs)[:, None, :, None, None]
    # All images at once: each is a group of channels of one image.
    y = resampled_conv2d(
        x.reshape(1, batch * inputs, *size),
        weights.to(x.dtype).flatten(0, 1),
        kernel,
        up=up,
        padding=padding,
        groups=batch,
    )
    return y.reshape(batch, -1, *y.shape[2:])


def _unit_scale(weight: Tensor, styles: Tensor) -> tuple[Tensor, Tensor]:
    """Factors that demodulation cancels; without them half precision would overflow."""
    weight = weight * weight.square().mean([1, 2, 3], keepdim=True).rsqrt()
    return weight, styles * styles.square().mean().rsqrt()


def _is_less_work(x: Tensor, weight: Tensor) -> bool:
    """Whether to multiply the images rather than the weights; groups are slow on a CPU, too."""
    return len(x) > 1 or x.numel() < 2 * weight.numel()


def _modulate_weights(weight: Tensor, styles: Tensor, demodulate: bool) -> Tensor:
    """Weights of each image, [N, O, I, K, K]."""
    if demodulate:
        weight, styles = _unit_scale(weight, styles)
    weights = weight * styles[:, None, :, None, None]
    if demodulate:
        power = weights.square().sum([2, 3, 4], keepdim=True)
        weights = weights * (power + _EPSILON).rsqrt()
    return weights


def _scales_around(
    weight: Tensor, styles: Tensor, demodulate: bool
) -> tuple[Tensor, Tensor | None]:
    """Factors before and after a convolution that make it one with the weights of each image.

    All images then share the weights.

    Returns:
        [N, I] and [N, O].
    """
    if not demodulate:
        return styles, None
    power = weight.square().sum([2, 3])
    unit = (power.sum(1) / weight[0].numel()).rsqrt()
    styles = styles * styles.square().mean().rsqrt()
    return styles, unit * (styles.square() @ power.T * unit.square() + _EPSILON).rsqrt()


def resampled_conv2d(
    x: Tensor,
    weight: Tensor,
    kernel: Tensor | None = None,
    *,
    up: int = 1,
    down: int = 1,
    padding: int = 0,
    groups: int = 1,
) -> Tensor:
    """Convolve while changing the size by a whole factor, filtered against aliases.

    Args:
        x: [N, groups·I, H, W].
        weight: [groups·O, I, K, K].
        kernel: [Ty, Tx] the filter; needed where `up` or `down` is not 1.
        up: the factor of size; the kernel of weights is then turned by 180°.
        down: the divisor of size; not together with `up`.
        padding: zeros on each side, relative to the larger image.
        groups: parts of the channels that do not mix.

    Returns:
        [N, groups·O, H', W'].
    """
    if kernel is None or up == down == 1:
        return conv2d(x, weight, padding=padding, groups=groups)
    taps = kernel.shape[-1]
    if down > 1:
        before, after = padding + (taps - down + 1) // 2, padding + (taps - down) // 2
        around = [before, after, before, after]
        if weight.shape[-1] == 1:  # thinned out first: the convolution then has less to do
            x = upfirdn2d(x, kernel, down=down, padding=around)
            return conv2d(x, weight, groups=groups)
        x = upfirdn2d(x, kernel, padding=around)
        return conv2d(x, weight, stride=down, groups=groups)
    return _upsample_conv2d(x, weight, kernel, up=up, padding=padding, groups=groups)


def _upsample_conv2d(
    x: Tensor, weight: Tensor, kernel: Tensor, *, up: int, padding: int, groups: int
) -> Tensor:
    """A transposed convolution, then the filter."""
    taps, size = kernel.shape[-1], weight.shape[-1]
    before, after = padding + (taps + up - 1) // 2, padding + (taps - up) // 2
    if size == 1:  # nothing to spread: the convolution has less to do before
        x = conv2d(x, weight, groups=groups)
        return upfirdn2d(x, kernel, up=up, padding=[before, after] * 2, gain=up**2)
    x = conv_transpose2d(x, _transpose_weight(weight, groups), stride=up, groups=groups)
    around = [before - size + 1, after - size + up] * 2
    return upfirdn2d(x, kernel, padding=around, gain=up**2)


def _transpose_weight(weight: Tensor, groups: int) -> Tensor:
    """[groups·O, I, K, K] as a transposed convolution takes it, [groups·I, O, K, K]."""
    parts = weight.reshape(groups, -1, *weight.shape[1:])
    return parts.transpose(1, 2).flatten(0, 1)
