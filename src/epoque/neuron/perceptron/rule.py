"""The perceptron rule: a weighted sum, an output, an error, a correction.

With the bias input −1 first, y = −w0 + x1·w1 + … + xF·wF and o = 1 / (1 + exp(−y)). The default
rule corrects after each pattern by

    w ← w + learning_rate · input · (d − o),

the online gradient of the cross-entropy: there is no derivative of the sigmoid in it.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

from .vectors import Vector

__all__ = ["Response", "correct", "sigmoid"]


class Response(NamedTuple):
    """What a neuron answers to a pattern as it is presented, before the correction.

    Attributes:
        y: the weighted sum.
        error: d − o.
    """

    y: Array
    error: Array


def correct(
    w: Vector, x: Vector, d: Array, learning_rate: Array, rule: str
) -> tuple[Vector, Response]:
    """Return the correction of the weights that a pattern asks for.

    Args:
        w: weights [F+1], w0 first.
        x: the pattern [F+1], its bias input −1 first.
        d: the desired output, 0 or 1.
        learning_rate: how far a correction goes.
        rule: `delta`: the gradient of the cross-entropy; `squared_error`: of ½ (d − o)², with the
            sigmoid's derivative (Widrow & Hoff 1960 behind a sigmoid); `step`: Rosenblatt 1958.

    Returns:
        What is to be added to w, and the sum and the error that it comes from.
    """
    y = x @ w
    o = jnp.where(y > 0, 1.0, 0.0) if rule == "step" else sigmoid(y)
    error = d - o
    step = learning_rate * error
    if rule == "squared_error":
        step = step * (o * (1.0 - o))
    return x * step, Response(y, error)


def sigmoid(y: Array) -> Array:
    """Return 1 / (1 + exp(−y))."""
    return 1.0 / (1.0 + jnp.exp(-y))
