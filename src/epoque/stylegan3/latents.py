"""The generator's random input, drawn as the official tools draw it: a seed names one image."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from epoque.bench.errors import UsageError

__all__ = ["LAST_SEED", "sample_latents"]

LAST_SEED = 2**32 - 1


def sample_latents(seeds: Iterable[int], z_dim: int) -> NDArray[np.float64]:
    """Return a normal random vector for each seed, [N, z_dim], from MT19937.

    Args:
        seeds: each 0 to 2³² − 1.
        z_dim: numbers for one image.

    Raises:
        UsageError: if a seed is out of range.
    """
    rows = [np.random.RandomState(_check_seed(seed)).randn(z_dim) for seed in seeds]
    return np.stack(rows) if rows else np.empty((0, z_dim))


def _check_seed(seed: int) -> int:
    if not 0 <= seed <= LAST_SEED:
        raise UsageError(f"Seed {seed} is out of range: 0 to {LAST_SEED} are allowed.")
    return seed
