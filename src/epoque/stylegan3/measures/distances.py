"""How far two sets of images are from each other, in the features that stand for them.

Every function takes features, [N, D], whatever network they are of: with Inception's they give FID,
KID and IS, with VGG's precision and recall, with those of `features` the portrait distances.
"""

from collections.abc import Callable
from itertools import pairwise
from math import exp, sqrt

import numpy as np
import scipy.linalg
import torch
from numpy.typing import NDArray

from epoque.bench.seeds import numpy_rng

__all__ = [
    "frechet_distance",
    "frechet_error",
    "inception_score",
    "is_inside_manifold",
    "kernel_distance",
    "kernel_error",
    "moments",
    "neighbor_radii",
    "subset_sampler",
]

Floats = NDArray[np.float64]

ROWS = 1000  # distances of so many images at a time
Choose = Callable[[int, int], NDArray[np.int64]]


def moments(features: NDArray[np.floating]) -> tuple[Floats, Floats]:
    """Return the mean [D] and the covariance [D, D], divided by N, of features [N, D]."""
    values = features.astype(np.float64)
    mean = values.mean(0)
    return mean, values.T @ values / len(values) - np.outer(mean, mean)


def frechet_distance(one: tuple[Floats, Floats], other: tuple[Floats, Floats]) -> float:
    """Return the Fréchet distance between two normal distributions.

    |m₁ − m₂|² + tr(C₁ + C₂ − 2√(C₁C₂)): Heusel et al. 2017, equation 6.

    Args:
        one: mean [D] and covariance [D, D]; see `moments`.
        other: likewise.
    """
    apart = float(np.square(one[0] - other[0]).sum())
    spread = float(np.trace(one[1]) + np.trace(other[1]))
    return apart + spread - 2 * _trace_of_root(one[1], other[1])


def _trace_of_root(one: Floats, other: Floats) -> float:
    """Return the trace of the root of a product of covariances.

    √C₁ C₂ √C₁ has the product's eigenvalues and is symmetric: its roots are found without the
    square root of a matrix that has none of its own kind.
    """
    root = _root(one)
    inner = scipy.linalg.eigvalsh(root @ other @ root)
    return float(np.sqrt(np.maximum(inner, 0)).sum())


def _root(matrix: Floats, power: float = 0.5) -> Floats:
    """Return a symmetric matrix's root; where it is next to singular, an inverse one is 0."""
    values, vectors = scipy.linalg.eigh(matrix)
    is_large = values > max(values[-1], 0) * 1e-10
    powers = np.where(is_large, np.maximum(values, 1e-300) ** power, 0.0)
    root: Floats = (vectors * powers) @ vectors.T
    return root


def frechet_error(real: NDArray[np.floating], generated: NDArray[np.floating]) -> float:
    """Return the standard error of the Fréchet distance, as far as images vary by chance.

    By the delta method: to first order each image moves the distance by its value under the
    derivative, 2(m₁ − m₂)·x + xᵀ(I − T)x, where T carries one normal distribution onto the other
    (the derivative of tr √(C₁C₂) by C₁ is T/2). The variances of both sets' values add.

    Args:
        real: [N, D].
        generated: [M, D].
    """
    (mean, cov), (other, beyond) = moments(real), moments(generated)
    return float(np.hypot(_set_error(real, mean - other, cov, beyond),
                          _set_error(generated, other - mean, beyond, cov)))  # fmt: skip


def _set_error(features: NDArray[np.floating], apart: Floats, cov: Floats, other: Floats) -> float:
    """Return the standard error that one set contributes."""
    root, inverse = _root(cov), _root(cov, -0.5)
    carry = inverse @ _root(root @ other @ root) @ inverse
    x = features.astype(np.float64)
    x -= x.mean(0)
    influence = 2 * x @ apart + np.square(x).sum(1) - ((x @ carry) * x).sum(1)
    return float(influence.std() / sqrt(len(x)))


def kernel_distance(
    real: NDArray[np.floating],
    generated: NDArray[np.floating],
    *,
    subsets: int = 100,
    most: int = 1000,
    choose: Choose,
) -> Floats:
    """Return estimates of the kernel distance, one for each pair of subsets, [subsets].

    The squared maximum mean discrepancy with the kernel (x·y / D + 1)³, unbiased (Bińkowski et al.
    2018); the distance is their mean.

    Args:
        real: [N, D].
        generated: [M, D].
        subsets: how many.
        most: images of each, of either kind, unless there are fewer.
        choose: (of how many, how many) → which, without repeating; asked for the made ones
            first, then for the real ones.
    """
    size = min(most, len(real), len(generated))
    distances = np.empty(subsets)
    for i in range(subsets):
        x, y = generated[choose(len(generated), size)], real[choose(len(real), size)]
        distances[i] = _squared_mmd(x.astype(np.float64), y.astype(np.float64))
    return distances


def _squared_mmd(x: Floats, y: Floats) -> float:
    size, width = x.shape

    def between(one: Floats, other: Floats) -> Floats:
        values: Floats = (one @ other.T / width + 1) ** 3
        return values

    within = between(x, x) + between(y, y)
    apart = (within.sum() - np.trace(within)) / (size - 1) / size
    return float(apart - between(x, y).sum() * 2 / size**2)


def kernel_error(
    real: NDArray[np.floating], generated: NDArray[np.floating], *, most: int = 2000
) -> float:
    """Return the standard error of the kernel distance, as far as images vary by chance.

    By the delta method, as for U-statistics: each image moves it by twice the difference between
    its mean kernel with its own set and with the other. That is estimated from the first images.

    Args:
        real: [N, D].
        generated: [M, D].
        most: images of each set that the variance is estimated from.
    """
    x, y = (of[:most].astype(np.float64) for of in (real, generated))
    width = x.shape[1]
    cross = (x @ y.T / width + 1) ** 3
    ours = ((x @ x.T / width + 1) ** 3).mean(1) - cross.mean(1)
    theirs = ((y @ y.T / width + 1) ** 3).mean(1) - cross.mean(0)
    return float(
        np.hypot(2 * ours.std() / np.sqrt(len(real)), 2 * theirs.std() / np.sqrt(len(generated)))
    )


def is_inside_manifold(
    images: NDArray[np.floating], reference: NDArray[np.floating], nearest: int = 3
) -> NDArray[np.bool_]:
    """Tell which images are like those of a set, [N].

    An image is, if it is no farther from one of the set than that one's k-th nearest neighbour
    there. Of made images and real ones, the mean is the precision; of real images and made ones,
    the recall (Kynkäänniemi et al. 2019).

    Args:
        images: [N, D].
        reference: [M, D], the set.
        nearest: k.
    """
    reach, anchors = neighbor_radii(reference, nearest), _tensor(reference)
    parts = torch.split(_tensor(images), ROWS)
    return torch.cat([(torch.cdist(p, anchors) <= reach).any(1) for p in parts]).numpy()


def neighbor_radii(features: NDArray[np.floating], nearest: int = 3) -> torch.Tensor:
    """Return how far each image's k-th nearest neighbour in its own set is, [N]."""
    every = _tensor(features)
    parts = [torch.cdist(p, every).kthvalue(nearest + 1).values for p in torch.split(every, ROWS)]
    return torch.cat(parts)


def _tensor(features: NDArray[np.floating]) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(features))


def inception_score(probabilities: NDArray[np.floating], splits: int = 10) -> Floats:
    """Return e to the mean divergence of images' classes from the mean classes, of each split.

    Salimans et al. 2016; the score is the mean of the splits.

    Args:
        probabilities: [N, classes].
        splits: how many equal parts, in order.
    """
    bounds = [i * len(probabilities) // splits for i in range(splits + 1)]
    scores = []
    for first, last in pairwise(bounds):
        part = probabilities[first:last].astype(np.float64)
        divergence = (part * (np.log(part) - np.log(part.mean(0)))).sum(1)
        scores.append(exp(divergence.mean()))
    return np.array(scores)


def subset_sampler(seed: int, purpose: str = "subsets") -> Choose:
    """Return what chooses subsets with a seed, always the same ones."""
    rng = numpy_rng(seed, purpose)
    return lambda count, size: rng.choice(count, size, replace=False)
