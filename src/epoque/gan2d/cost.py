"""What a config costs, before anything is built: arithmetic and memory, and the limits."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from epoque.bench.errors import Problem

if TYPE_CHECKING:
    from .config import Gan2dConfig

__all__ = ["MAX_BYTES", "MAX_FLOPS", "Cost", "estimate", "refusals"]

MAX_FLOPS = 2e10
"""Of one iteration: about a second of one core."""
MAX_BYTES = 2**30
"""Of one training."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one iteration costs.

    Attributes:
        flops: multiplications and additions of the matrix products (the rest is small).
        bytes: arrays that live at the same time: parameters, optimiser, activations.
        parameters: of both networks.
    """

    flops: float
    bytes: float
    parameters: int


def estimate(config: "Gan2dConfig") -> Cost:
    """Return what one iteration of a config costs.

    A forward pass takes 2 operations a weight and point; a backward pass one such product for the
    weights and one for the layer before, the first layer's left out where nothing is before it.
    A penalty on D's slope is a backward pass that is differentiated: three passes' worth.
    """
    g = _products((config.noise_dims, *config.generator.layers, 2))
    d = _products((2, *config.discriminator.layers, 1))
    penalties = sum(bool(p) for p in (config.gradient_penalty, config.r1, config.r2))
    d_step = g.forward + 2 * d.training + penalties * 3 * (d.training + d.first)
    look_ahead = config.unrolled_steps * 3 * (2 * d.training + g.forward)
    g_step = g.training + 2 * d.forward + look_ahead
    flops = config.batch_size * (config.d_steps * d_step + config.g_steps * g_step)
    copies = 2 + 3 * penalties + 3 * config.unrolled_steps
    activations = config.batch_size * (g.neurons + d.neurons) * 2 * copies
    return Cost(flops, 4.0 * (activations + 8 * (g.weights + d.weights)), g.weights + d.weights)


@dataclass(frozen=True, slots=True)
class _Products:
    forward: int
    training: int
    first: int
    neurons: int
    weights: int


def _products(sizes: Sequence[int]) -> _Products:
    pairs = list(pairwise(sizes))
    first = 2 * pairs[0][0] * pairs[0][1]
    forward = sum(2 * before * after for before, after in pairs)
    weights = sum((before + 1) * after for before, after in pairs)
    return _Products(forward, 3 * forward - first, first, sum(sizes), weights)


def refusals(config: "Gan2dConfig") -> Iterator[Problem]:
    """Yield the refusal of a network that would take too long or too much memory."""
    cost = estimate(config)
    if cost.flops <= MAX_FLOPS and cost.bytes <= MAX_BYTES:
        return
    larger = sum(config.discriminator.layers) > sum(config.generator.layers)
    yield Problem(
        "discriminator.layers" if larger else "generator.layers",
        f"with batch_size {config.batch_size:,} and {cost.parameters:,} parameters one iteration "
        f"would take {cost.flops / 1e9:,.1f} GFLOP and {cost.bytes / 2**20:,.0f} MiB; allowed are "
        f"{MAX_FLOPS / 1e9:,.0f} GFLOP and {MAX_BYTES / 2**20:,.0f} MiB.",
    )
