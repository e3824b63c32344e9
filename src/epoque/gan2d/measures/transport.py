"""Wasserstein-1 distances between two samples: exact, and sliced."""

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["DIRECTIONS", "exact_w1", "projections", "sliced_w1"]

DIRECTIONS = 16


def sliced_w1(
    a: NDArray[np.floating], b: NDArray[np.floating], directions: int = DIRECTIONS
) -> float:
    """Return the sliced Wasserstein-1 distance between two samples.

    It is the mean, over directions, of the distance between the projections (Rabin et al. 2011,
    "Wasserstein barycenter and its application to texture mixing"). The directions are evenly
    spaced over half a turn, which in the plane is more exact than drawing them.

    Args:
        a: points [n, 2].
        b: as many points [n, 2].
        directions: how many.
    """
    return float(np.abs(projections(a, directions) - projections(b, directions)).mean())


def projections(points: NDArray[np.floating], directions: int = DIRECTIONS) -> NDArray[np.floating]:
    """Return the points' places along each direction, in ascending order [directions, n]."""
    angles = math.pi * (np.arange(directions) + 0.5) / directions
    axes = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(points.dtype)
    return np.sort(axes @ points.T)


def exact_w1(a: NDArray[np.floating], b: NDArray[np.floating]) -> float:
    """Return the exact Wasserstein-1 distance between two samples, by optimal assignment.

    It takes time of order n³: a fifth of a second for 1,000 points. Between two samples of the
    same distribution it is above 0, about 0.04 for 1,000 points that fill the square.

    Args:
        a: points [n, 2].
        b: as many points [n, 2].
    """
    from scipy.optimize import linear_sum_assignment
    from scipy.spatial.distance import cdist

    assert len(a) == len(b), "the assignment pairs equally many points"
    cost = cdist(np.asarray(a, np.float64), np.asarray(b, np.float64))
    return float(cost[linear_sum_assignment(cost)].mean())
