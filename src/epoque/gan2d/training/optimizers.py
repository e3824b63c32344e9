"""The optimisers, on one flat vector, with torch.optim's conventions.

sgd       p ← p − lr·g
momentum  m ← momentum·m + g;  p ← p − lr·m
          Polyak 1964.
rmsprop   v ← α·v + (1−α)·g²;  p ← p − lr·g / (√v + ε)
          Hinton 2012, lecture 6e.
adam      m ← β₁·m + (1−β₁)·g;  v ← β₂·v + (1−β₂)·g²;  p ← p − lr·m̂ / (√v̂ + ε)
          with m̂ = m / (1−β₁ᵗ), v̂ = v / (1−β₂ᵗ); Kingma & Ba 2015, algorithm 1.

All are one formula whose numbers say which it is (`Hyper`), so that the optimiser can change while
a compiled program runs, and a sweep can give each run its own: (an optax optimiser is part of the
program: another one is another program.)

m ← m + take·g − forget₁·m;  v ← v + forget₂·(g² − v)
p ← p − lr·(plain·g + moving·m̂) / (scaled·(√v̂ + ε) + 1 − scaled)
"""

from math import inf, log
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from ..network_config import OptimizerConfig

__all__ = ["KINDS", "Hyper", "Slots", "empty", "step"]

KINDS = ("sgd", "momentum", "rmsprop", "adam")
EPSILON = 1e-8
TINY = 1e-36
"""Keeps the derivative of √v finite where v is 0 (a dead neuron's), for unrolled steps."""


class Hyper(NamedTuple):
    """An optimiser's settings as the numbers of the one formula.

    The β and α are kept as what is forgotten, 1 − β: as a float32, 0.999 would be off by 10⁻⁸,
    and with it v by 10⁻⁵.

    Attributes:
        learning_rate: of each step.
        take: the weight of the gradient in m.
        forget1: the share of m that is forgotten.
        forget2: the share of v that is forgotten.
        log1: log β₁ of Adam's correction 1 − β₁ᵗ; −∞ for none.
        log2: log β₂.
        plain: 1 where the step goes along the gradient, else 0.
        moving: 1 where it goes along m, else 0.
        scaled: 1 where it is divided by √v, else 0.
    """

    learning_rate: Any
    take: Any
    forget1: Any
    forget2: Any
    log1: Any
    log2: Any
    plain: Any
    moving: Any
    scaled: Any

    @classmethod
    def of(cls, config: OptimizerConfig, number: type = np.float32) -> "Hyper":
        """Return the settings of a network's optimiser, each a `number`."""
        beta1, beta2, off = config.beta1, config.beta2, (-inf, -inf)
        numbers: tuple[float, ...]
        match config.name:
            case "sgd":
                numbers = 0.0, 0.0, 0.0, *off, 1, 0, 0
            case "momentum":
                numbers = 1.0, 1 - config.momentum, 0.0, *off, 0, 1, 0
            case "rmsprop":
                numbers = 0.0, 0.0, 1 - config.alpha, *off, 1, 0, 1
            case _:
                logs = (log(beta) if beta else -inf for beta in (beta1, beta2))
                numbers = 1 - beta1, 1 - beta1, 1 - beta2, *logs, 0, 1, 1
        return cls(*map(number, (config.learning_rate, *numbers)))


class Slots(NamedTuple):
    """What an optimiser remembers: two vectors like the parameters', and its steps so far."""

    m: Any
    v: Any
    count: Any


def empty(params: Any) -> Slots:
    """Return the memory before the first step (NumPy), for parameters [..., size]."""
    count = np.zeros(params.shape[:-1], np.int32)
    return Slots(np.zeros(params.shape, np.float32), np.zeros(params.shape, np.float32), count)


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
    t = count.astype(params.dtype)
    learned1, learned2 = -jnp.expm1(t * hyper.log1), -jnp.expm1(t * hyper.log2)  # 1 − βᵗ
    m = slots.m + (hyper.take * gradient - hyper.forget1 * slots.m)
    v = slots.v + hyper.forget2 * (gradient * gradient - slots.v)
    root = jnp.sqrt(v / learned2 + TINY) + EPSILON
    along = hyper.plain * gradient + hyper.moving / learned1 * m
    move = along / (hyper.scaled * root + (1 - hyper.scaled))
    return params - hyper.learning_rate * decay * move, Slots(m, v, count)
