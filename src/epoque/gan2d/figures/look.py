"""What is measured and drawn of a training as it stands, compiled once a pair of networks.

Only drawing points and the networks themselves are compiled. The measures are reckoned by NumPy,
whose sorts and counts are many times faster here, and what they need of a sample of real points is
kept for all runs that look at the same one.
"""

from collections.abc import Mapping
from functools import lru_cache, partial
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

from ..data import noise
from ..data.distributions import Modes
from ..measures import SAMPLES, Sample, central, compared, jacobian, jacobian_measures, spread
from ..models import mlp as networks
from ..models.mlp import Spec
from ..training import engine
from ..training.engine import State
from ..training.plan import Plan, Source
from ..training.rng import folded, key_of, split, words
from . import snapshots
from .snapshots import Fixed

__all__ = ["FIRST", "evaluate", "first", "snapshot"]

STRETCHED = 1000
"""Places at which the generator's Jacobian is looked at."""
FIRST = ("first_noise_central", "first_central", "first_spread")
"""What `first` tells."""
KEPT = 256
"""Real samples that are kept, 0.15 MB each."""

Measures = dict[str, NDArray[np.float64]]


@partial(jax.jit, static_argnames="plan")
def snapshot(plan: Plan, probability: Any, fixed: Fixed, state: State) -> dict[str, Any]:
    """Return the arrays of a snapshot (`epoque.gan2d.figures.snapshots`)."""
    generate = engine.generate(plan.generator, state)
    return snapshots.take(fixed, generate, engine.logits(plan.discriminator, state), probability)


def evaluate(plan: Plan, modes: Modes | None, seed: Any, step: int, state: State) -> Measures:
    """Return every measure of generators against the real distribution.

    Args:
        plan: the program.
        modes: the mixture that the real points are of, or None.
        seed: the run's, or the runs' [...]; the purpose is "evaluation".
        step: iterations done: each evaluation draws points of its own.
        state: where the training stands, with the same leading axes.

    Returns:
        Those of `measures.compared` and of `measures.jacobian_measures`, each [...].
    """
    keys = split(folded(words(seed, "evaluation"), step), 2)

    def measured(real: Sample, fake: Any, _: Any, j: Any) -> Mapping[str, float]:
        return compared(real, Sample.of(fake), modes) | jacobian_measures(j)

    return _looked_at(plan, keys, state, measured)


def first(plan: Plan, seed: Any, state: State) -> Measures:
    """Return what is told of the noise, and of generators before their training.

    Args:
        plan: the program.
        seed: the run's, or the runs' [...].
        state: as training begins, with the same leading axes.

    Returns:
        `first_noise_central`, `first_central` (shares of the noise and of the untrained
        generator's points near their middle, see `measures.central`) and `first_spread` (how wide
        the latter lie, 1 being as wide as the real points), each [...].
    """
    keys = split(words(seed, "first evaluation"), 2)

    def measured(real: Sample, fake: Any, z: Any, _: Any) -> Mapping[str, float]:
        told = central(z), central(fake), spread(fake) / real.spread
        return dict(zip(FIRST, told, strict=True))

    return _looked_at(plan, keys, state, measured)


def _looked_at(plan: Plan, keys: NDArray[np.uint32], state: State, measured: Any) -> Measures:
    """Return what a function tells of each run: of its real sample, fakes, noise and Jacobian."""
    real_keys, noise_keys = keys.reshape(2, -1, 2)
    shape = keys.shape[1:-1]
    g = (each.reshape(len(noise_keys), each.shape[-1]) for each in (state.ema, state.g.statistics))
    drawn = map(np.asarray, _generated(plan.generator, plan.noise, noise_keys, *g))
    rows = [
        measured(_real_sample(plan.source, *map(int, key)), *parts)
        for key, *parts in zip(real_keys, *drawn, strict=True)
    ]
    return {name: np.array([row[name] for row in rows]).reshape(shape) for name in rows[0]}


@partial(jax.jit, static_argnames=("spec", "kind"))
def _generated(spec: Spec, kind: str, keys: Any, params: Any, statistics: Any) -> Any:
    """Return the points of generators, the noise they are made of, and their Jacobians.

    Each with a leading axis for the generators: [m, SAMPLES, 2], [m, SAMPLES, dims] and
    [m, STRETCHED, 2, dims].
    """

    def one(lane: tuple[Any, Any, Any]) -> tuple[Any, Any, Any]:
        words, params, statistics = lane
        z = noise.sample(key_of(words), SAMPLES, kind, spec.sizes[0])

        def generate(z: Any) -> Any:
            return networks.apply(params, statistics, z.T, spec)[0].T

        return generate(z), z, jacobian(generate, z[:STRETCHED])

    return jax.lax.map(one, (keys, params, statistics))


@lru_cache(maxsize=KEPT)
def _real_sample(source: Source, high: int, low: int) -> Sample:
    """Return what there is to look at in the real points that a key of two words draws."""
    return Sample.of(np.asarray(_real(source, np.array([high, low], np.uint32))))


@partial(jax.jit, static_argnames="source")
def _real(source: Source, words: Any) -> Any:
    return source.draw(key_of(words), SAMPLES)
