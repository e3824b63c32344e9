"""Many neurons in one compiled program, side by side on a leading axis.

Every run of a sweep is the single run of the same config: the same pass, from the same weights.
"""

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple, cast

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from epoque.bench.sweeps.columns import Columns

from .. import data
from ..config import NeuronConfig
from ..data import pattern_names
from ..evaluate import ON_THE_LINE
from .epoch import (
    EpochResponses,
    ProgramInputs,
    StaticConfig,
    add_bias,
    run_epoch,
    unroll,
)
from .initialization import draw_unit_weights, scale_weights

__all__ = ["Lanes", "make_lanes", "run_lanes"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

LANES = 2500
"""Most runs in one call: their numbers then fit in a core's cache."""
NUMBERS_AT_ONCE = 2**22
"""Most numbers that the patterns of one call take where each run has its own: 32 MiB."""
INF = np.inf
MAX_PATTERN_COLUMNS = 3
"""Truth tables of up to so many inputs have a column y_00… for each pattern."""


class Lanes(NamedTuple):
    """Runs that one program can take, L of them.

    Attributes:
        static: the program.
        w: initial weights [L, F+1].
        inputs: x [N, F], or [L, N, F] where each run has its own; d [N] or [L, N]; rates [L].
    """

    static: StaticConfig
    w: Floats
    inputs: ProgramInputs

    def select(self, members: Integers) -> "Lanes":
        """Return some of the runs."""
        axes = _axes(self.inputs)
        parts = [
            a if axis is None else a[members] for a, axis in zip(self.inputs, axes, strict=True)
        ]
        return Lanes(self.static, self.w[members], ProgramInputs(*parts))


def _axes(inputs: ProgramInputs) -> ProgramInputs:
    """Return the axis of the runs, None where they share the array."""
    axes = (0 if inputs.x.ndim == 3 else None, 0 if inputs.d.ndim == 2 else None, 0)
    return ProgramInputs(*cast("tuple[Array, ...]", axes))


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
        for stop, columns in zip(stops, _run_part(lanes.select(members), stops), strict=True):
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
    """Yield the results of all lanes after each of the ascending numbers of iterations."""
    state, iteration = _init_states(lanes.w), 0
    for stop in stops.tolist():
        with jax.enable_x64(True):
            state, results = _advance(lanes.static, state, lanes.inputs, iteration, stop)
            results = jax.device_get(results)
        yield results
        iteration = stop


class SweepState(NamedTuple):
    """What a run of a sweep remembers of its iterations so far, instead of their histories."""

    w: Array
    """The weights now."""
    w_min: Array
    """The least that each weight was after an iteration."""
    w_max: Array
    """The greatest."""
    peak_error: Array
    """The largest `error` of an iteration."""
    peak_iteration: Array
    """The first iteration that had it."""
    error_sum: Array
    """The sum of `error` over the iterations."""
    last_wrong: Array
    """The last iteration after which a pattern was on the wrong side; 0 if there was none."""


def _init_states(w: Floats) -> SweepState:
    """Return the states of L runs that have not begun, from their weights [L, F+1]."""
    rows = cast("Array", w.T)
    weights = start if (start := unroll(rows)) is not rows else rows.T
    w_min, w_max = (
        jax.tree.map(partial(np.full_like, fill_value=end), weights) for end in (INF, -INF)
    )
    zeros = cast("Array", np.zeros(len(w)))
    return SweepState(weights, w_min, w_max, zeros - 1, zeros, zeros, zeros)


@partial(jax.jit, static_argnames="static")
def _advance(
    static: StaticConfig, state: SweepState, inputs: ProgramInputs, iteration: Array, stop: Array
) -> tuple[SweepState, dict[str, Array]]:
    """Go on from `iteration` to `stop`; return the states and the results of L runs."""

    def run_one(state: SweepState, inputs: ProgramInputs) -> tuple[SweepState, dict[str, Array]]:
        def iterate(i: Array, state: SweepState) -> tuple[SweepState, EpochResponses]:
            w, responses = run_epoch(static, state.w, inputs)
            is_right = _are_on_right_side(static, w, inputs).all()
            return _update(state, w, responses, is_right, i + 1.0), responses

        state = jax.lax.fori_loop(iteration, stop - 1, lambda i, s: iterate(i, s)[0], state)
        # Apart from the loop: only the last pass is measured in full.
        state, responses = iterate(stop - 1, state)
        return state, _measure(static, state, responses, inputs, stop)

    return jax.vmap(run_one, in_axes=(0, _axes(inputs)))(state, inputs)


def _update(
    state: SweepState, w: Array, responses: EpochResponses, is_right: Array, iteration: Array
) -> SweepState:
    """Return the state after one more iteration."""
    error, _ = responses.extremes()
    is_peak = error > state.peak_error
    return SweepState(
        w=w,
        w_min=jax.tree.map(jnp.minimum, state.w_min, w),
        w_max=jax.tree.map(jnp.maximum, state.w_max, w),
        peak_error=jnp.maximum(state.peak_error, error),
        peak_iteration=jnp.where(is_peak, iteration, state.peak_iteration),
        error_sum=state.error_sum + error,
        last_wrong=jnp.where(is_right, state.last_wrong, iteration),
    )


def _compute_sums(static: StaticConfig, w: Array, inputs: ProgramInputs) -> Array:
    """Return the weighted sum of each pattern, [N]."""
    if static.patterns:
        return jnp.stack([add_bias(pattern, w) @ w for pattern in static.patterns])
    return jax.vmap(lambda x: add_bias(x, w) @ w)(inputs.x)


def _are_on_right_side(static: StaticConfig, w: Array, inputs: ProgramInputs) -> Array:
    """Return for each pattern whether it is on its right side (see `is_on_right_side`), [N]."""
    y, d = _compute_sums(static, w, inputs), inputs.d
    if static.rule == "step":
        return (y > 0) == (d == 1)
    sizes = jax.tree.map(jnp.abs, w)
    x = abs(inputs.x) if static.patterns is None else inputs.x
    of_inputs = _compute_sums(static, sizes, inputs._replace(x=x))  # less that of the bias
    return jnp.greater((2 * d - 1) * y, ON_THE_LINE * (of_inputs + 2 * sizes[0]))


def _measure(
    static: StaticConfig,
    state: SweepState,
    responses: EpochResponses,
    inputs: ProgramInputs,
    stop: Array,
) -> dict[str, Array]:
    """Return the results of one run."""
    d, w = inputs.d, state.w
    y = _compute_sums(static, w, inputs)
    results = {f"final_{name}": value for name, value in responses.measures(d).items()}
    results |= {"peak_error": state.peak_error, "peak_iteration": state.peak_iteration}
    results |= {"mean_error": state.error_sum / stop}
    for suffix, weights in (("", w), ("_min", state.w_min), ("_max", state.w_max)):
        results |= {f"w{i}{suffix}": weights[i] for i in range(static.inputs + 1)}
    if static.patterns and static.inputs <= MAX_PATTERN_COLUMNS:
        names = pattern_names(static.inputs)
        results |= {f"y_{name}": value for name, value in zip(names, y, strict=True)}
    results["accuracy"] = _are_on_right_side(static, w, inputs).astype(float).mean()
    results["converged_at"] = jnp.where(state.last_wrong < stop, state.last_wrong + 1, jnp.nan)
    finite = jnp.isfinite(jnp.stack([results[n] for n in results if n != "converged_at"])).all()
    return {name: jnp.where(finite, value, jnp.nan) for name, value in results.items()}
