"""One compiled program a pair of networks: iterations of D and G steps, and what they measure.

An iteration is `d_steps` steps of the discriminator and then `g_steps` of the generator, each on a
fresh batch. All that changes sits in `TrainState`; the settings are `Hyperparameters`, which the
program takes as arguments, and `StaticConfig`, of which it is made. The random numbers of a step
depend on the seed, the iteration and the step alone.

Iterations run inside one compiled loop whose length is an argument: whatever the pace of snapshots
and checkpoints, the same machine code computes the same numbers, and so a resumed run ends
bit-identical.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array
from jax.typing import ArrayLike
from numpy.typing import NDArray

from ..models.initializers import init_params, init_statistics
from ..models.mlp import Architecture, Layers, Shapes, apply, param_shapes, statistic_shapes
from ..network_config import OptimizerName
from ..seeds import Purpose
from .hyperparameters import Hyperparameters, StaticConfig
from .optimizers import OptimizerHyperparameters, make_optimizer
from .rng import make_key, purpose_words
from .schedules import learning_rate_factor
from .steps import (
    D_METRICS,
    G_METRICS,
    NetworkState,
    StepContext,
    discriminator_step,
    generator_step,
)

__all__ = [
    "BLOCK",
    "METRICS",
    "TrainState",
    "batches_key",
    "empty_state",
    "init_opt_state",
    "init_state",
    "is_finite",
    "make_discriminator",
    "make_generator",
    "run_iterations",
    "train_iteration",
]

BLOCK = 256
"""Most iterations of one call of the compiled loop."""
FIRST_G_STEP = 16
"""The number of the generator's first step, after the discriminator's (at most 10): no two steps of
an iteration draw the same random numbers."""
METRICS = (*D_METRICS, *G_METRICS)


class TrainState(NamedTuple):
    """What changes during training.

    Attributes:
        d: the discriminator.
        g: the generator.
        ema: the moving average of the generator's parameters.
        metrics: `METRICS` of the last iteration [7]; NaN for a network that took no step.
    """

    d: NetworkState
    g: NetworkState
    ema: Layers
    metrics: Array


def init_state(static: StaticConfig, hyper: Hyperparameters) -> TrainState:
    """Draw the first parameters (`Purpose.GENERATOR` and `Purpose.DISCRIMINATOR`).

    Args:
        static: what the program is made of.
        hyper: its numbers; seeds [...] give a state with the same leading axes.
    """
    d = _init_network(
        hyper.seed,
        Purpose.DISCRIMINATOR,
        static.discriminator_architecture,
        static.discriminator_optimizer_name,
    )
    g = _init_network(
        hyper.seed,
        Purpose.GENERATOR,
        static.generator_architecture,
        static.generator_optimizer_name,
    )
    metrics = np.full((*np.shape(hyper.seed), len(METRICS)), np.nan, np.float32)
    return TrainState(d, g, g.params, jax.device_put(metrics))


def _init_network(
    seed: ArrayLike, purpose: Purpose, architecture: Architecture, optimizer: OptimizerName
) -> NetworkState:
    key = make_key(purpose_words(np.asarray(seed), purpose))
    params = init_params(key, architecture)
    statistics = init_statistics(key, architecture, params)
    params, statistics = jax.device_put((params, statistics))
    return NetworkState(params, statistics, init_opt_state(optimizer, params, np.ndim(seed)))


def empty_state(
    d: Architecture, g: Architecture, d_optimizer: OptimizerName, g_optimizer: OptimizerName
) -> TrainState:
    """Return a state of zeros, of the shapes of a training's."""

    def network(architecture: Architecture, optimizer: OptimizerName) -> NetworkState:
        params = _zeros(param_shapes(architecture))
        statistics = _zeros(statistic_shapes(architecture))
        return NetworkState(params, statistics, init_opt_state(optimizer, params))

    generator = network(g, g_optimizer)
    metrics = jax.device_put(np.zeros(len(METRICS), np.float32))
    return TrainState(network(d, d_optimizer), generator, generator.params, metrics)


def _zeros(shapes: Shapes) -> Layers:
    return [
        {name: jax.device_put(np.zeros(shape, np.float32)) for name, shape in layer.items()}
        for layer in shapes
    ]


def init_opt_state(optimizer: OptimizerName, params: Layers, axes: int = 0) -> optax.OptState:
    """Return an optimizer's state before its first step, as NumPy arrays: nothing is compiled.

    Args:
        optimizer: the rule.
        params: what it will update.
        axes: how many leading axes they have.
    """
    init = make_optimizer(optimizer, OptimizerHyperparameters(*[jnp.zeros(())] * 5)).init
    for _ in range(axes):
        init = jax.vmap(init)
    shapes = jax.eval_shape(init, params)
    return jax.tree.map(lambda leaf: np.zeros(leaf.shape, leaf.dtype), shapes)


def train_iteration(
    static: StaticConfig,
    hyper: Hyperparameters,
    key: Array,
    state: TrainState,
    iteration: Array,
) -> TrainState:
    """Do one iteration.

    Args:
        static: what the program is made of.
        hyper: its numbers.
        key: of all batches of the run, from `batches_key`.
        state: where the training stands.
        iteration: iterations done before.
    """
    factor = learning_rate_factor(static, hyper, iteration)

    def d_step(number: Array, carry: tuple[NetworkState, Array]) -> tuple[NetworkState, Array]:
        context = StepContext(static, hyper, key, iteration, number, factor)
        return discriminator_step(context, carry[0], state.g)

    no_metrics = jnp.full(len(D_METRICS), jnp.nan)  # of a network that takes no step
    d, d_metrics = jax.lax.fori_loop(0, hyper.d_steps, d_step, (state.d, no_metrics))

    def g_step(number: Array, carry: tuple[NetworkState, Array]) -> tuple[NetworkState, Array]:
        context = StepContext(static, hyper, key, iteration, FIRST_G_STEP + number, factor)
        return generator_step(context, d, carry[0])

    no_metrics = jnp.full(len(G_METRICS), jnp.nan)
    g, g_metrics = jax.lax.fori_loop(0, hyper.g_steps, g_step, (state.g, no_metrics))
    ema = jax.tree.map(lambda average, p: p + hyper.ema * (average - p), state.ema, g.params)
    return TrainState(d, g, ema, jnp.concatenate([d_metrics, g_metrics]))


def batches_key(hyper: Hyperparameters) -> Array:
    """Return the key of all batches of a run (`Purpose.BATCHES`)."""
    return make_key(hyper.batches)


def is_finite(state: TrainState) -> NDArray[np.bool_]:
    """Return whether all parameters, statistics and averages are finite, for each run [...]."""
    runs = np.shape(state.metrics)[:-1]
    leaves = map(np.asarray, jax.tree.leaves((state.d, state.g, state.ema)))
    finite = [np.isfinite(leaf).reshape(*runs, -1).all(axis=-1) for leaf in leaves]
    return np.asarray(np.logical_and.reduce(finite))


@partial(jax.jit, static_argnames="static")
def run_iterations(
    static: StaticConfig,
    hyper: Hyperparameters,
    state: TrainState,
    iteration: Array,
    count: Array,
) -> tuple[TrainState, Array]:
    """Do `count` ≤ BLOCK iterations.

    Args:
        static: what the program is made of.
        hyper: its numbers.
        state: where the training stands.
        iteration: iterations done before, int32.
        count: how many to do, int32.

    Returns:
        The state, and `METRICS` [BLOCK, 7], row i of iteration `iteration` + i + 1.
    """
    key = batches_key(hyper)

    def body(i: Array, carry: tuple[TrainState, Array]) -> tuple[TrainState, Array]:
        state, rows = carry
        state = train_iteration(static, hyper, key, state, iteration + i)
        return state, jax.lax.dynamic_update_index_in_dim(rows, state.metrics, i, 0)

    rows = jnp.zeros((BLOCK, len(METRICS)), jnp.float32)
    carry: tuple[TrainState, Array] = jax.lax.fori_loop(0, count, body, (state, rows))
    return carry


def make_generator(architecture: Architecture, state: TrainState) -> Callable[[Array], Array]:
    """Return the generator that is drawn and measured: noise [n, dims] to points [n, 2].

    It is the moving average's; batch normalization uses its running statistics.
    """

    def generate(z: Array) -> Array:
        return apply(state.ema, state.g.statistics, z.T, architecture)[0].T

    return generate


def make_discriminator(architecture: Architecture, state: TrainState) -> Callable[[Array], Array]:
    """Return the discriminator: points [n, 2] to logits [n]."""

    def logits(points: Array) -> Array:
        return apply(state.d.params, state.d.statistics, points.T, architecture)[0][0]

    return logits
