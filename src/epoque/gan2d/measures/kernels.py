"""Distances between samples from all pairs of points: MMD² and the energy distance.

Both are U-statistics: without bias, and so sometimes a little below 0 for equal distributions.
"""

from collections.abc import Callable

import jax.numpy as jnp
from jax import Array

__all__ = ["WIDTHS", "energy_distance", "mmd2"]

WIDTHS = (0.4, 0.2, 0.1, 0.05, 0.025)
"""Standard deviations of the Gaussian kernels: fixed, so that runs can be compared, and each half
the one before, so that its kernel is the fourth power of that one's."""


def mmd2(a: Array, b: Array) -> Array:
    """Return the squared maximum mean discrepancy between two samples.

    The estimator is Gretton et al. 2012 ("A kernel two-sample test"), eq. 3, with the mean of
    Gaussian kernels exp(−r² / 2w²) over `WIDTHS`, so that it lies between −1 and 2.

    Args:
        a: points [n, 2].
        b: points [m, 2].
    """

    def kernel(squared: Array) -> Array:
        power = total = jnp.exp(squared / (-2 * WIDTHS[0] ** 2))
        for _ in WIDTHS[1:]:
            power = (power * power) ** 2
            total = total + power
        return total / len(WIDTHS)

    within_a, within_b, between = _means(a, b, kernel)
    return within_a + within_b - 2 * between


def energy_distance(a: Array, b: Array) -> Array:
    """Return the energy distance 2 E|A − B| − E|A − A′| − E|B − B′| between two samples.

    Székely and Rizzo 2013 ("Energy statistics"), eq. 2.

    Args:
        a: points [n, 2].
        b: points [m, 2].
    """
    within_a, within_b, between = _means(a, b, jnp.sqrt)
    return 2 * between - within_a - within_b


def _means(a: Array, b: Array, of: Callable[[Array], Array]) -> tuple[Array, Array, Array]:
    """Return the means of a function of the squared distances: in a, in b, between them."""
    return _within(a, of), _within(b, of), of(_squared(a, b)).mean()


def _within(a: Array, of: Callable[[Array], Array]) -> Array:
    """Return the mean over pairs of different points."""
    n = len(a)
    values = of(_squared(a, a))
    return (values.sum() - of(jnp.zeros(())) * n) / (n * (n - 1))


def _squared(a: Array, b: Array) -> Array:
    """Return squared distances [n, m], exact also between points that nearly coincide."""
    (ax, ay), (bx, by) = a.T, b.T
    squared: Array = (ax[:, None] - bx) ** 2 + (ay[:, None] - by) ** 2
    return squared
