"""Sweeps inside one compiled program: points are gathered into groups that need no other one."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from epoque.bench.sweeps.columns import Columns

from .config import NeuronConfig
from .data import load

__all__ = ["sweep"]

LANE_FIELDS = ("learning_rate", "seed", "truth_table", "init_low", "init_high", "init_scale")
"""What a run of one program may have of its own, besides `iterations`."""


def sweep(base: NeuronConfig, points: Columns) -> Columns | None:
    """Run many configs inside compiled programs, one for each combination that needs its own.

    Args:
        base: the config that every point starts from.
        points: field name to its value at each of n points, already validated.

    Returns:
        Name to n numbers in the order of the points; a run that diverged has NaN, and so has a
        point without that number (a weight that its smaller truth table does not have). None if
        `points` varies the model, settings change during the runs, or another engine computes.

    Raises:
        DataError: if a CSV cannot be used.
    """
    if base.changes or base.engine == "wasm" or {"model", "changes", "engine"} & set(points):
        return None
    if base.model == "mlp":
        from .mlp.sweep import sweep as sweep_mlps

        return sweep_mlps(base, load(base), points)
    count = len(next(iter(points.values())))
    results: dict[str, NDArray[np.float64]] = {}
    for members, own in _groups(points, count):
        config = base.at_point({field: values[0] for field, values in own.items()})
        for name, column in _sweep_group(config, own, len(members)).items():
            results.setdefault(name, np.full(count, np.nan))[members] = column
    return {name: column.tolist() for name, column in results.items()}


def _groups(points: Columns, count: int) -> list[tuple[NDArray[np.int64], Columns]]:
    """Return the places of the points that one program can take, and what each has of its own."""
    fixed = [f for f in points if f not in (*LANE_FIELDS, "iterations", "checkpoint_every")]
    keys: list[Sequence[Any]] = [points[field] for field in fixed]
    if "truth_table" in points:
        keys.append([len(table) for table in points["truth_table"]])
    if all(column.count(column[0]) == count for column in map(list, keys)):
        return [(np.arange(count), points)]
    groups: dict[Any, list[int]] = {}
    for place, key in enumerate(zip(*keys, strict=True)):
        groups.setdefault(key, []).append(place)
    owns = ({f: [values[i] for i in g] for f, values in points.items()} for g in groups.values())
    return [(np.array(g), own) for g, own in zip(groups.values(), owns, strict=True)]


def _sweep_group(
    config: NeuronConfig, points: Columns, count: int
) -> dict[str, NDArray[np.float64]]:
    """Return the results of points that differ in `LANE_FIELDS` and `iterations` only."""
    from .perceptron.sweep import make_lanes, run_lanes

    own = {field: points[field] for field in LANE_FIELDS if field in points}
    lane, distinct = np.arange(count), list(range(count))
    if "iterations" in points and own:
        lane, distinct = _distinct(list(zip(*own.values(), strict=True)))
    elif not own:
        lane, distinct = np.zeros(count, int), [0]
    runs = own
    if len(distinct) < count:
        runs = {field: [values[i] for i in distinct] for field, values in own.items()}
    iterations = np.array(points.get("iterations", [config.iterations] * count))
    return run_lanes(make_lanes(config, runs, len(distinct)), lane, iterations)


def _distinct(settings: Sequence[Any]) -> tuple[NDArray[np.int64], list[int]]:
    """Return which of the distinct settings each point has, and where each first stands."""
    places: dict[Any, int] = {}
    first: list[int] = []
    for point, setting in enumerate(settings):
        if setting not in places:
            places[setting] = len(first)
            first.append(point)
    return np.array([places[setting] for setting in settings]), first
