"""Translations and rotations of finished images, which equivariance is measured with.

An image is a signal sampled on a grid, with nothing beyond the grid's band limit (Karras et al.
2021, section 2). To translate or rotate it is to move the continuous signal and to sample that on
the grid again. The ideal kernels are endless; here each is cut by Lanczos windows of a = 3:

    L(x) = sinc(x) · w(x),  w(x) = sinc(x / a) for |x| < a, else 0

Every operator takes images [N, C, H, W] of any floating type, and returns the moved images, of the
same shape and type, and a mask [H, W], true where nothing from beyond the image's edge is in the
pixel. x is to the right, y down, both in pixels; angles are in radians, counter-clockwise as seen,
around the middle of the image (Karras et al. 2021, appendix E.3).

Which windows, how many lobes and how fine a grid was read off numbers of the official operators
(single images before and after). Translations and pseudo-rotations agree with them to rounding;
rotations to 4·10⁻⁵, where the uncut φ ∗ φ_α of `filter_rotated_band` would differ by 15·10⁻⁵. The
official mask of rotations lies an eighth of a pixel off the middle; this one does not.
"""

from math import floor

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import conv2d, pad, pixel_shuffle

__all__ = [
    "filter_rotated_band",
    "pseudo_rotate",
    "rotate",
    "translate_fractional",
    "translate_integer",
]

Moved = tuple[Tensor, Tensor]
"""Images [N, C, H, W] and the mask [H, W] of their valid pixels."""
Floats = NDArray[np.float64]

LOBES = 3  # a
OVERSAMPLING = 4  # points per pixel and axis of the grid that a rotated image is read from


def translate_integer(images: Tensor, x: int, y: int) -> Moved:
    """Translate by whole pixels: T_x of EQ-T. No value changes; 0 comes in at the edges."""
    height, width = images.shape[2:]
    rows, columns = _source_range(height, y), _source_range(width, x)
    moved, mask = torch.zeros_like(images), _empty_mask(images)
    target = (
        slice(rows.start + y, rows.stop + y),
        slice(columns.start + x, columns.stop + x),
    )
    moved[:, :, *target] = images[:, :, rows, columns]
    mask[target] = True
    return moved, mask


def translate_fractional(images: Tensor, x: float, y: float) -> Moved:
    """Translate by any distance: T_x of EQ-T_frac, with 2a taps of L along each axis.

    A tap weighs L(d), d its distance from the place that is read; the weights' sum is made 1.
    Without a fraction it is `translate_integer`, but for a mask that asks for all taps.
    """
    moved, mask = images, ~_empty_mask(images)
    for axis, distance in ((2, y), (3, x)):
        moved, valid = _translate_axis(moved, axis, distance)
        mask &= valid[:, None] if axis == 2 else valid
    return moved, mask


def rotate(images: Tensor, radians: float) -> Moved:
    """Rotate: R_α of EQ-R.

    The kernel of `filter_rotated_band` makes points of the rotated, band-limited signal on a grid
    four times as fine, turned as the image is; between them it is interpolated linearly. Valid is
    what is read from 2a pixels or more inside the edges, which no tap reaches across.
    """
    height, width = images.shape[2:]
    cosine, sine = np.cos(radians), np.sin(radians)
    right, down = _from_middle(width), _from_middle(height)[:, None]
    x, y = cosine * right - sine * down, sine * right + cosine * down  # where a pixel is read
    mask = (abs(x) <= width / 2 - 2 * LOBES) & (abs(y) <= height / 2 - 2 * LOBES)
    fine = _oversample(images, filter_rotated_band(-radians, OVERSAMPLING))
    moved = _interpolate(fine, x + (width - 1) / 2, y + (height - 1) / 2)
    return moved, torch.from_numpy(mask).to(images.device)


def pseudo_rotate(images: Tensor, radians: float) -> Moved:
    """Take from images what rotating would have cost them: R*_α of EQ-R.

    What `rotate` returns lacks the corners of the spectrum that the grid before or after it does
    not hold. An image that was made rotated has them, and loses them here, without being moved.
    Valid are the pixels whose taps, whether 0 or not, all lie in the image.
    """
    kernel = filter_rotated_band(radians, 1)
    reach = len(kernel) // 2
    taps = torch.from_numpy(kernel).to(images)[None, None]
    filtered = conv2d(images.flatten(0, 1)[:, None], taps, padding=reach).view_as(images)
    mask = _empty_mask(images)
    if min(images.shape[2:]) > 2 * reach:
        mask[reach:-reach, reach:-reach] = True
    return filtered, mask


def filter_rotated_band(radians: float, oversampling: int) -> Floats:
    """Return the low-pass kernel between a pixel grid and one turned against it.

    The ideal kernel of the grid's band, the square |f_x|, |f_y| ≤ ½ cycles per pixel, is φ(x, y) =
    sinc(x) sinc(y); that of the turned grid is φ rotated, φ_α. A signal that passes both has the
    octagon where the squares overlap, and the kernel φ ∗ φ_α. Each is cut at ±2a, and their
    convolution is windowed by that of their Lanczos windows, w ∗ w_α. Both convolutions are sums
    over the grid. With a point per pixel φ is 1 at one point and 0 at all others: φ_α remains.

    Args:
        radians: by which the turned grid's axes lie counter-clockwise of the first one's.
        oversampling: s, points per pixel along each axis.

    Returns:
        [K, K] with K = 4as − 1, rows downwards, of sum 1.
    """
    reach = 2 * LOBES * oversampling - 1
    place = np.arange(-reach, reach + 1) / oversampling
    x, y = place, place[:, None]
    cosine, sine = np.cos(radians), np.sin(radians)
    u, v = cosine * x - sine * y, sine * x + cosine * y
    # φ and w are products of functions of x and of y: convolving by them is a matrix per axis.
    apart = place - place[:, None]
    near = abs(apart) <= 2 * LOBES - 0.5 / oversampling
    band, window = np.where(near, np.sinc(apart), 0), _lanczos_window(apart)
    ideal = band @ (np.sinc(u) * np.sinc(v)) @ band
    kernel: Floats = ideal * (window @ (_lanczos_window(u) * _lanczos_window(v)) @ window)
    kernel /= kernel.sum()
    return kernel


def _lanczos_window(x: Floats) -> Floats:
    return np.where(abs(x) < LOBES, np.sinc(x / LOBES), 0.0)


def _empty_mask(images: Tensor) -> Tensor:
    return torch.zeros(images.shape[2:], dtype=torch.bool, device=images.device)


def _from_middle(size: int) -> Floats:
    return np.arange(size, dtype=np.float64) - (size - 1) / 2


def _source_range(size: int, distance: int) -> slice:
    """Return which of so many places are still there when moved; none if moved by all."""
    distance = max(-size, min(distance, size))
    return slice(max(0, -distance), size - max(0, distance))


def _translate_axis(images: Tensor, axis: int, distance: float) -> Moved:
    """Translate along one axis; the mask is of its places."""
    size, whole = images.shape[axis], floor(distance)
    # Of a place p the signal is read at p − distance, from the pixels p − whole + (−a … a − 1).
    offsets = np.arange(-LOBES, LOBES)
    away = offsets.astype(np.float64) + (distance - whole)
    taps = np.sinc(away) * _lanczos_window(away)
    taps /= taps.sum()
    moved, valid = torch.zeros_like(images), np.ones(size, np.bool_)
    for offset, tap in zip(offsets, taps, strict=True):
        shift = whole - int(offset)
        source = _source_range(size, shift)
        length = source.stop - source.start
        at = slice(source.start + shift, source.stop + shift) if length else slice(0, 0)
        moved.narrow(axis, at.start, length).add_(
            images.narrow(axis, source.start, length), alpha=float(tap)
        )
        inside = np.zeros(size, np.bool_)
        inside[at] = True
        valid &= inside
    return moved, torch.from_numpy(valid).to(images.device)


def _oversample(images: Tensor, kernel: Floats) -> Tensor:
    """Return images [N, C, H, W] on the finer grid, [N, C, s(H + 4a), s(W + 4a)].

    Points are at k / s − 2a pixels. Each of the s² places that a point can have between pixels has
    its own taps, so that no zeros are filtered.
    """
    s, margin = OVERSAMPLING, 2 * LOBES
    taps = 2 * margin
    # Point p + i / s takes from pixel p + k what the kernel has at i / s − k, k = −2a + 1 … 2a.
    phase, offset = np.arange(s)[:, None], np.arange(1 - margin, margin + 1)
    at = phase - s * offset + len(kernel) // 2
    at, inside = at.clip(0, len(kernel) - 1), (at >= 0) & (at < len(kernel))
    square = kernel[at[:, None, :, None], at[None, :, None, :]]
    square = square * (inside[:, None, :, None] & inside[None, :, None, :]) * s**2
    weights = torch.from_numpy(square.reshape(s * s, 1, taps, taps)).to(images)
    n, c = images.shape[:2]
    around = pad(images, [2 * margin - 1, 2 * margin] * 2)
    points = conv2d(around.flatten(0, 1)[:, None], weights)
    fine = pixel_shuffle(points, s)
    return fine.view(n, c, *fine.shape[2:])


def _interpolate(fine: Tensor, x: Floats, y: Floats) -> Tensor:
    """Read finer images at places [H, W] in pixels, linearly between points; 0 beyond."""
    height, width = fine.shape[2:]
    x, y = OVERSAMPLING * (x + 2 * LOBES), OVERSAMPLING * (y + 2 * LOBES)
    left, top = np.floor(x), np.floor(y)
    flat, total = fine.flatten(2), fine.new_zeros(*fine.shape[:2], *x.shape)
    for column, share_x in ((left, left + 1 - x), (left + 1, x - left)):
        for row, share_y in ((top, top + 1 - y), (top + 1, y - top)):
            inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
            at = np.where(inside, row * width + column, 0).astype(np.int64)
            share = np.where(inside, share_x * share_y, 0)
            points = flat[:, :, torch.from_numpy(at).to(fine.device)]
            total += points * torch.from_numpy(share).to(fine)
    return total
