"""How well a mixture of Gaussians is hit: modes covered, and the share of good points."""

import numpy as np
from numpy.typing import NDArray

from ..data.distributions import GaussianMixture

__all__ = ["mode_fractions", "mode_measures"]

NEAR = 3.0
"""Standard deviations within which a point is of high quality, as in VEEGAN's evaluation."""
LEAST = 0.1
"""The part of its fair share of points that a mode needs to count as covered."""


def mode_measures(points: NDArray[np.floating], modes: GaussianMixture) -> dict[str, float]:
    """Return how well generated points hit a mixture.

    A point is of high quality if it lies within three standard deviations of its nearest mode
    (Srivastava et al. 2017, VEEGAN, section 4.1; of a mixture's own points, 98.9 % are). They
    count a mode as covered once it has a single good point; here it needs a tenth of its fair
    share, so that the count does not grow with the sample.

    Args:
        points: generated points [n, 2].
        modes: the mixture.

    Returns:
        `modes_covered`: how many, 0 to K; `high_quality`: the share of good points, 0 to 1.
    """
    shares = mode_fractions(points, modes)
    return {
        "modes_covered": float((shares >= LEAST / len(shares)).sum()),
        "high_quality": float(shares.sum()),
    }


def mode_fractions(points: NDArray[np.floating], modes: GaussianMixture) -> NDArray[np.float64]:
    """Return the share of all points that are good points of each mode [K]."""
    x, y = ((points[:, i, None] - modes.centers[:, i]) / modes.sd[:, i] for i in (0, 1))
    squared = x * x + y * y
    nearest = squared.argmin(axis=1)
    good = np.take_along_axis(squared, nearest[:, None], axis=1)[:, 0] <= NEAR**2
    return np.bincount(nearest[good], minlength=len(modes.centers)) / len(points)
