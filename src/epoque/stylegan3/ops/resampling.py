"""Enlarging, shrinking and filtering that keep an image where it is."""

from collections.abc import Callable

from torch import Tensor

from .dispatch import Padding, upfirdn2d
from .reference import parse_padding

__all__ = ["downsample2d", "filter2d", "upsample2d"]


def upsample2d(
    x: Tensor,
    kernel: Tensor,
    up: int = 2,
    *,
    padding: Padding = 0,
    gain: float = 1.0,
    flip: bool = False,
) -> Tensor:
    """Enlarge by a whole factor, [N, C, H, W] to [N, C, H·up, W·up] with even padding 0."""
    around = _pad_for_filter(kernel, padding, lambda taps: ((taps + up - 1) // 2, (taps - up) // 2))
    return upfirdn2d(x, kernel, up=up, padding=around, gain=gain * up**2, flip=flip)


def downsample2d(
    x: Tensor,
    kernel: Tensor,
    down: int = 2,
    *,
    padding: Padding = 0,
    gain: float = 1.0,
    flip: bool = False,
) -> Tensor:
    """Shrink by a whole factor, [N, C, H, W] to [N, C, H/down, W/down] with padding 0."""
    around = _pad_for_filter(
        kernel, padding, lambda taps: ((taps - down + 1) // 2, (taps - down) // 2)
    )
    return upfirdn2d(x, kernel, down=down, padding=around, gain=gain, flip=flip)


def filter2d(
    x: Tensor,
    kernel: Tensor,
    *,
    padding: Padding = 0,
    gain: float = 1.0,
    flip: bool = False,
) -> Tensor:
    """Filter, [N, C, H, W] to the same shape with padding 0."""
    around = _pad_for_filter(kernel, padding, lambda taps: (taps // 2, (taps - 1) // 2))
    return upfirdn2d(x, kernel, padding=around, gain=gain, flip=flip)


def _pad_for_filter(
    kernel: Tensor, padding: Padding, own: Callable[[int], tuple[int, int]]
) -> list[int]:
    """The padding asked for, plus what a filter of so many taps needs before and after."""
    taps_x, taps_y = kernel.shape[-1], kernel.shape[0]
    needed = (*own(taps_x), *own(taps_y))
    return [
        requested + need for requested, need in zip(parse_padding(padding), needed, strict=True)
    ]
