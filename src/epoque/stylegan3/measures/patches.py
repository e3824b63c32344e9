"""Sliced Wasserstein distance between small patches of images, at every scale.

Karras et al. 2018 ("Progressive Growing of GANs"), section 5: patches of 7 × 7 pixels are drawn
from each scale of the images' Laplacian pyramids, every colour is brought to a mean of 0 and a
variance of 1 over all patches of a set, and the distance between the two clouds of patches is the
mean over 512 directions of the distance between their projections. It needs no trained network. A
small distance at a scale says that the images look alike at that scale, in detail and contrast; it
does not see what they show. Where the paper takes 128 patches of each image, here are 32.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from epoque.bench.seeds import numpy_rng

__all__ = ["EACH", "SIDE", "SMALLEST", "extract_patches", "scales", "sliced_distances"]

Floats = NDArray[np.float64]

SIDE = 7  # pixels of a patch
EACH = 32  # patches of an image and a scale
SMALLEST = 16  # pixels of a side of the smallest scale
DIRECTIONS = 512
RESAMPLED = 24  # of the directions, for the spread
RESAMPLES = 40

_BINOMIAL = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0]) / 16


def scales(size: int) -> list[int]:
    """Return the sides of the scales of an image, the finest first: 64, 32, 16."""
    sizes = [size]
    while sizes[-1] % 2 == 0 and sizes[-1] // 2 >= SMALLEST:
        sizes.append(sizes[-1] // 2)
    return sizes


def extract_patches(levels: Tensor, numbers: range) -> NDArray[np.float16]:
    """Return patches of all scales, [N, scales · EACH · C · 7 · 7], in units of levels.

    Args:
        levels: uint8 [N, C, S, S].
        numbers: of the images: they choose the places.
    """
    size, descriptors = levels.shape[2], []
    for scale, images in zip(scales(size), _pyramid(levels.float(), size), strict=True):
        most = scale - SIDE + 1
        rows = [numpy_rng(i, f"patches at {scale}").integers(most, size=(2, EACH)) for i in numbers]
        places = torch.from_numpy(np.stack(rows))  # [N, 2, EACH]
        inside = torch.arange(SIDE)
        y = places[:, 0, :, None, None] + inside[:, None]
        x = places[:, 1, :, None, None] + inside
        image = torch.arange(len(images))[:, None, None, None]
        patches = images.permute(0, 2, 3, 1)[image, y, x]  # [N, EACH, 7, 7, C]
        descriptors.append(patches.permute(0, 1, 4, 2, 3).reshape(len(images), -1))
    return torch.cat(descriptors, 1).numpy().astype(np.float16)


def _pyramid(images: Tensor, size: int) -> list[Tensor]:
    """Return what is new at each scale, and last the coarsest images (Burt and Adelson 1983)."""
    levels = []
    for _ in scales(size)[1:]:
        coarse = _blur(images)[:, :, ::2, ::2]
        levels.append(images - _upsample(coarse))
        images = coarse
    return [*levels, images]


def _blur(images: Tensor, gain: float = 1.0) -> Tensor:
    channels, row = images.shape[1], _BINOMIAL * gain
    wide = functional.pad(images, (2, 2, 2, 2), mode="reflect")
    down = row.view(1, 1, 5, 1).expand(channels, 1, 5, 1)
    across = row.view(1, 1, 1, 5).expand(channels, 1, 1, 5)
    once = functional.conv2d(wide, down, groups=channels)
    return functional.conv2d(once, across, groups=channels)


def _upsample(images: Tensor) -> Tensor:
    """Return images of twice the size: zeros between the pixels, filtered."""
    count, channels, height, width = images.shape
    sparse = images.new_zeros(count, channels, 2 * height, 2 * width)
    sparse[:, :, ::2, ::2] = images
    return _blur(sparse, 2.0)


def sliced_distances(
    real: NDArray[np.float16], generated: NDArray[np.float16], size: int, seed: int = 0
) -> tuple[dict[int, float], float]:
    """Return the distance at each scale, times 1000 as in the paper, and its mean's standard error.

    The error is the standard deviation over resampled images of both sets (bootstrap), with some
    of the directions.

    Args:
        real: [N, …] of `extract_patches`.
        generated: [M, …] likewise, of images of the same size and colours.
        size: pixels of a side.
        seed: of the directions.
    """
    rng, distances, errors = numpy_rng(seed, "directions"), {}, []
    weights = [_weights(rng, len(of)) for of in (real, generated)]
    bounds = np.linspace(0, real.shape[1], len(scales(size)) + 1).astype(int)
    for scale, first, last in zip(scales(size), bounds, bounds[1:], strict=False):
        clouds = [_normalize(of[:, first:last]) for of in (real, generated)]
        directions = rng.standard_normal((clouds[0].shape[1], DIRECTIONS)).astype(np.float32)
        directions /= np.linalg.norm(directions, axis=0)
        apart, spread = [], []
        for i in range(DIRECTIONS):
            lines = [cloud @ directions[:, i] for cloud in clouds]
            apart.append(_line_distance(*lines))
            if i < RESAMPLED:
                spread.append(_bootstrap(*lines, *weights))
        distances[scale] = 1000 * float(np.mean(apart))
        errors.append(1000 * np.mean(spread, 0))
    return distances, float(np.std(np.mean(errors, 0)))


def _normalize(rows: NDArray[np.float16]) -> NDArray[np.float32]:
    """Return patches [N · EACH, C · 49] whose colours have a mean of 0 and a variance of 1."""
    patches = rows.astype(np.float32).reshape(len(rows) * EACH, -1, SIDE * SIDE)
    mean = patches.mean((0, 2), keepdims=True, dtype=np.float64)
    std = patches.std((0, 2), keepdims=True, dtype=np.float64)
    normal = (patches - mean) / np.maximum(std, 1e-8)
    rows32: NDArray[np.float32] = normal.astype(np.float32).reshape(len(patches), -1)
    return rows32


def _line_distance(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Return the Wasserstein distance of two sets of numbers, of any counts."""
    if len(one) == len(other):
        return float(np.abs(np.sort(one) - np.sort(other)).mean(dtype=np.float64))
    from scipy.stats import wasserstein_distance

    return float(wasserstein_distance(one, other))


def _weights(rng: np.random.Generator, count: int) -> NDArray[np.float32]:
    """Return how often each image is drawn in each resampling, as shares, [RESAMPLES, count]."""
    counts = rng.multinomial(count, np.full(count, 1 / count), size=RESAMPLES)
    return (counts / count).astype(np.float32)


def _bootstrap(
    one: NDArray[np.float32],
    other: NDArray[np.float32],
    weights: NDArray[np.float32],
    others: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Return the distance of two sets of numbers in each resampling.

    It is the area between their distribution functions.
    """
    values = np.concatenate((one, other))
    order = np.argsort(values)
    image = order // EACH
    first = order < len(one)
    image[~first] -= len(one) // EACH
    shares = np.empty((RESAMPLES, len(values)), np.float32)
    shares[:, first] = weights[:, image[first]]
    shares[:, ~first] = -others[:, image[~first]]
    between = np.diff(values[order])
    distances: NDArray[np.float32] = np.abs(shares.cumsum(1)[:, :-1]) @ between / EACH
    return distances
