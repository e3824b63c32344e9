"""Many multi-layer perceptrons in one compiled program, side by side on a leading axis.

Every run of a sweep is the single run of the same config: the same functions, the same seeds.
"""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from epoque.bench.sweeps.columns import Columns

from .. import data
from ..config import NeuronConfig
from .initialization import init_params
from .network import Params
from .steps import (
    Hyperparameters,
    Points,
    StaticConfig,
    TrainState,
    is_finite,
    make_optimizer,
    measure,
    run_epoch,
)

if TYPE_CHECKING:
    from ..data import Dataset

__all__ = ["sweep"]

Floats = NDArray[np.float64]
Tree = TypeVar("Tree")

NUMBERS_AT_ONCE = 2**22
"""How many activations the runs of one call hold together: 32 MiB."""
RUNS_AT_ONCE = 1024


class RunArguments(NamedTuple):
    """What a run has of its own: hyperparameters, first weights and how many iterations."""

    hyper: Hyperparameters
    params: Params[Any]
    iterations: Array


class Lane(NamedTuple):
    """One run of a sweep: its program, its points and its arguments."""

    static: StaticConfig
    points: Points
    arguments: RunArguments


def sweep(base: NeuronConfig, dataset: "Dataset", points: Columns) -> Columns | None:
    """Run many configs inside compiled programs, one for each network, optimizer and data size.

    Args:
        base: the config that every point starts from.
        dataset: its points.
        points: field name to its value at each point, n values a field.

    Returns:
        n numbers each: `final_loss`, `final_error`, `final_error_max`, `final_error_mean`,
        `final_error_rms`, `final_cross_entropy`, `accuracy`, `solved` (1.0 where every training
        point has |d − o| < 0.5), and `final_test_loss`, `test_accuracy` where there is test data.
        A run that diverges has `solved` 0.0 and NaN elsewhere. None if `points` varies the model.
    """
    if "model" in points:
        return None
    rows = zip(*points.values(), strict=True)
    configs = [base.at_point(dict(zip(points, row, strict=True))) for row in rows]
    lanes = _make_lanes(configs, {_points_key(base): Points.of(base, dataset)})
    results: dict[str, Floats] = {}
    for members in _group(lanes):
        for name, column in _run_group([lanes[i] for i in members]).items():
            results.setdefault(name, np.full(len(lanes), np.nan))[members] = column
    return {name: column.tolist() for name, column in results.items()}


def _make_lanes(
    configs: Iterable[NeuronConfig], cache: dict[tuple[object, ...], Points]
) -> list[Lane]:
    """Return one lane a config; configs with the same points share the same `Points`."""
    lanes = []
    for config in configs:
        key = _points_key(config)
        if key not in cache:
            cache[key] = Points.of(config, data.load(config))
        points = cache[key]
        count, inputs = points.x.shape
        iterations = cast("Array", np.int64(config.iterations))
        params = init_params(config, inputs)
        arguments = RunArguments(Hyperparameters.of(config), params, iterations)
        lanes.append(Lane(StaticConfig.of(config, count, inputs), points, arguments))
    return lanes


def _points_key(config: NeuronConfig) -> tuple[object, ...]:
    """Return the settings that decide the points; the seed only where they are drawn at random."""
    seed = None if config.data in ("truth_table", "csv") else config.seed
    file = config.truth_table, config.csv, config.scale
    drawn = config.samples, config.noise, config.train_share, seed
    return (config.data, config.features, *file, *drawn)


def _group(lanes: Sequence[Lane]) -> list[list[int]]:
    """Return the places of the runs that one program can take, group by group."""
    groups: dict[tuple[object, ...], list[int]] = {}
    for place, lane in enumerate(lanes):
        groups.setdefault((lane.static, tuple(a.shape for a in lane.points)), []).append(place)
    return list(groups.values())


def _run_group(lanes: Sequence[Lane]) -> dict[str, Floats]:
    """Return the results of the runs of one program, some at a time to bound the memory."""
    static, points, _ = lanes[0]
    shared = all(lane.points is points for lane in lanes)
    most = NUMBERS_AT_ONCE // (max(static.sizes) * max(len(array) for array in points))
    size = max(1, min(RUNS_AT_ONCE, most, len(lanes)))
    parts = [_run_chunk(lanes[i : i + size], size, shared) for i in range(0, len(lanes), size)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _run_chunk(lanes: Sequence[Lane], size: int, shared: bool) -> dict[str, Floats]:
    """Run at most `size` runs; a last chunk that is not full is filled up with its first run."""
    full = [*lanes, *[lanes[0]] * (size - len(lanes))]
    points = full[0].points if shared else _stack([lane.points for lane in full])
    arguments = _stack([lane.arguments for lane in full])
    with jax.enable_x64(True):
        most = arguments.iterations.max()
        results = run_many(full[0].static, points, arguments, most=most, shared=shared)
        return {name: column[: len(lanes)] for name, column in jax.device_get(results).items()}


def _stack(trees: Sequence[Tree]) -> Tree:
    """Return trees of arrays as one tree whose arrays have a leading axis."""
    stacked: Tree = jax.tree.map(lambda *leaves: np.stack(leaves), *trees)
    return stacked


@partial(jax.jit, static_argnames=("static", "shared"))
def run_many(
    static: StaticConfig, points: Points, arguments: RunArguments, *, most: Array, shared: bool
) -> dict[str, Array]:
    """Return the results of many runs, each after its own number of iterations.

    Args:
        static: the program.
        points: the points, with a leading axis of runs unless they are shared.
        arguments: of the runs, with a leading axis.
        most: the largest number of iterations.
        shared: whether all runs learn the same points.
    """
    run = partial(_run_one, static, most)
    return jax.vmap(run, in_axes=(None if shared else 0, 0))(points, arguments)


def _run_one(
    static: StaticConfig, most: Array, points: Points, arguments: RunArguments
) -> dict[str, Array]:
    hyper, params, iterations = arguments

    def iterate(iteration: Array, carry: tuple[TrainState, Array]) -> tuple[TrainState, Array]:
        state, finite = carry
        new = run_epoch(static, hyper, points, state, iteration)
        is_running = iteration < iterations  # a shorter run waits, its state as it is
        state = jax.tree.map(lambda a, b: jnp.where(is_running, a, b), new, state)
        return state, finite & is_finite(state)

    first = TrainState(params, make_optimizer(static, hyper).init(params))
    state, finite = jax.lax.fori_loop(0, most, iterate, (first, jnp.array(True)))
    metrics = measure(static, points, state.params)
    finite &= is_finite(metrics)
    solved = finite & (metrics["error_max"] < 0.5)
    results = {_result_name(name): jnp.where(finite, n, jnp.nan) for name, n in metrics.items()}
    return results | {"solved": solved.astype(float)}


def _result_name(metric: str) -> str:
    return metric if metric.endswith("accuracy") else f"final_{metric}"
