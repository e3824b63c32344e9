"""The optimisers, on one flat vector, with torch.optim's conventions.

Which one is an index and their settings are numbers, so that both can change while a compiled
program runs, and a sweep can give each run its own. (An optax optimiser is part of the program:
another one is another program.) All four are computed and one is taken: on the few hundred numbers
of a small network, in one kernel, that is faster than to branch.

sgd       p ← p − lr·g
momentum  m ← momentum·m + g;  p ← p − lr·m
          Polyak 1964.
rmsprop   v ← α·v + (1−α)·g²;  p ← p − lr·g / (√v + ε)
          Hinton 2012, lecture 6e.
adam      m ← β₁·m + (1−β₁)·g;  v ← β₂·v + (1−β₂)·g²;  p ← p − lr·m̂ / (√v̂ + ε)
          with m̂ = m / (1−β₁ᵗ), v̂ = v / (1−β₂ᵗ); Kingma & Ba 2015, algorithm 1.
"""

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from .config import Gan2dConfig

__all__ = ["KINDS", "Hyper", "Slots", "empty", "step"]

KINDS = ("sgd", "momentum", "rmsprop", "adam")
EPSILON = 1e-8


class Hyper(NamedTuple):
    """An optimiser's settings as numbers.

    The β and α are kept as what is forgotten, 1 − β: as a float32, 0.999 would be off by 10⁻⁸,
    and with it the first of Adam's corrections by 10⁻⁵.
    """

    kind: Any
    learning_rate: Any
    momentum: Any
    forget1: Any
    forget2: Any
    forget: Any

    @classmethod
    def of(cls, config: Gan2dConfig, role: str) -> "Hyper":
        """Return the settings of `generator` or `discriminator`."""

        def told(name: str) -> Any:
            return getattr(config, f"{role}_{name}")

        numbers = told("learning_rate"), told("momentum")
        forgotten = (1 - told(name) for name in ("beta1", "beta2", "alpha"))
        kind = np.int32(KINDS.index(told("optimizer")))
        return cls(kind, *map(np.float32, (*numbers, *forgotten)))


class Slots(NamedTuple):
    """What an optimiser remembers: two vectors like the parameters', and its steps so far."""

    m: Any
    v: Any
    count: Any


def empty(params: Any) -> Slots:
    """Return the memory before the first step."""
    return Slots(jnp.zeros_like(params), jnp.zeros_like(params), jnp.zeros((), jnp.int32))


def step(
    hyper: Hyper, params: Any, gradient: Any, slots: Slots, decay: Any = 1.0
) -> tuple[Any, Slots]:
    """Return the parameters after one step, and what the optimiser remembers.

    Args:
        hyper: its settings; may be traced.
        params: flat vector.
        gradient: of the loss, same shape.
        slots: its memory.
        decay: factor on the learning rate.
    """
    count = slots.count + 1
    is_momentum, is_rmsprop, is_adam = (hyper.kind == KINDS.index(kind) for kind in KINDS[1:])
    m, v, squared = slots.m, slots.v, gradient * gradient
    m = jnp.where(is_momentum, hyper.momentum * m + gradient, m)
    m = jnp.where(is_adam, m + hyper.forget1 * (gradient - m), m)
    forget = jnp.where(is_adam, hyper.forget2, hyper.forget)
    v = jnp.where(is_adam | is_rmsprop, v + forget * (squared - v), v)
    t = count.astype(params.dtype)
    adam = m / _learned(hyper.forget1, t) / (_root(v / _learned(hyper.forget2, t)) + EPSILON)
    move = jnp.where(is_momentum, m, gradient)
    move = jnp.where(is_rmsprop, gradient / (_root(v) + EPSILON), move)
    move = jnp.where(is_adam, adam, move)
    return params - hyper.learning_rate * decay * move, Slots(m, v, count)


def _learned(forget: Any, t: Any) -> Any:
    """Return 1 − βᵗ for β = 1 − forget, to full precision where β is near 1."""
    return -jnp.expm1(t * jnp.log1p(-forget))


def _root(v: Any) -> Any:
    """Return √v with gradient 0 where v is 0 (a dead neuron's), for unrolled steps."""
    positive = v > 0
    return jnp.where(positive, jnp.sqrt(jnp.where(positive, v, 1.0)), 0.0)
