"""What one iteration of a GAN looks like: arrays to draw and to replay, 18 kB of float32.

real         [450, 2]      real points, the same in every snapshot
fake         [450, 2]      generated points of fixed noise: each can be followed through a run
d            [30, 30]      the discriminator's output at the cells' centres; row 0 is the lowest y
manifold     [21, 21, 2]   where the generator puts the lattice of noise (`noise.lattice`);
                           [441, 2], a curve, for noise of one dimension
gradients    [450, 2]      d output / d point at each `fake`: the discriminator's way up, as in GAN
                           Lab's arrows
probability  []            1 if the discriminator's output is a probability, 0 if a critic's number

The loss says which of the two it is, and the loss may change during a run.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from epoque.bench.seeds import jax_key

from ..config import Gan2dConfig
from ..data import noise
from ..data.distributions import sample_real_points
from ..data.user_points import UserPoints
from ..seeds import Purpose

__all__ = ["GRID", "POINTS", "Fixed", "compute_snapshot", "grid_centers", "prepare"]

POINTS = 450
GRID = 30

Generate = Callable[[Array], Array]
"""Noise [n, dims] to points [n, 2], each point for itself."""
ComputeLogits = Callable[[Array], Array]
"""Points [n, 2] to logits [n], each point for itself."""


class Fixed(NamedTuple):
    """What all snapshots of a run share.

    Attributes:
        real: real points [450, 2].
        noise: noise [450, dims].
        lattice: noise [441, dims].
    """

    real: Any
    noise: Any
    lattice: Any


def prepare(config: Gan2dConfig, user_points: UserPoints | None = None) -> Fixed:
    """Return what all snapshots of a run share, as NumPy arrays.

    Raises:
        DataError: if the user's points cannot be read or used.
    """
    kind, dims = config.noise, config.noise_dims
    samples = noise.sample(jax_key(config.seed, Purpose.SNAPSHOT_NOISE), POINTS, kind, dims)
    return Fixed(
        real=sample_real_points(config, POINTS, config.seed, user_points),
        noise=np.asarray(samples),
        lattice=noise.lattice(kind, dims),
    )


def compute_snapshot(
    fixed: Fixed, generate: Generate, compute_logits: ComputeLogits, probability: Any
) -> dict[str, Array]:
    """Return the arrays of a snapshot; JAX can compile it.

    Args:
        fixed: what all snapshots share.
        generate: noise [n, dims] to points [n, 2]; batch normalisation with fixed statistics.
        compute_logits: points [n, 2] to the discriminator's logits [n].
        probability: whether its output is their sigmoid (may be traced); else it is they.
    """

    def discriminate(points: Array) -> Array:
        logits = compute_logits(points)
        return jnp.where(probability, jax.nn.sigmoid(logits), logits)

    fake = generate(fixed.noise)
    manifold = generate(fixed.lattice)
    side = noise.LATTICE_SIDE
    return {
        "real": jnp.asarray(fixed.real),
        "fake": fake,
        "d": discriminate(jnp.asarray(grid_centers())).reshape(GRID, GRID),
        "manifold": manifold if fixed.lattice.shape[1] == 1 else manifold.reshape(side, side, 2),
        "gradients": jax.grad(lambda points: discriminate(points).sum())(fake),
        "probability": jnp.asarray(probability, jnp.float32),
    }


def grid_centers() -> NDArray[np.float32]:
    """Return the centres of the cells, [900, 2], row by row from the lowest y."""
    side = (np.arange(GRID, dtype=np.float32) + 0.5) / GRID
    x, y = np.meshgrid(side, side)
    return np.stack([x.ravel(), y.ravel()], axis=1)
