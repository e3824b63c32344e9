"""Training the multi-layer perceptron under a hand (the step itself is in `steps`).

One iteration is one pass over the training points: one step of the optimizer for the full batch,
or one step a minibatch. Iterations run inside one compiled loop whose length is an argument, not
part of the program: whatever the pace of snapshots and checkpoints, the same machine code computes
the same numbers, and so a resumed run ends bit-identical.
"""

from collections.abc import Mapping
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from epoque.bench.errors import DamagedRunError
from epoque.bench.events import Arrays, Checkpoint

from ..config import NeuronConfig
from ..data import Dataset
from ..features import derive_features
from ..live import NeuronLive
from ..weights_csv import encode_layers
from .initialization import init_params
from .network import Params, layers_to_arrays, outputs, params_from_arrays
from .steps import (
    Hyperparameters,
    Points,
    StaticConfig,
    TrainState,
    is_finite,
    make_optimizer,
    measure,
    metric_names,
    run_epoch,
)

__all__ = ["NetworkLive", "init_state", "run_iterations"]

Floats = NDArray[np.float64]

BLOCK = 1024
"""Most iterations of one call of the compiled loop."""


@partial(jax.jit, static_argnames="static")
def run_iterations(
    static: StaticConfig,
    hyper: Hyperparameters,
    points: Points,
    state: TrainState,
    *,
    iteration: Array,
    count: Array,
) -> tuple[TrainState, Array]:
    """Do `count` ≤ BLOCK iterations; return the state and the metrics, a row an iteration.

    The first column says whether every number is finite, the others are those of `measure`.
    """

    def iterate(i: Array, carry: tuple[TrainState, Array]) -> tuple[TrainState, Array]:
        state, rows = carry
        state = run_epoch(static, hyper, points, state, iteration + i)
        metrics = list(measure(static, points, state.params).values())
        finite = is_finite(state, metrics)
        return state, rows.at[i].set(jnp.stack([finite.astype(float), *metrics]))

    rows = jnp.zeros((BLOCK, 1 + len(metric_names(points))))
    after: tuple[TrainState, Array] = jax.lax.fori_loop(0, count, iterate, (state, rows))
    return after


@partial(jax.jit, static_argnames="static")
def init_state(static: StaticConfig, hyper: Hyperparameters, params: Params[Floats]) -> TrainState:
    """Return the state of a run that has its first weights."""
    return TrainState(params, make_optimizer(static, hyper).init(params))


class NetworkLive(NeuronLive):
    """A network under a hand, computed by JAX."""

    largest = BLOCK

    def __init__(
        self,
        config: NeuronConfig,
        resume: Checkpoint | None = None,
        dataset: Dataset | None = None,
    ) -> None:
        super().__init__(config, resume, dataset)
        self._points_to_learn = Points.of(self.config, self.dataset)
        self._names = metric_names(self._points_to_learn)
        self._take_settings()
        with jax.enable_x64(True):
            params = init_params(self.config, self._points_to_learn.x.shape[1])
        self._state = self._begin_state(params)
        if resume is not None:
            self._state = _restore(self._state, resume)

    def _take_settings(self) -> None:
        self._static = StaticConfig.of(self.config, *self._points_to_learn.x.shape)
        self._hyper = Hyperparameters.of(self.config)

    def _begin_state(self, params: Params[Floats]) -> TrainState:
        with jax.enable_x64(True):
            state: TrainState = jax.device_get(init_state(self._static, self._hyper, params))
        return state

    def weights(self) -> dict[str, Floats]:
        """Return the layers' arrays."""
        return layers_to_arrays(self._state.params)

    def _write_weights(self, arrays: Mapping[str, Floats]) -> None:
        params = params_from_arrays({**self.weights(), **arrays}, len(self._state.params))
        self._state = self._state._replace(params=params)

    def make_weights_csv(self) -> bytes:
        """Return the weights as they are."""
        return encode_layers(self._state.params)

    def _answer(self, x: Floats) -> Floats:
        inputs = derive_features(self.config.features, x)
        return outputs(self._state.params, inputs, self.config.activation)

    def _use_config(self, before: NeuronConfig) -> None:
        self._take_settings()
        if self.config.optimizer != before.optimizer:
            self._state = self._begin_state(self._state.params)

    def _iterate(self, count: int) -> tuple[list[Mapping[str, float]], str]:
        after, table = self._run(count)
        rows = table.tolist()
        good = next((i for i, (finite, *_) in enumerate(rows) if not finite), count)
        self._state = after if good == count else self._run(good)[0]
        done: list[Mapping[str, float]] = [
            dict(zip(self._names, row[1:], strict=True)) for row in rows[:good]
        ]
        return done, "" if good == count else "the loss or a weight"

    def _run(self, count: int) -> tuple[TrainState, Floats]:
        """Return the state after so many iterations more, and a row for each."""
        span = {"iteration": np.int64(self.step), "count": np.int64(count)}
        program = partial(run_iterations, self._static, self._hyper, self._points_to_learn)
        with jax.enable_x64(True):
            state, rows = jax.device_get(program(self._state, **span))
        return state, rows[:count]

    def _state_arrays(self) -> Arrays:
        return _to_arrays(self._state)


def _to_arrays(state: TrainState) -> dict[str, Floats]:
    """Name the arrays of a state: `w1`, `b1`, …, and those of the optimizer by their place."""
    return {**layers_to_arrays(state.params), **_optimizer_arrays(state)}


def _optimizer_arrays(state: TrainState) -> dict[str, Floats]:
    """Return the optimizer's arrays, named for instance `optimizer.0.mu.1.w`."""
    leaves = jax.tree.leaves_with_path(state.opt_state)
    return {
        f"optimizer.{jax.tree_util.keystr(path, simple=True, separator='.')}": leaf
        for path, leaf in leaves
    }


def _restore(like: TrainState, checkpoint: Checkpoint) -> TrainState:
    """Return the state of a checkpoint, shaped like the state at the start of the same run."""
    expected, stored = _to_arrays(like), checkpoint.arrays
    same = expected.keys() == stored.keys() and all(
        (stored[n].size, stored[n].dtype) == (array.size, array.dtype)
        for n, array in expected.items()
    )
    if not same:
        raise DamagedRunError(f"The checkpoint at step {checkpoint.step} is of another network.")
    arrays: dict[str, Floats] = {
        name: stored[name].reshape(array.shape) for name, array in expected.items()
    }
    leaves = [arrays[name] for name in _optimizer_arrays(like)]
    opt_state = jax.tree.unflatten(jax.tree.structure(like.opt_state), leaves)
    return TrainState(params_from_arrays(arrays, len(like.params)), opt_state)
