"""What a generator does to the noise: how many dimensions survive, and where it folds over."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array

__all__ = ["jacobian", "jacobian_measures", "singular_values"]

Generate = Callable[[Array], Array]
"""Noise [n, dims] to points [n, 2], each point for itself."""


def jacobian_measures(generate: Generate, z: Array) -> dict[str, Array]:
    """Return the geometry of the generator's manifold.

    Args:
        generate: noise [n, dims] to points [n, 2]; each point depends on its own noise alone (so
            batch normalisation must use fixed statistics).
        z: noise [n, dims], as it is drawn.

    Returns:
        `stretch_max` and `stretch_min`: medians over the noise of the Jacobian's two singular
        values, the greatest and the least stretching of the noise (the least is 0 for one
        dimension, where the points follow a curve). `dimension`: the median of (s₁ + s₂)² /
        (s₁² + s₂²) with s the squared singular values: 1 for a curve, 2 where both directions count
        alike. For two dimensions also `folded`: the share of the area, weighted by the noise's
        density, that is turned over against the rest, 0 to ½.
    """
    j = jacobian(generate, z)
    values = singular_values(j)
    squared = values**2
    spread = squared.sum(axis=1) ** 2 / jnp.maximum((squared**2).sum(axis=1), 1e-30)
    found = {
        "stretch_max": jnp.median(values[:, 0]),
        "stretch_min": jnp.median(values[:, 1]),
        "dimension": jnp.median(spread),
    }
    if z.shape[1] == 2:
        found["folded"] = _folded(j)
    return found


def jacobian(generate: Generate, z: Array) -> Array:
    """Return d point / d noise for each noise, [n, 2, dims], by forward differentiation."""

    def along(direction: Array) -> Array:
        moved: Array = jax.jvp(generate, (z,), (jnp.broadcast_to(direction, z.shape),))[1]
        return moved

    return jnp.moveaxis(jax.vmap(along)(jnp.eye(z.shape[1], dtype=z.dtype)), 0, 2)


def singular_values(j: Array) -> Array:
    """Return the two singular values of each matrix [n, 2, dims], largest first, [n, 2].

    They are the roots of the eigenvalues of J·Jᵀ = [[a, b], [b, c]]. The smaller one comes from
    the determinant, Σ of squared minors, which does not cancel as a·c − b² would.
    """
    rows = j[:, 0], j[:, 1]
    a, c = ((row**2).sum(axis=1) for row in rows)
    b = (rows[0] * rows[1]).sum(axis=1)
    largest = jnp.sqrt((a + c) / 2 + jnp.hypot((a - c) / 2, b))
    minors = rows[0][:, :, None] * rows[1][:, None] - rows[1][:, :, None] * rows[0][:, None]
    area = jnp.sqrt((minors**2).sum(axis=(1, 2)) / 2)
    return jnp.stack([largest, area / jnp.maximum(largest, 1e-30)], axis=1)


def _folded(j: Array) -> Array:
    area = j[:, 0, 0] * j[:, 1, 1] - j[:, 0, 1] * j[:, 1, 0]
    total = jnp.abs(area).sum()
    return jnp.where(total > 0, (1 - jnp.abs(area.sum()) / total) / 2, 0.0)
