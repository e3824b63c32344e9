"""Many neurons side by side: computed by NumPy or by a compiled program, whichever is done sooner.

Every run of a sweep is the single run of the same config: the same pass, from the same weights.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from epoque.bench.sweeps.columns import Columns

from .. import data
from ..config import NeuronConfig
from .initialization import draw_unit_weights, scale_weights
from .program import Lanes, ProgramInputs, StaticConfig

if TYPE_CHECKING:
    from jax import Array

__all__ = ["SHORT", "make_lanes", "run_lanes"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

LANES = 2500
"""Most runs in one call: their numbers then fit in a core's cache."""
NUMBERS_AT_ONCE = 2**22
"""Most numbers that the patterns of one call take where each run has its own: 32 MiB."""
SHORT = 10_000
"""Iterations of a small truth table that NumPy does sooner than JAX is imported and compiles."""


def make_lanes(base: NeuronConfig, points: Columns, count: int) -> Lanes:
    """Return the runs of points that differ in what needs no program of its own.

    Args:
        base: everything else.
        points: `learning_rate`, `seed`, `truth_table` (of one length), `init_low`, `init_high`,
            `init_scale`: L values each, or absent.
        count: L.
    """

    def column(field: str) -> Floats:
        return np.asarray(points.get(field, [getattr(base, field)] * count))

    seeds, place = np.unique(column("seed"), return_inverse=True)
    dataset = data.load(base)
    x, d = dataset.x, dataset.d
    if base.data not in ("truth_table", "csv") and len(seeds) > 1:
        datasets = [data.load(base.replace(seed=int(seed))) for seed in seeds]
        x, d = (
            np.stack([getattr(dataset, name) for dataset in datasets])[place] for name in ("x", "d")
        )
    if base.data == "truth_table" and "truth_table" in points:
        d = np.array([list(table) for table in points["truth_table"]], float)
    unit = np.stack([draw_unit_weights(base.init, int(seed), x.shape[-1]) for seed in seeds])[place]
    bounds = (column(field)[:, None] for field in ("init_low", "init_high", "init_scale"))
    w = scale_weights(base.init, unit, *bounds)
    arrays = (x, d, column("learning_rate").astype(float))
    inputs = ProgramInputs(*cast("tuple[Array, ...]", arrays))
    return Lanes(StaticConfig.of(base, dataset), w, inputs)


def run_lanes(lanes: Lanes, lane: Integers, iterations: Integers) -> dict[str, Floats]:
    """Return the results of points, each one of the runs after a number of iterations.

    Args:
        lanes: L runs.
        lane: which run each point is, [P].
        iterations: after how many iterations, [P].

    Returns:
        Name to [P] numbers; NaN for a run that diverged.
    """
    results: dict[str, Floats] = {}
    for members in _split(lanes):
        selected = np.flatnonzero((members[0] <= lane) & (lane <= members[-1]))
        stops = np.unique(iterations[selected])
        parts = _run_part(lanes.select(members), stops)
        for stop, columns in zip(stops, parts, strict=True):
            points = selected[iterations[selected] == stop]
            for name, column in columns.items():
                result = results.setdefault(name, np.empty(len(lane)))
                result[points] = column[lane[points] - members[0]]
    return results


def _split(lanes: Lanes) -> list[Integers]:
    """Return equally long parts of the lanes, so that one program serves all of them.

    The last part is filled up with the last lane.
    """
    count = len(lanes.w)
    x, d, _ = lanes.inputs
    own = d.shape[-1] + (x[0].size if x.ndim == 3 else 0)
    most = max(1, min(LANES, NUMBERS_AT_ONCE // own))
    number = -(-count // most)
    size = max(2, -(-count // number))  # one lane alone would be rounded as a scalar
    starts = range(0, count, size)
    return [np.minimum(np.arange(start, start + size), count - 1) for start in starts]


def _run_part(lanes: Lanes, stops: Integers) -> Iterator[dict[str, Floats]]:
    """Return the results of all lanes after each of the ascending numbers of iterations.

    What computes them is settled by the settings alone: both round differently in the last digit.
    """
    if lanes.static.patterns is not None and stops[-1] <= SHORT:
        from .numpy_sweep import run_numpy

        return run_numpy(lanes, stops)
    from .compiled_sweep import run_compiled

    return run_compiled(lanes, stops)
