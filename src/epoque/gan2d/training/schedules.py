"""How the learning rates fall during a training."""

import jax.numpy as jnp
from jax import Array

from .hyperparameters import Hyperparameters, StaticConfig

__all__ = ["learning_rate_factor"]


def learning_rate_factor(
    static: StaticConfig, hyper: Hyperparameters, iteration: Array | int
) -> Array:
    """Return the factor on both learning rates, from 1 at first to `lr_final`.

    Args:
        static: its `lr_decay` is the shape: linear, half a cosine (Loshchilov & Hutter 2017, eq. 5,
            without restarts), or exponential.
        hyper: its numbers `lr_decay_until`, the iterations that the decay takes, and `lr_final`.
        iteration: iterations done before.
    """
    p = jnp.minimum(iteration / hyper.lr_decay_until, 1.0)
    match static.lr_decay:
        case "none":
            return jnp.ones_like(p)
        case "linear":
            return 1 - (1 - hyper.lr_final) * p
        case "cosine":
            return 1 - (1 - hyper.lr_final) * (0.5 - 0.5 * jnp.cos(jnp.pi * p))
        case "exponential":
            return jnp.power(hyper.lr_final, p)
