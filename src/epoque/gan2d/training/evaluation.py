"""What is measured and drawn of a training as it stands, compiled once a pair of networks.

Only drawing points and the networks themselves are compiled. The measures are reckoned by NumPy,
whose sorts and counts are many times faster here, and what they need of a sample of real points is
kept for all runs that look at the same one.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any

import jax
import numpy as np
from jax import Array
from jax.typing import ArrayLike
from numpy.typing import NDArray

from ..config import Gan2dConfig
from ..data import noise
from ..data.distributions import GaussianMixture
from ..measures import (
    SAMPLES,
    Sample,
    central_fraction,
    compare_samples,
    jacobian,
    jacobian_measures,
    layers_jacobian,
    spread,
)
from ..models import mlp as networks
from ..models.mlp import Architecture, Layers
from ..seeds import Purpose
from . import engine, snapshots
from .engine import TrainState
from .hyperparameters import RealDistribution, StaticConfig
from .rng import fold_in_words, make_key, purpose_words, split_words
from .snapshots import Fixed

__all__ = [
    "INITIAL_MEASURES",
    "evaluate_initial_state",
    "evaluate_state",
    "layers_from_arrays",
    "measure_points",
    "snapshot_state",
]

JACOBIAN_POINTS = 1000
"""Places at which the generator's Jacobian is looked at."""
INITIAL_MEASURES = ("first_noise_central", "first_central", "first_spread")
"""What `evaluate_initial_state` measures."""
CACHED_SAMPLES = 256
"""Real samples that are kept, 0.15 MB each."""

Floats = NDArray[np.float32]
Measures = dict[str, NDArray[np.float64]]
Measure = Callable[[Sample, Floats, Floats, Floats], Mapping[str, float]]
"""What one run's real sample, fake points, noise and Jacobian measure."""


@partial(jax.jit, static_argnames="static")
def snapshot_state(static: StaticConfig, fixed: Fixed, state: TrainState) -> dict[str, Any]:
    """Return the arrays of a snapshot (`epoque.gan2d.training.snapshots`)."""
    generate = engine.make_generator(static.generator_architecture, state)
    compute_logits = engine.make_discriminator(static.discriminator_architecture, state)
    return snapshots.compute_snapshot(fixed, generate, compute_logits, static.sigmoid_output)


def evaluate_state(
    static: StaticConfig,
    modes: GaussianMixture | None,
    seed: ArrayLike,
    step: int,
    state: TrainState,
) -> Measures:
    """Return every measure of generators against the real distribution.

    Args:
        static: what the program is made of.
        modes: the mixture that the real points are of, or None.
        seed: the run's, or the runs' [...]; `Purpose.EVALUATION`.
        step: iterations done: each evaluation draws points of its own.
        state: where the training stands, with the same leading axes.

    Returns:
        Those of `measures.compare_samples` and of `measures.jacobian_measures`, each [...].
    """
    keys = split_words(fold_in_words(purpose_words(seed, Purpose.EVALUATION), step), 2)

    def measure(real: Sample, fake: Floats, _: Floats, j: Floats) -> Mapping[str, float]:
        return compare_samples(real, Sample.of(fake), modes) | jacobian_measures(j)

    return _measure(static, keys, state, measure)


def measure_points(
    config: Gan2dConfig,
    modes: GaussianMixture | None,
    step: int,
    points: Mapping[str, Floats],
    layers: Sequence[Mapping[str, Floats]],
) -> dict[str, float]:
    """Return the measures of `evaluate_state` of one run, of points that something else computed.

    Args:
        config: the run's.
        modes: the mixture that the real points are of, or None.
        step: iterations done.
        points: `SAMPLES` `real` ones, and as many generated, `fake`.
        layers: of the generator that made them, without normalization.
    """
    words = fold_in_words(purpose_words(config.seed, Purpose.EVALUATION), step)
    key = make_key(split_words(words, 2)[1])
    # Of all the noise, since a key draws other numbers where it draws fewer.
    z = np.asarray(noise.sample(key, SAMPLES, config.noise, config.noise_dims))
    generator = config.generator
    j = layers_jacobian(layers, z[:JACOBIAN_POINTS], generator.activation, generator.output)
    comparison = compare_samples(Sample.of(points["real"]), Sample.of(points["fake"]), modes)
    return {name: float(value) for name, value in (comparison | jacobian_measures(j)).items()}


def layers_from_arrays(arrays: Mapping[str, Any], network: str) -> list[dict[str, Floats]]:
    """Return the layers of a network out of a checkpoint's arrays: `ema.0.w`, `ema.0.b`, …"""
    layers: list[dict[str, Floats]] = []
    while f"{network}.{len(layers)}.w" in arrays:
        layers.append({kind: arrays[f"{network}.{len(layers)}.{kind}"] for kind in ("w", "b")})
    return layers


def evaluate_initial_state(static: StaticConfig, seed: ArrayLike, state: TrainState) -> Measures:
    """Return measures of the noise, and of generators before their training.

    Args:
        static: what the program is made of.
        seed: the run's, or the runs' [...].
        state: as training begins, with the same leading axes.

    Returns:
        `first_noise_central`, `first_central` (shares of the noise and of the untrained
        generator's points near their middle, see `measures.central_fraction`) and `first_spread`
        (how wide the latter lie, 1 being as wide as the real points), each [...].
    """
    keys = split_words(purpose_words(seed, Purpose.FIRST_EVALUATION), 2)

    def measure(real: Sample, fake: Floats, z: Floats, _: Floats) -> Mapping[str, float]:
        values = central_fraction(z), central_fraction(fake), spread(fake) / real.spread
        return dict(zip(INITIAL_MEASURES, values, strict=True))

    return _measure(static, keys, state, measure)


def _measure(
    static: StaticConfig, keys: NDArray[np.uint32], state: TrainState, measure: Measure
) -> Measures:
    """Return what a function tells of each run: of its real sample, fakes, noise and Jacobian."""
    real_keys, noise_keys = keys.reshape(2, -1, 2)
    shape = keys.shape[1:-1]
    params, statistics = jax.tree.map(
        lambda leaf: np.asarray(leaf).reshape(len(noise_keys), *np.shape(leaf)[len(shape) :]),
        (state.ema, state.g.statistics),
    )
    generated = _generate(
        static.generator_architecture, static.noise, noise_keys, params, statistics
    )
    rows = [
        measure(_real_sample(static.real, *map(int, key)), *parts)
        for key, *parts in zip(real_keys, *map(np.asarray, generated), strict=True)
    ]
    return {name: np.array([row[name] for row in rows]).reshape(shape) for name in rows[0]}


@partial(jax.jit, static_argnames=("architecture", "kind"))
def _generate(
    architecture: Architecture, kind: str, keys: Array, params: Layers, statistics: Layers
) -> tuple[Array, Array, Array]:
    """Return the points of generators, the noise they are made of, and their Jacobians.

    Each with a leading axis for the generators: [m, SAMPLES, 2], [m, SAMPLES, dims] and
    [m, JACOBIAN_POINTS, 2, dims].
    """

    def one(lane: tuple[Array, Layers, Layers]) -> tuple[Array, Array, Array]:
        words, params, statistics = lane
        z = noise.sample(make_key(words), SAMPLES, kind, architecture.sizes[0])

        def generate(z: Array) -> Array:
            return networks.apply(params, statistics, z.T, architecture)[0].T

        return generate(z), z, jacobian(generate, z[:JACOBIAN_POINTS])

    generated: tuple[Array, Array, Array] = jax.lax.map(one, (keys, params, statistics))
    return generated


@lru_cache(maxsize=CACHED_SAMPLES)
def _real_sample(real: RealDistribution, high: int, low: int) -> Sample:
    """Return what there is to look at in the real points that a key of two words draws."""
    return Sample.of(np.asarray(_draw_real(real, np.array([high, low], np.uint32))))


@partial(jax.jit, static_argnames="real")
def _draw_real(real: RealDistribution, words: Array) -> Array:
    return real.draw(make_key(words), SAMPLES)
