"""Training the multi-layer perceptron: the events of a run (the step itself is in `steps`).

One iteration is one pass over the training points: one step of the optimizer for the full batch,
or one step a minibatch. Iterations run inside one compiled loop whose length is an argument, not
part of the program: whatever the pace of snapshots and checkpoints, the same machine code computes
the same numbers, and so a resumed run ends bit-identical.
"""

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from epoque.bench import stopping
from epoque.bench.errors import DamagedRunError, DivergenceError
from epoque.bench.events import Artifact, Checkpoint, Event, Metrics, Snapshot

from ..config import NeuronConfig
from .initialization import init_params
from .network import Params, layers_to_arrays, params_from_arrays
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

if TYPE_CHECKING:
    from ..data import Dataset

__all__ = ["init_state", "run_iterations", "train"]

Floats = NDArray[np.float64]

BLOCK = 1024
"""Most iterations of one call of the compiled loop."""
SNAPSHOTS = 100
"""About how many snapshots a run yields."""


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


def train(
    config: NeuronConfig, dataset: "Dataset", resume: Checkpoint | None = None
) -> Iterator[Event]:
    """Yield the events of a training.

    Every iteration is a `Metrics` of the network as it stands after it: `loss` (mean, without
    penalties), `error` (|d − o| of the last point), `error_max`, `error_mean`, `error_rms`,
    `cross_entropy`, `accuracy`, and `test_loss`, `test_accuracy` where there are test points.
    `Snapshot`s hold the layers' arrays `w1` [F, H1], `b1` [H1], `w2`, …; at the end the `Artifact`
    `weights.csv` lists the final weights as `layer,from,to,value`: layers from 1; `from` is the
    neuron before, `to` the neuron after, both from 1; `from` 0 is the bias.

    Args:
        config: with `model` mlp.
        dataset: what is learned.
        resume: a checkpoint of the same config and data to go on from.

    Raises:
        DivergenceError: where an iteration would make a number infinite or NaN; that iteration is
            not recorded.
        DamagedRunError: if the checkpoint does not fit the config.
    """
    points = Points.of(dataset)
    static, hyper = StaticConfig.of(config, *dataset.x.shape), Hyperparameters.of(config)
    with jax.enable_x64(True):
        params = init_params(config, dataset.x.shape[1])
        state = jax.device_get(init_state(static, hyper, params))
    step = 0
    if resume is None:
        yield Snapshot(0, layers_to_arrays(state.params))
    else:
        state, step = _restore(state, resume), resume.step
    while step < config.iterations:
        stop = _next_stop(config, step)
        with jax.enable_x64(True):
            state, rows = jax.device_get(
                run_iterations(
                    static, hyper, points, state,
                    iteration=np.int64(step), count=np.int64(stop - step),
                )
            )  # fmt: skip
        yield from _metrics(metric_names(points), rows[: stop - step].tolist(), step)
        step = stop
        if step % _snapshot_every(config) == 0 or step == config.iterations:
            yield Snapshot(step, layers_to_arrays(state.params))
        due = step % config.checkpoint_every == 0 or step == config.iterations
        if due or stopping.is_stop_requested():
            yield Checkpoint(step, _to_arrays(state), scheduled=due)
            stopping.raise_if_stop_requested()
    yield Artifact("weights.csv", _weights_csv(state.params))


def _snapshot_every(config: NeuronConfig) -> int:
    return -(-config.iterations // SNAPSHOTS)


def _next_stop(config: NeuronConfig, step: int) -> int:
    """Return the next iteration at which something is due."""
    paces = (BLOCK, _snapshot_every(config), config.checkpoint_every)
    return min(config.iterations, *(step - step % pace + pace for pace in paces))


def _metrics(names: list[str], rows: list[list[float]], step: int) -> Iterator[Metrics]:
    for at, (finite, *numbers) in enumerate(rows, step + 1):
        if not finite:
            raise DivergenceError("the loss or a weight", at)
        yield Metrics(at, dict(zip(names, numbers, strict=True)))


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


def _weights_csv(params: Params[Floats]) -> bytes:
    """Return `layer,from,to,value`, a line a weight; `from` 0 is the bias."""
    lines = ["layer,from,to,value"]
    for number, layer in enumerate(params, 1):
        for i, row in enumerate(np.vstack([layer["b"], layer["w"]]).tolist()):
            lines += [f"{number},{i},{j},{value!r}" for j, value in enumerate(row, 1)]
    return ("\n".join(lines) + "\n").encode()
