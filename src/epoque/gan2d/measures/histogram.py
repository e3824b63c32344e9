"""Kullback-Leibler and Jensen-Shannon divergence between two samples, on a grid of cells.

The plane is cut into 30×30 cells over the unit square and one cell for all that lies outside. Like
GAN Lab's evaluator it adds a little mass to every cell, so that the divergence from an empty cell
is finite; unlike it, the densities are renormalised, no point is lost, and the error is told.
"""

from typing import Any

import jax.numpy as jnp
from jax import Array

__all__ = ["EPS", "SIDE", "divergences", "histogram", "overlap"]

SIDE = 30
EPS = 1e-4
"""The mass added to each of the cells before renormalising, as in GAN Lab."""


def histogram(points: Array, side: int = SIDE) -> Array:
    """Return the share of the points in each cell.

    Args:
        points: float32 [n, 2].
        side: cells along x and along y.

    Returns:
        Float32 [side² + 1]; cell `side * row + column`, rows along y; the last is the outside. A
        point on the square's upper or right edge belongs to the last row or column.
    """
    inside = ((points >= 0) & (points <= 1)).all(axis=1)
    place = jnp.clip(jnp.floor(points * side), 0, side - 1)
    cell = jnp.where(inside, side * place[:, 1] + place[:, 0], side**2).astype(jnp.int32)
    return jnp.zeros(side**2 + 1).at[cell].add(1.0) / len(points)


def divergences(
    real: Array, fake: Array, n_real: Any, n_fake: Any, eps: float = EPS
) -> dict[str, Array]:
    """Return the divergences between two histograms, in bits, with their standard errors.

    With K cells, p and q are (share + eps) / (1 + K·eps). The standard errors are the delta
    method's (multinomial counts); they say how far another pair of samples would differ, not how
    far a finite sample lies above the truth, which `js` of two samples of real points shows.

    Args:
        real: shares of the real points [K], sum 1.
        fake: shares of the generated points [K], sum 1.
        n_real: how many points `real` counts.
        n_fake: how many points `fake` counts.
        eps: mass added to each cell; 0 is allowed where `fake` covers `real` and for JS.

    Returns:
        `kl`: KL(real ‖ fake) = Σ p log₂(p/q); `js`: Jensen-Shannon divergence, 0 to 1; `kl_se` and
        `js_se`: their standard errors.
    """
    total = 1 + len(real) * eps
    p, q = (real + eps) / total, (fake + eps) / total
    middle = (p + q) / 2
    log_pq, log_pm, log_qm = _log2(p, q), _log2(p, middle), _log2(q, middle)
    kl_slopes = log_pq + 1 / jnp.log(2.0), -jnp.where(p > 0, p / q, 0.0) / jnp.log(2.0)
    js_slopes = log_pm / 2, log_qm / 2
    samples = (real, n_real), (fake, n_fake)
    return {
        "kl": (p * log_pq).sum(),
        "kl_se": _error(samples, kl_slopes) / total,
        "js": (p * log_pm + q * log_qm).sum() / 2,
        "js_se": _error(samples, js_slopes) / total,
    }


def overlap(real: Array, fake: Array) -> dict[str, Array]:
    """Return how far two histograms cover each other.

    Like the precision and recall of Sajjadi et al. 2018 ("Assessing generative models via
    precision and recall"), but counted in cells that have at least a tenth of the other's share.

    Args:
        real: shares of the real points [K], sum 1.
        fake: shares of the generated points [K], sum 1.

    Returns:
        `coverage`: the share of the real points in cells that the generator does not neglect; a
        collapsed generator has little. `precision`: the share of the generated points in cells
        where there is reason for them.
    """
    return {
        "coverage": jnp.where(fake >= real / 10, real, 0.0).sum(),
        "precision": jnp.where(real >= fake / 10, fake, 0.0).sum(),
    }


def _log2(p: Array, q: Array) -> Array:
    """Return log₂(p/q), and 0 where p is 0."""
    return jnp.where(p > 0, jnp.log2(jnp.where(p > 0, p / q, 1.0)), 0.0)


def _error(samples: Any, slopes: Any) -> Array:
    """Return the delta method's standard error: √Σ Var(slope) / n over the samples."""
    variance = 0.0
    for (share, n), slope in zip(samples, slopes, strict=True):
        # A slope is infinite only in a cell that holds no point; it has no part in the variance.
        finite = jnp.where(share > 0, slope, 0.0)
        centred = finite - (share * finite).sum()
        variance += (share * centred**2).sum() / n
    return jnp.sqrt(variance)
