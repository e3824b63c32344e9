"""What a generator does to the noise: how many dimensions survive, and where it folds over."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

__all__ = ["jacobian", "jacobian_measures", "layers_jacobian", "singular_values"]

Generate = Callable[[Array], Array]
"""Noise [n, dims] to points [n, 2], each point for itself."""


def jacobian_measures(j: NDArray[np.floating]) -> dict[str, float]:
    """Return the geometry of the generator's manifold.

    Args:
        j: the generator's Jacobian at noise as it is drawn [n, 2, dims] (see `jacobian`).

    Returns:
        `stretch_max` and `stretch_min`: medians over the noise of the Jacobian's two singular
        values, the greatest and the least stretching of the noise (the least is 0 for one
        dimension, where the points follow a curve). `dimension`: the median of (s₁ + s₂)² /
        (s₁² + s₂²) with s the squared singular values: 1 for a curve, 2 where both directions count
        alike. For two dimensions also `folded`: the share of the area, weighted by the noise's
        density, that is turned over against the rest, 0 to ½; NaN where the points cover no area.
    """
    values = singular_values(j)
    squared = values**2
    spread = squared.sum(axis=1) ** 2 / np.maximum((squared**2).sum(axis=1), 1e-30)
    medians = np.median([values[:, 0], values[:, 1], spread], axis=1)
    measures = dict(zip(("stretch_max", "stretch_min", "dimension"), medians.tolist(), strict=True))
    if j.shape[2] == 2:
        measures["folded"] = _measure_folding(j)
    return measures


def jacobian(generate: Generate, z: Array) -> Array:
    """Return d point / d noise for each noise, [n, 2, dims], by forward differentiation.

    Args:
        generate: noise [n, dims] to points [n, 2]; each point depends on its own noise alone (so
            batch normalisation must use fixed statistics). JAX differentiates it.
        z: noise [n, dims].
    """

    def along(direction: Array) -> Array:
        moved: Array = jax.jvp(generate, (z,), (jnp.broadcast_to(direction, z.shape),))[1]
        return moved

    return jnp.moveaxis(jax.vmap(along)(jnp.eye(z.shape[1], dtype=z.dtype)), 0, 2)


def layers_jacobian(
    layers: Sequence[Mapping[str, NDArray[np.float32]]],
    z: NDArray[np.float32],
    activation: str,
    output: str,
) -> NDArray[np.float64]:
    """Return the Jacobian of plain layers, as `jacobian` does: the chain rule, in NumPy.

    Args:
        layers: of each its weights `w` [out, in] and biases `b` [out].
        z: noise [n, dims].
        activation: of hidden neurons.
        output: of output neurons.

    Returns:
        d point / d noise [n, 2, dims].
    """
    x = z.T.astype(np.float64)
    j = np.broadcast_to(np.eye(len(x))[:, :, None], (len(x), *x.shape))  # [features, dims, n]
    for number, layer in enumerate(layers):
        w, b = layer["w"].astype(np.float64), layer["b"].astype(np.float64)
        kind = output if number == len(layers) - 1 else activation
        x, slope = _activate(w @ x + b[:, None], kind)
        j = slope[:, None] * np.tensordot(w, j, axes=1)
    return np.moveaxis(j, 2, 0)


def _activate(x: NDArray[np.float64], kind: str) -> tuple[NDArray[np.float64], Any]:
    """Return an activation and its slope (see `models.mlp`)."""
    sigmoid = 0.5 + 0.5 * np.tanh(0.5 * x)
    match kind:
        case "relu":
            return np.where(x > 0, x, 0.0), np.where(x > 0, 1.0, 0.0)
        case "leaky_relu":
            return np.where(x > 0, x, 0.2 * x), np.where(x > 0, 1.0, 0.2)
        case "elu":
            below = np.expm1(np.minimum(x, 0.0))
            return np.where(x > 0, x, below), np.where(x > 0, 1.0, 1.0 + below)
        case "silu":
            return x * sigmoid, sigmoid * (1.0 + x * (1.0 - sigmoid))
        case "tanh":
            return np.tanh(x), 1.0 - np.tanh(x) ** 2
        case "sigmoid":
            return sigmoid, sigmoid * (1.0 - sigmoid)
        case "sine":
            return np.sin(x), np.cos(x)
        case _:
            return x, np.ones_like(x)


def singular_values(j: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return the two singular values of each matrix [n, 2, dims], largest first, [n, 2].

    They are the roots of the eigenvalues of J·Jᵀ = [[a, b], [b, c]]. The smaller one comes from
    the determinant, Σ of squared minors, which does not cancel as a·c − b² would.
    """
    rows = j[:, 0], j[:, 1]
    a, c = ((row**2).sum(axis=1) for row in rows)
    b = (rows[0] * rows[1]).sum(axis=1)
    largest = np.sqrt((a + c) / 2 + np.hypot((a - c) / 2, b))
    minors = rows[0][:, :, None] * rows[1][:, None] - rows[1][:, :, None] * rows[0][:, None]
    area = np.sqrt((minors**2).sum(axis=(1, 2)) / 2)
    return np.stack([largest, area / np.maximum(largest, 1e-30)], axis=1)


def _measure_folding(j: NDArray[np.floating]) -> float:
    area = j[:, 0, 0] * j[:, 1, 1] - j[:, 0, 1] * j[:, 1, 0]
    total = float(np.abs(area).sum())
    return (1 - abs(float(area.sum())) / total) / 2 if total > 0 else float("nan")
