"""How wide a cloud of points is, how much of it lies in its middle, and its dimension."""

import numpy as np
from numpy.typing import NDArray

from .kernels import distances

__all__ = ["central_fraction", "intrinsic_dimension", "spread"]

_LEAST = 1e-14
"""The square of float32's rounding for points in the unit square."""


def spread(points: NDArray[np.floating]) -> float:
    """Return the root of the mean squared distance of points [n, dims] from their mean."""
    return float(np.sqrt(_squared_from_mean(points).mean()))


def central_fraction(points: NDArray[np.floating]) -> float:
    """Return the share of points [n, dims] that lie within half their `spread` of their mean.

    It is the same at every size of the cloud: π/24 = 0.131 for points spread evenly over a square,
    1 − e^(−¼) = 0.221 for a normal distribution of two dimensions.
    """
    squared = _squared_from_mean(points)
    return float((squared < squared.mean() / 4).mean())


def intrinsic_dimension(points: NDArray[np.floating]) -> float:
    """Return the dimension that points show at the distance of neighbours: TwoNN.

    It is the maximum-likelihood estimate (n − 1) / Σ ln(r₂/r₁) from each point's distances to its
    nearest and second nearest neighbour (Facco et al. 2017, "Estimating the intrinsic dimension of
    datasets by a minimal neighborhood information", eq. 3; the − 1 takes its bias away), over the
    points that do not coincide with two others. Near 1 for a curve, near 2 where points fill an
    area, 0 where most coincide; unlike `jacobian_measures` it looks at the points alone, and a band
    thinner than the distance between neighbours counts as a curve.

    Args:
        points: [n, 2].
    """
    rows = [np.partition(squared, 2, axis=1)[:, :3] for squared in distances(points, points)]
    nearest, second = np.sort(np.concatenate(rows))[:, 1:].T  # each point is nearest to itself
    apart = second > _LEAST
    count = int(apart.sum())
    if 2 * count <= len(points):
        return 0.0
    ratios = np.log(second[apart] / np.maximum(nearest[apart], _LEAST)) / 2
    return float((count - 1) / np.maximum(ratios.sum(), _LEAST))


def _squared_from_mean(points: NDArray[np.floating]) -> NDArray[np.floating]:
    return np.asarray(((points - points.mean(axis=0)) ** 2).sum(axis=1))
