"""Distances between samples from all pairs of points: MMD² and the energy distance.

Both are U-statistics: without bias, and so sometimes a little below 0 for equal distributions.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "WIDTHS",
    "PairMeans",
    "distances",
    "energy_distance",
    "measure_between",
    "measure_within",
    "mmd2",
]

WIDTHS = (0.4, 0.2, 0.1, 0.05, 0.025)
"""Standard deviations of the Gaussian kernels: fixed, so that runs can be compared, and each half
the one before, so that its kernel is the fourth power of that one's."""
ROWS = 32
"""Points whose distances are looked at together, so that they stay in a core's cache."""

Points = NDArray[np.floating]


class PairMeans(NamedTuple):
    """Of pairs of points: the mean of the kernels, and the mean distance."""

    kernel: float
    distance: float


def mmd2(a: Points, b: Points) -> float:
    """Return the squared maximum mean discrepancy between two samples.

    The estimator is Gretton et al. 2012 ("A kernel two-sample test"), eq. 3, with the mean of
    Gaussian kernels exp(−r² / 2w²) over `WIDTHS`, so that it lies between −1 and 2.

    Args:
        a: points [n, 2].
        b: points [m, 2].
    """
    return measure_within(a).kernel + measure_within(b).kernel - 2 * measure_between(a, b).kernel


def energy_distance(a: Points, b: Points) -> float:
    """Return the energy distance 2 E|A − B| − E|A − A′| − E|B − B′| between two samples.

    Székely and Rizzo 2013 ("Energy statistics"), eq. 2.

    Args:
        a: points [n, 2].
        b: points [m, 2].
    """
    return (
        2 * measure_between(a, b).distance - measure_within(a).distance - measure_within(b).distance
    )


def measure_between(a: Points, b: Points) -> PairMeans:
    """Return the means over the pairs of a point of a [n, 2] and one of b [m, 2]."""
    kernel, distance = _sums(a, b)
    return PairMeans(kernel / (len(a) * len(b)), distance / (len(a) * len(b)))


def measure_within(a: Points) -> PairMeans:
    """Return the means over the pairs of different points of a [n, 2]."""
    n = len(a)
    kernel, distance = _sums(a, a)
    return PairMeans((kernel - n) / (n * (n - 1)), distance / (n * (n - 1)))


def distances(a: Points, b: Points) -> Iterator[NDArray[np.floating]]:
    """Yield squared distances [ROWS, m] of some points of a [n, 2] to all of b [m, 2].

    They are exact also between points that nearly coincide.
    """
    x, y = np.ascontiguousarray(b.T)
    for start in range(0, len(a), ROWS):
        rows = a[start : start + ROWS]
        squared, across = rows[:, :1] - x, rows[:, 1:] - y
        squared *= squared
        across *= across
        squared += across
        yield squared


def _sums(a: Points, b: Points) -> tuple[float, float]:
    """Return the sums of the kernels' mean and of the distances; arrays are written in place."""
    kernels = distance = 0.0
    for squared in distances(a, b):
        power = squared * (-0.5 / WIDTHS[0] ** 2)
        np.exp(power, out=power)
        kernels += float(power.sum())
        for _ in WIDTHS[1:]:
            power *= power
            power *= power
            kernels += float(power.sum())
        distance += float(np.sqrt(squared, out=squared).sum())
    return kernels / len(WIDTHS), distance
