"""How well a mixture of Gaussians is hit: modes covered, and the share of good points."""

import jax.numpy as jnp
from jax import Array

from ..distributions import Modes

__all__ = ["mode_measures", "mode_shares"]

NEAR = 3.0
"""Standard deviations within which a point is of high quality, as in VEEGAN's evaluation."""
LEAST = 0.1
"""The part of its fair share of points that a mode needs to count as covered."""


def mode_measures(points: Array, modes: Modes) -> dict[str, Array]:
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
    shares = mode_shares(points, modes)
    return {
        "modes_covered": (shares >= LEAST / len(shares)).sum().astype(jnp.float32),
        "high_quality": shares.sum(),
    }


def mode_shares(points: Array, modes: Modes) -> Array:
    """Return the share of all points that are good points of each mode, float32 [K]."""
    away = (points[:, None] - modes.centres) / modes.sd
    squared = (away**2).sum(axis=-1)
    nearest = squared.argmin(axis=1)
    good = squared.min(axis=1) <= NEAR**2
    own = nearest[:, None] == jnp.arange(len(modes.centres))
    return (own & good[:, None]).mean(axis=0)
