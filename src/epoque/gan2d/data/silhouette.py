"""The silhouette of an image as points."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from epoque.bench.errors import DataError

__all__ = ["silhouette"]

LONGER_SIDE = 128  # pixels that the picture is reduced to
EDGE = 0.05  # tones closer than that, of 0 to 1, are one tone


def silhouette(path: Path) -> NDArray[np.float64]:
    """Return the pixels of an image's silhouette as points.

    Where the picture has transparency, its opaque part is the silhouette. Else its tones are
    parted in two by Otsu's threshold (Otsu 1979, "A threshold selection method from gray-level
    histograms"), and the silhouette is the tone that the picture's border has less of.

    Returns:
        The pixels' centres, float64 [M, 2], x to the right and y up, a pixel being 1 wide.

    Raises:
        DataError: if the file is no image that can be read, is too large, or has one tone only.
    """
    alpha, tones = _read_reduced(path)
    opaque = alpha >= 0.5
    if not opaque.any():
        raise DataError(f"{path} has no silhouette: it is transparent all over.")
    mask = _figure(path, tones) if opaque.all() else opaque
    rows, columns = np.nonzero(mask)
    return np.stack([columns + 0.5, len(mask) - rows - 0.5], axis=1)


def _figure(path: Path, tones: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which pixels are of the tone that is not the background's."""
    if np.ptp(tones) < EDGE:
        raise DataError(f"{path} has no silhouette: all of it has the same tone.")
    dark = tones <= _otsu(tones)
    border = np.concatenate([dark[0], dark[-1], dark[1:-1, 0], dark[1:-1, -1]])
    return ~dark if border.mean() > 0.5 else dark


def _otsu(tones: NDArray[np.float64]) -> float:
    """Return the tone that parts the pixels with the greatest variance between the two sides."""
    levels = np.unique(tones)
    values = np.sort(tones.ravel())
    below = np.searchsorted(values, levels[:-1], side="right")
    sums = np.concatenate([[0.0], np.cumsum(values)])
    fraction = below / len(values)
    apart = sums[below] / below - (sums[-1] - sums[below]) / (len(values) - below)
    return float(levels[int((fraction * (1 - fraction) * apart**2).argmax())])


def _read_reduced(path: Path) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return an image's opacity and tones, each [height, width] from 0 to 1."""
    from PIL.Image import Resampling

    from epoque.bench.files.images import read_picture

    image = read_picture(path, background=None).convert("RGBA")
    image.thumbnail((LONGER_SIDE, LONGER_SIDE), Resampling.BOX)
    pixels = np.asarray(image, np.float64) / 255
    return pixels[..., 3], pixels[..., :3] @ (0.299, 0.587, 0.114)
