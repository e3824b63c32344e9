"""How sharp images are beside real ones: power by octave of frequency, and the energy of edges.

A distance in features that were trained to tell attributes hardly sees a blur, which a visitor sees
first. Of each image's luminance the power spectrum (windowed as in `spectrum`) is summed over
octaves, and the squared Laplacian is averaged; what two sets are compared by are the means over
their images.
"""

from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = [
    "edge_energies",
    "edge_energy_percent",
    "octave_decibels",
    "octave_names",
    "octave_powers",
]

Floats = NDArray[np.float64]

BETA = 8.0
LUMINANCE = (0.2126, 0.7152, 0.0722)  # ITU-R BT.709
LEAST = 1e-12


def octave_names(size: int) -> list[str]:
    """Return the octaves of an image of so many pixels a side, in cycles over it: 1–2, …, 16–32."""
    bounds = [2**k for k in range(size.bit_length()) if 2**k <= size / 2]
    return [f"{low}–{high}" for low, high in pairwise(bounds)]


def octave_powers(levels: Tensor) -> Floats:
    """Return the power of images' luminance in each octave, [N, octaves].

    Args:
        levels: uint8 [N, 1 or 3, S, S].
    """
    image, size = _luminance(levels), levels.shape[-1]
    row = torch.from_numpy(np.kaiser(size, BETA))
    window = row[:, None] * row
    mean = (image * window).sum((1, 2), keepdim=True) / window.sum()
    power = torch.fft.fft2((image - mean) * window).abs().square()
    along = torch.fft.fftfreq(size, 1 / size, dtype=torch.float64)
    octave = torch.hypot(along[:, None], along).clamp_min(0.5).log2().floor()
    count = len(octave_names(size))
    octave[torch.hypot(along[:, None], along) > 2**count] = -1
    sums = [power[:, octave == number].sum(1) for number in range(count)]
    return torch.stack(sums, 1).numpy()


def edge_energies(levels: Tensor) -> Floats:
    """Return the mean square of the Laplacian of images' luminance, [N, 1].

    Args:
        levels: uint8 [N, 1 or 3, S, S].
    """
    x = _luminance(levels)
    neighbors = x[:, :-2, 1:-1] + x[:, 2:, 1:-1] + x[:, 1:-1, :-2] + x[:, 1:-1, 2:]
    return (neighbors - 4 * x[:, 1:-1, 1:-1]).square().mean((1, 2))[:, None].numpy()


def _luminance(levels: Tensor) -> Tensor:
    """Return the luminance of images, float64 [N, S, S], 0 to 1."""
    x = levels.double() / 255
    if x.shape[1] == 1:
        return x[:, 0]
    return torch.einsum("nchw,c->nhw", x, torch.tensor(LUMINANCE, dtype=torch.float64))


def octave_decibels(powers: Floats, real: Floats) -> Floats:
    """Return how much more power images have in each octave than real ones, in dB, [octaves].

    Args:
        powers: of the images, [N, octaves].
        real: of the real ones, [M, octaves].
    """
    ratio = (powers.mean(0) + LEAST) / (real.mean(0) + LEAST)
    decibels: Floats = 10 * np.log10(ratio)
    return decibels


def edge_energy_percent(energies: Floats, real: Floats) -> float:
    """Return the images' mean edge energy as a percentage of the real ones'.

    Args:
        energies: of the images, [N, 1].
        real: of the real ones, [M, 1].
    """
    return float(100 * (energies.mean() + LEAST) / (real.mean() + LEAST))
