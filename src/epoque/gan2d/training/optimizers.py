"""The optimizers: optax's, with the conventions of torch.optim.

sgd       p ← p − lr·g
momentum  m ← momentum·m + g;  p ← p − lr·m
          Polyak 1964.
rmsprop   v ← α·v + (1−α)·g²;  p ← p − lr·g / √(v + ε²)
          Hinton 2012, lecture 6e.
adam      m ← β₁·m + (1−β₁)·g;  v ← β₂·v + (1−β₂)·g²;  p ← p − lr·m̂ / (√v̂ + ε)
          with m̂ = m / (1−β₁ᵗ), v̂ = v / (1−β₂ᵗ); Kingma & Ba 2015, algorithm 1.
"""

from typing import NamedTuple, cast

import numpy as np
import optax
from jax import Array

from ..network_config import OptimizerConfig, OptimizerName

__all__ = ["OptimizerHyperparameters", "make_optimizer"]

EPSILON = 1e-8
TINY = 1e-36
"""Keeps the derivative of √v finite where v is 0 (a dead neuron's), for unrolled steps."""


class OptimizerHyperparameters(NamedTuple):
    """The numbers of an optimizer, each a scalar that a compiled program takes."""

    learning_rate: Array
    momentum: Array
    beta1: Array
    beta2: Array
    alpha: Array

    @classmethod
    def from_config(
        cls, config: OptimizerConfig, dtype: type[np.floating] = np.float32
    ) -> "OptimizerHyperparameters":
        """Return the numbers of an optimizer's settings, as NumPy scalars."""

        def number(value: float) -> Array:
            return cast("Array", dtype(value))

        return cls(
            learning_rate=number(config.learning_rate),
            momentum=number(config.momentum),
            beta1=number(config.beta1),
            beta2=number(config.beta2),
            alpha=number(config.alpha),
        )


def make_optimizer(
    name: OptimizerName,
    hyperparameters: OptimizerHyperparameters,
    learning_rate_factor: Array | float = 1.0,
) -> optax.GradientTransformation:
    """Return an optimizer; its numbers may be traced, so that another rate compiles nothing.

    Args:
        name: of the rule, static.
        hyperparameters: its numbers.
        learning_rate_factor: of the decay.
    """
    learning_rate = hyperparameters.learning_rate * learning_rate_factor
    match name:
        case "sgd":
            return optax.sgd(learning_rate)
        case "momentum":
            return optax.sgd(learning_rate, momentum=hyperparameters.momentum)
        case "rmsprop":
            return optax.rmsprop(learning_rate, decay=hyperparameters.alpha, eps=EPSILON**2)
        case "adam":
            beta1, beta2 = hyperparameters.beta1, hyperparameters.beta2
            return optax.adam(learning_rate, beta1, beta2, eps=EPSILON, eps_root=TINY)
