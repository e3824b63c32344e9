"""Design of the filters that keep a layer's signal below its band limit (Karras et al. 2021).

Both kinds are ideal low-pass filters cut to a finite length by a Kaiser window: the separable one
is a sinc per axis, the radial one a jinc of the distance, which treats all directions alike and
so survives rotation (appendix C).
"""

from collections.abc import Sequence
from math import pi

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["lowpass", "resampling_filter"]


def lowpass(
    taps: int, cutoff: float, width: float, rate: float, *, radial: bool = False
) -> Tensor | None:
    """Return a Kaiser-windowed low-pass filter of unit sum.

    Args:
        taps: its length; one tap is no filter.
        cutoff: the frequency f_c at which half the amplitude passes, in cycles over the image.
        width: of the transition from pass to stop, centred on the cutoff.
        rate: samples over the image where the filter is applied.
        radial: whether to make it of the distance alone.

    Returns:
        float32 [taps], to be applied along both axes; [taps, taps] if radial; None for one tap.
    """
    if taps == 1:
        return None
    place = np.arange(taps) - (taps - 1) / 2
    window = np.kaiser(taps, _kaiser_beta(taps, width / (rate / 2)))
    response = np.sinc(2 * cutoff / rate * place) * window
    if radial:
        distance = np.hypot.outer(place, place)
        response = _jinc(2 * cutoff / rate * distance) * np.outer(window, window)
    return torch.from_numpy((response / response.sum()).astype(np.float32))


def _kaiser_beta(taps: int, width: float) -> float:
    """The window's shape for a transition width in units of the Nyquist frequency (Kaiser 1974)."""
    attenuation = 2.285 * (taps - 1) * pi * width + 7.95
    if attenuation > 50:
        return 0.1102 * (attenuation - 8.7)
    if attenuation > 21:
        beyond = attenuation - 21
        return 0.5842 * float(beyond**0.4) + 0.07886 * beyond
    return 0.0


def _jinc(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """2 J₁(πx) / (πx), 1 in the middle."""
    angle = torch.from_numpy(pi * x)
    value = 2 * torch.special.bessel_j1(angle) / angle
    return np.where(x == 0, 1.0, value.numpy())


def resampling_filter(taps: Sequence[float]) -> Tensor:
    """Return the outer product of a row of taps with itself, of unit sum (StyleGAN2's filter).

    Args:
        taps: for instance 1, 3, 3, 1.

    Returns:
        float32 [T, T].
    """
    row = torch.tensor(taps, dtype=torch.float32)
    square = row.outer(row)
    return square / square.sum()
