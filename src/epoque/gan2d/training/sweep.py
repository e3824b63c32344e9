"""Many GANs in one compiled program, side by side on a leading axis.

Every run of a sweep is the single run of the same config, up to the rounding of float32: the same
functions, the same seeds. What all runs have in common stays a single number, so that the program
branches on it instead of computing all branches. Runs of other architectures, losses or optimizers
are other programs.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, NamedTuple

import jax
import numpy as np
from jax import Array
from jax.typing import ArrayLike
from numpy.typing import NDArray

from epoque.bench.sweeps.columns import Columns
from epoque.bench.system.processes import count_cores

from ..config import Gan2dConfig
from ..data import distributions
from ..data.distributions import GaussianMixture
from ..data.user_points import UserPoints, load_points
from ..measures import summarize
from . import engine, evaluation
from .engine import METRICS, TrainState
from .hyperparameters import Hyperparameters, StaticConfig

__all__ = ["run_together", "sweep"]

RUNS_AT_ONCE = 8
"""In one program; more no longer fit a core's cache, and are slower each."""
BYTES_AT_ONCE = 2**28

Floats = NDArray[np.float64]


class _Lane(NamedTuple):
    """One run: its program, its numbers, its mixture, and when it ends and is measured."""

    static: StaticConfig
    hyper: Hyperparameters
    modes: GaussianMixture | None
    iterations: int
    evaluate_every: int

    @property
    def steps(self) -> list[int]:
        """The iterations after which the run is measured."""
        every = range(self.evaluate_every, self.iterations, self.evaluate_every)
        return [*every, self.iterations]


def sweep(base: Gan2dConfig, points: Columns) -> Columns | None:
    """Run many configs inside compiled programs, one for each `StaticConfig`.

    Args:
        base: the config that every point starts from.
        points: field name to its value at each of n points, already validated.

    Returns:
        Name to n numbers in the order of the points, named as in results.json: those of
        `evaluation.evaluate_initial_state`, of `measures.summarize`, of all metrics and measures;
        and `diverged`, 1.0 for a run of which a number became infinite or NaN (what is measured
        after that is NaN). None if settings change during the runs,
        or another engine computes them.

    Raises:
        DataError: if the user's points cannot be used.
    """
    if base.changes or "changes" in points or base.engine == "wasm" or "engine" in points:
        return None
    rows = zip(*points.values(), strict=True)
    configs = [base.at_point(dict(zip(points, row, strict=True))) for row in rows]
    results: dict[str, Floats] = {}
    for members, steps, measures in run_together(configs):
        finite = measures.pop("finite")
        first = {name: measures.pop(name)[:, 0] for name in evaluation.INITIAL_MEASURES}
        columns = {**first, **summarize(steps, measures), "diverged": finite.min(axis=1) < 1}
        for name, column in columns.items():
            results.setdefault(name, np.full(len(configs), np.nan))[members] = column
    return {name: column.tolist() for name, column in results.items()}


def run_together(
    configs: Sequence[Gan2dConfig],
) -> list[tuple[list[int], NDArray[np.int64], dict[str, Floats]]]:
    """Run configs side by side and return all their measures.

    Returns:
        For each group of runs that share a program and the times of measurement: their places,
        the iterations at which they are measured [T], and each metric and measure [runs, T], with
        `finite` (1.0 while every number of the run is finite) and, the same at all times,
        `evaluation.INITIAL_MEASURES`.
    """
    lanes = _make_lanes(configs)
    groups: dict[tuple[StaticConfig, int, int], list[int]] = {}
    for place, lane in enumerate(lanes):
        groups.setdefault((lane.static, lane.iterations, lane.evaluate_every), []).append(place)
    group_histories = []
    for members in groups.values():
        size = _runs_at_once(configs[members[0]], len(members))
        measures = _run_group([lanes[i] for i in members], size)
        group_histories.append((members, np.array(lanes[members[0]].steps), measures))
    return group_histories


def _make_lanes(configs: Sequence[Gan2dConfig]) -> list[_Lane]:
    """Return one lane a config; each file of points is read once."""
    points: dict[tuple[object, ...], UserPoints | None] = {}
    lanes = []
    for config in configs:
        # The settings that decide the user's points.
        source = (config.data, config.image, config.csv, config.fit, config.drawing)
        if source not in points:
            points[source] = load_points(config)
        static = StaticConfig.from_config(config, points[source])
        hyper = Hyperparameters.from_config(config)
        modes = distributions.find_mixture(config)
        lanes.append(_Lane(static, hyper, modes, config.iterations, config.evaluate_every))
    return lanes


def _runs_at_once(config: Gan2dConfig, count: int) -> int:
    fitting = int(BYTES_AT_ONCE // config.iteration_bytes)
    return max(1, min(RUNS_AT_ONCE, fitting, count))


def _run_group(lanes: Sequence[_Lane], size: int) -> dict[str, Floats]:
    """Return the measures [runs, T] of the runs of one program, `size` of them at a time.

    As many times `size` as there are cores: a program of small networks keeps but one core busy.
    """
    axes = _find_axes([lane.hyper for lane in lanes])
    chunks = [lanes[i : i + size] for i in range(0, len(lanes), size)]
    with ThreadPoolExecutor(count_cores()) as pool:
        parts = list(pool.map(partial(_run_chunk, size=size, axes=axes), chunks))
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _find_axes(hyper: Sequence[Hyperparameters]) -> Hyperparameters:
    """Return 0 for each setting in which runs differ, None where they have it in common."""

    def axis(*leaves: ArrayLike) -> int | None:
        return None if all(np.array_equal(leaves[0], leaf) for leaf in leaves[1:]) else 0

    axes: Hyperparameters = jax.tree.map(axis, *hyper)
    always: dict[str, Any] = {"seed": 0, "batches": 0}  # a state has a leading axis, also of one
    return axes._replace(**always)


def _run_chunk(lanes: Sequence[_Lane], size: int, axes: Hyperparameters) -> dict[str, Floats]:
    """Run at most `size` runs; what is missing is filled up with the first one."""
    full = [*lanes, *[lanes[0]] * (size - len(lanes))]
    static, modes = full[0].static, full[0].modes
    hyper = _stack([lane.hyper for lane in full], axes)
    state = engine.init_state(static, hyper)
    first, start, rows = evaluation.evaluate_initial_state(static, hyper.seed, state), 0, []
    for step in full[0].steps:
        state = _advance(static, axes, hyper, state, np.array([start, step], np.int32))
        rows.append({**_measure(static, modes, hyper.seed, step, state), **first})
        start = step
    return {
        name: np.stack([row[name] for row in rows], axis=1)[: len(lanes)].astype(np.float64)
        for name in rows[0]
    }


def _stack(hyper: Sequence[Hyperparameters], axes: Hyperparameters) -> Hyperparameters:
    """Return those of many runs: one array where they differ, else what they share."""
    axis_of_leaf = jax.tree.leaves(axes, is_leaf=lambda axis: axis is None)
    columns = zip(*map(jax.tree.leaves, hyper), strict=True)
    leaves = [
        column[0] if axis is None else np.stack(column)
        for column, axis in zip(columns, axis_of_leaf, strict=True)
    ]
    stacked: Hyperparameters = jax.tree.unflatten(jax.tree.structure(hyper[0]), leaves)
    return stacked


@partial(jax.jit, static_argnames=("static", "axes"))
def _advance(
    static: StaticConfig,
    axes: Hyperparameters,
    hyper: Hyperparameters,
    state: TrainState,
    span: Array,
) -> TrainState:
    """Do the iterations from span[0] to span[1] of many runs, one a lane."""

    def advance(hyper: Hyperparameters, state: TrainState) -> TrainState:
        key = engine.batches_key(hyper)

        def body(iteration: Array, state: TrainState) -> TrainState:
            return engine.train_iteration(static, hyper, key, state, iteration)

        advanced: TrainState = jax.lax.fori_loop(span[0], span[1], body, state)
        return advanced

    advanced: TrainState = jax.vmap(advance, in_axes=(axes, 0))(hyper, state)
    return advanced


def _measure(
    static: StaticConfig,
    modes: GaussianMixture | None,
    seeds: ArrayLike,
    step: int,
    states: TrainState,
) -> dict[str, Floats]:
    """Return the metrics and measures of many runs, NaN where a run is no longer finite."""
    finite = engine.is_finite(states)
    values = dict(zip(METRICS, np.asarray(states.metrics).T, strict=True))
    values |= evaluation.evaluate_state(static, modes, seeds, step, states)
    masked = {name: np.where(finite, value, np.nan) for name, value in values.items()}
    return masked | {"finite": finite.astype(np.float64)}
