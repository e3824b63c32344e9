"""Moving images as signals: the operators that equivariance is measured with.

Karras et al. 2021, appendix E.3: what a network makes after its input is moved is compared with
what it made, moved. Moving an image by whole pixels is exact; by a fraction or an angle it is
resampled, with Lanczos's windowed sinc (a = 3).

Where the kernel reaches over the edge of the image, the result is not known: each operator also
returns where it is.
"""

from functools import lru_cache
from math import ceil, cos, sin

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.signal import fftconvolve
from torch import Tensor
from torch.nn import functional

__all__ = ["pseudo_rotated", "rotated", "shifted", "shifted_by_fraction"]

Floats = NDArray[np.float64]

LOBES = 3  # of Lanczos's window, on each side
FINE = 4  # samples a pixel on which a rotation is interpolated
REACH = 16  # pixels of the ideal filters that are kept before they are windowed


def shifted(images: Tensor, x: int, y: int) -> tuple[Tensor, Tensor]:
    """Move images [N, C, H, W] by whole pixels to the right and down.

    Returns:
        The images, zeros where nothing is known, and bool [H, W], where something is.
    """
    height, width = images.shape[2:]
    out, known = torch.zeros_like(images), images.new_zeros(height, width, dtype=torch.bool)
    if abs(x) < width and abs(y) < height:
        to, of = _overlap(y, height), _overlap(-y, height)
        to_x, of_x = _overlap(x, width), _overlap(-x, width)
        out[:, :, to, to_x], known[to, to_x] = images[:, :, of, of_x], True
    return out, known


def _overlap(shift: int, size: int) -> slice:
    return slice(max(shift, 0), size + min(shift, 0))


def shifted_by_fraction(images: Tensor, x: float, y: float) -> tuple[Tensor, Tensor]:
    """Move images [N, C, H, W] by any number of pixels; see `shifted`."""
    height, width = images.shape[2:]
    weights_y, known_y = _lanczos_matrix(height, y)
    weights_x, known_x = _lanczos_matrix(width, x)
    down, across = (torch.from_numpy(weights).to(images) for weights in (weights_y, weights_x))
    known = torch.from_numpy(np.outer(known_y, known_x)).to(images.device)
    return (down @ images @ across.T) * known, known


def _lanczos_matrix(size: int, shift: float) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the moved samples as weights of the samples, and which of them are known."""
    place = np.arange(size) - shift
    distance = np.subtract.outer(place, np.arange(size)).astype(np.float64)
    weights = np.sinc(distance) * _window(distance)
    total = weights.sum(1, keepdims=True)
    first, last = np.floor(place - LOBES) + 1, np.ceil(place + LOBES) - 1
    if shift == int(shift):  # the kernel is one at a sample and zero at all others
        first = last = place
    return weights / np.where(total == 0, 1, total), (first >= 0) & (last <= size - 1)


def _window(distance: Floats) -> Floats:
    return np.where(abs(distance) < LOBES, np.sinc(distance / LOBES), 0.0)


def rotated(images: Tensor, angle: float) -> tuple[Tensor, Tensor]:
    """Turn images [N, C, S, S] about their middle; see `shifted`.

    The image is filtered to the frequencies that it has both before and after the rotation, an
    octagon, on a grid four times as fine, and read off there bilinearly.

    Args:
        images: square ones.
        angle: counter-clockwise, in radians.
    """
    size = images.shape[2]
    kernel = _kernel(angle, FINE)
    half = len(kernel) // 2
    filtered = _enlarged(images, kernel * FINE**2)
    x, y = (torch.from_numpy(place) for place in _places(size, angle))
    last = size * FINE - 1
    grid = torch.stack((x, y), -1) * (2 / last) - 1
    grid = grid.to(images)[None].expand(len(images), -1, -1, -1)
    # The outermost taps, which are next to nothing, may hang over by less than a pixel.
    low, high = half - FINE - 0.5, last + 0.5 - half
    known = ((x >= low) & (x <= high) & (y >= low) & (y <= high)).to(images.device)
    return functional.grid_sample(filtered, grid, align_corners=True) * known, known


def _places(size: int, angle: float) -> tuple[Floats, Floats]:
    """Return where on the fine grid each pixel of the turned image comes from, [S, S] each."""
    middle = (size - 1) / 2
    x, y = np.meshgrid(*[np.arange(size) - middle] * 2)
    c, s = cos(angle), sin(angle)
    return (c * x - s * y + middle) * FINE, (s * x + c * y + middle) * FINE


def pseudo_rotated(images: Tensor, angle: float) -> tuple[Tensor, Tensor]:
    """Filter images [N, C, S, S] to the frequencies they would have if `rotated` had made them.

    Args:
        images: square ones.
        angle: counter-clockwise, in radians.
    """
    size = images.shape[2]
    kernel = _kernel(-angle, 1)
    half = len(kernel) // 2
    known = images.new_zeros(size, size, dtype=torch.bool)
    known[half : size - half, half : size - half] = True
    return _convolved(images, kernel) * known, known


@lru_cache(maxsize=4)
def _kernel(angle: float, fine: int) -> Floats:
    """Return the filter for an image that is turned, [2R + 1, 2R + 1] of unit sum.

    The ideal low-pass filters of the two grids, the image's and the turned one's, each of which
    is a sinc along its own axes, after one another; likewise their windows.

    Args:
        angle: in radians.
        fine: samples a pixel.
    """
    x, y = np.meshgrid(*[np.arange(-REACH * fine, REACH * fine + 1) / fine] * 2)
    c, s = cos(angle), sin(angle)
    turned_x, turned_y = c * x + s * y, -s * x + c * y
    ideal = _both(np.sinc(x) * np.sinc(y), np.sinc(turned_x) * np.sinc(turned_y))
    windows = _both(_window(x) * _window(y), _window(turned_x) * _window(turned_y))
    # So far the windows reach: along an axis, the turned one's corner is the farthest.
    corner = LOBES * (abs(c) + abs(s))
    half = ceil(LOBES * fine) - 1 + ceil(round(corner * fine, 9)) - 1
    middle = REACH * fine
    kept = slice(middle - half, middle + half + 1)
    kernel = (ideal * windows)[kept, kept]
    whole: Floats = kernel / kernel.sum()
    return whole


def _both(one: Floats, other: Floats) -> Floats:
    filtered: Floats = fftconvolve(one, other, mode="same")
    return filtered


def _enlarged(images: Tensor, kernel: Floats) -> Tensor:
    """Insert zeros after each sample and filter, [N, C, S, S] to [N, C, FINE·S, FINE·S].

    Each of the FINE² places between the samples sees its own taps of the kernel, so none is
    multiplied by an inserted zero.
    """
    reach = ceil((len(kernel) // 2) / FINE)
    wide = 2 * reach * FINE + FINE  # the kernel's middle at reach * FINE
    pad = reach * FINE - len(kernel) // 2
    padded = np.pad(kernel, (pad, wide - pad - len(kernel)))
    # The sample d before a place at phase p is weighted with kernel[middle + d * FINE + p].
    taps = padded.reshape(2 * reach + 1, FINE, 2 * reach + 1, FINE)[::-1, :, ::-1]
    weight = torch.from_numpy(taps.transpose(1, 3, 0, 2).copy()).to(images)
    flat = images.flatten(0, 1)[:, None]
    phases = functional.conv2d(flat, weight.flatten(0, 1)[:, None], padding=reach)
    return functional.pixel_shuffle(phases, FINE).reshape(
        *images.shape[:2], images.shape[2] * FINE, images.shape[3] * FINE
    )


def _convolved(images: Tensor, kernel: Floats) -> Tensor:
    """Filter every channel alike, [N, C, H, W]; a kernel is its own mirror image."""
    weight = torch.from_numpy(kernel).to(images)[None, None]
    flat = images.flatten(0, 1)[:, None]
    filtered = functional.conv2d(flat, weight, padding=len(kernel) // 2)
    return filtered.reshape(images.shape)
