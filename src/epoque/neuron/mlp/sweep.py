"""Many multi-layer perceptrons in one compiled program, side by side on a leading axis.

Every run of a sweep is the single run of the same config: the same functions, the same seeds.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from epoque.bench.sweeps.columns import Columns

from .. import data
from ..config import NeuronConfig
from .train import (
    Data,
    Dials,
    Plan,
    State,
    first_weights,
    is_finite,
    measure,
    one_pass,
    optimizer_of,
)

if TYPE_CHECKING:
    from ..data import Dataset

__all__ = ["sweep"]

Floats = NDArray[np.float64]

NUMBERS_AT_ONCE = 2**22
"""How many activations the runs of one call hold together: 32 MiB."""
RUNS_AT_ONCE = 1024


class Start(NamedTuple):
    """What a run of its own brings: dials, first weights and how many iterations."""

    dials: Dials
    weights: Mapping[str, Any]
    iterations: Any


class Lane(NamedTuple):
    """One run of a sweep: its program, its points and its start."""

    plan: Plan
    points: Data
    run: Start


def sweep(base: NeuronConfig, dataset: "Dataset", points: Columns) -> Columns | None:
    """Run many configs inside compiled programs, one for each network, optimiser and data size.

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
    configs = [base.replace(**dict(zip(points, row, strict=True))) for row in rows]
    lanes = _lanes(configs, {_drawn_by(base): Data.of(dataset)})
    results: dict[str, Floats] = {}
    for members in _groups(lanes):
        for name, column in _run_group([lanes[i] for i in members]).items():
            results.setdefault(name, np.full(len(lanes), np.nan))[members] = column
    return {name: column.tolist() for name, column in results.items()}


def _lanes(configs: Iterable[NeuronConfig], known: dict[Any, Data]) -> list[Lane]:
    """Return one lane a config; configs with the same points share the same `Data`."""
    lanes = []
    for config in configs:
        drawn_by = _drawn_by(config)
        if drawn_by not in known:
            known[drawn_by] = Data.of(data.load(config))
        points = known[drawn_by]
        weights = first_weights(config, points.x.shape[1])
        run = Start(Dials.of(config), weights, np.int64(config.iterations))
        lanes.append(Lane(Plan.of(config, *points.x.shape), points, run))
    return lanes


def _drawn_by(config: NeuronConfig) -> tuple[Any, ...]:
    """Return the settings that decide the points; the seed only where they are drawn at random."""
    seed = None if config.data in ("truth_table", "csv") else config.seed
    read = config.truth_table, config.csv, config.scale
    return (config.data, *read, config.samples, config.noise, config.train_share, seed)


def _groups(lanes: Sequence[Lane]) -> list[list[int]]:
    """Return the places of the runs that one program can take, group by group."""
    groups: dict[Any, list[int]] = {}
    for place, lane in enumerate(lanes):
        groups.setdefault((lane.plan, tuple(a.shape for a in lane.points)), []).append(place)
    return list(groups.values())


def _run_group(lanes: Sequence[Lane]) -> dict[str, Floats]:
    """Return the results of the runs of one program, some at a time to bound the memory."""
    plan, points, *_ = lanes[0]
    shared = all(lane.points is points for lane in lanes)
    room = NUMBERS_AT_ONCE // (max(plan.sizes) * max(map(len, points)))
    size = max(1, min(RUNS_AT_ONCE, room, len(lanes)))
    parts = [_run_chunk(lanes[i : i + size], size, shared) for i in range(0, len(lanes), size)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _run_chunk(lanes: Sequence[Lane], size: int, shared: bool) -> dict[str, Floats]:
    """Run at most `size` runs; a last chunk that is not full is filled up with its first run."""
    full = [*lanes, *[lanes[0]] * (size - len(lanes))]
    points = _stacked([lane.points for lane in full]) if not shared else full[0].points
    runs = _stacked([lane.run for lane in full])
    with jax.enable_x64(True):
        found = _finals(full[0].plan, points, runs, most=runs.iterations.max(), shared=shared)
        return {name: column[: len(lanes)] for name, column in jax.device_get(found).items()}


def _stacked(parts: Sequence[Any]) -> Any:
    """Return trees of arrays as one tree whose arrays have a leading axis."""
    return jax.tree.map(lambda *leaves: np.stack(leaves), *parts)


@partial(jax.jit, static_argnames=("plan", "shared"))
def _finals(plan: Plan, points: Data, runs: Start, *, most: Any, shared: bool) -> dict[str, Any]:
    """Return the results of many runs, each after its own number of iterations.

    Args:
        plan: the program.
        points: the points, with a leading axis of runs unless they are shared.
        runs: the starts, with a leading axis.
        most: the largest number of iterations.
        shared: whether all runs learn the same points.
    """
    axes = (None if shared else 0, 0)
    return jax.vmap(lambda data, run: _final(plan, data, run, most), in_axes=axes)(points, runs)


def _final(plan: Plan, points: Data, run: Start, most: Any) -> dict[str, Any]:
    dials, weights, iterations = run

    def iterate(step: Any, carry: tuple[State, Any]) -> tuple[State, Any]:
        state, finite = carry
        new = one_pass(plan, dials, points, state, step)
        going = step < iterations
        kept = jax.tree.map(lambda a, b: jnp.where(going, a, b), new, state)
        return kept, finite & is_finite(kept)

    first = State(weights, optimizer_of(plan, dials).init(weights))
    state, finite = jax.lax.fori_loop(0, most, iterate, (first, jnp.array(True)))
    numbers = measure(plan, points, state.weights)
    finite &= is_finite(numbers)
    solved = finite & (numbers["error_max"] < 0.5)
    results = {_result(name): jnp.where(finite, n, jnp.nan) for name, n in numbers.items()}
    return results | {"solved": solved.astype(float)}


def _result(metric: str) -> str:
    return metric if metric.endswith("accuracy") else f"final_{metric}"
