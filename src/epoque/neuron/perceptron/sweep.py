"""Many neurons in one compiled program, side by side on a leading axis.

Every run of a sweep is the single run of the same config: the same pass, from the same weights.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from .. import data
from ..config import NeuronConfig
from ..data import pattern_names
from .train import NARROW, Given, Kernel, Seen, one_pass, parted, placed, unit_draw, weighted_sum

__all__ = ["Lanes", "lanes_of", "run_lanes"]

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

LANES = 2500
"""Most runs in one call: their numbers then fit in a core's cache."""
NUMBERS_AT_ONCE = 2**22
"""Most numbers that the patterns of one call take where each run has its own: 32 MiB."""
INF = np.inf
SHOWN_INPUTS = 3
"""Truth tables of up to so many inputs have a column y_00… for each pattern."""


class Lanes(NamedTuple):
    """Runs that one program can take, L of them.

    Attributes:
        kernel: the program.
        w: initial weights [L, F+1].
        given: x [N, F], or [L, N, F] where each run has its own; d [N] or [L, N]; rates [L].
    """

    kernel: Kernel
    w: Floats
    given: Given

    def part(self, members: Whole) -> "Lanes":
        """Return some of the runs."""
        given = zip(self.given, _axes(self.given), strict=True)
        parts = [a if axis is None else a[members] for a, axis in given]
        return Lanes(self.kernel, self.w[members], Given(*parts))


def _axes(given: Given) -> tuple[int | None, ...]:
    """Return the axis of the runs, None where they share what is given."""
    return (0 if given.x.ndim == 3 else None, 0 if given.d.ndim == 2 else None, 0)


def lanes_of(base: NeuronConfig, points: Mapping[str, Sequence[Any]], count: int) -> Lanes:
    """Return the runs of points that differ in what needs no program of its own.

    Args:
        base: everything else.
        points: `learning_rate`, `seed`, `truth_table` (of one length), `init_low`, `init_high`,
            `init_scale`: L values each, or absent.
        count: L.
    """

    def column(field: str) -> Any:
        return np.asarray(points.get(field, [getattr(base, field)] * count))

    seeds, place = np.unique(column("seed"), return_inverse=True)
    dataset = data.load(base)
    x, d = dataset.x, dataset.d
    if base.data not in ("truth_table", "csv") and len(seeds) > 1:
        drawn = [data.load(base.replace(seed=int(seed))) for seed in seeds]
        x, d = (np.stack([getattr(one, name) for one in drawn])[place] for name in ("x", "d"))
    if base.data == "truth_table" and "truth_table" in points:
        d = np.array([list(table) for table in points["truth_table"]], float)
    inputs = x.shape[-1]
    unit = np.stack([unit_draw(base.init, int(seed), inputs) for seed in seeds])[place]
    ends = (column(field)[:, None] for field in ("init_low", "init_high", "init_scale"))
    w = placed(base.init, unit, *ends)
    given = Given(x, d, column("learning_rate").astype(float))
    return Lanes(Kernel.of(base, dataset), w, given)


def run_lanes(lanes: Lanes, lane: Whole, iterations: Whole) -> dict[str, Floats]:
    """Return the results of points, each one of the runs after a number of iterations.

    Args:
        lanes: L runs.
        lane: which run each point is, [P].
        iterations: after how many iterations, [P].

    Returns:
        Name to [P] numbers; NaN for a run that diverged.
    """
    results: dict[str, Floats] = {}
    for members in _parts(lanes):
        wanted = np.flatnonzero((members[0] <= lane) & (lane <= members[-1]))
        stops = np.unique(iterations[wanted])
        for stop, columns in zip(stops, _run_part(lanes.part(members), stops), strict=True):
            points = wanted[iterations[wanted] == stop]
            for name, column in columns.items():
                result = results.setdefault(name, np.empty(len(lane)))
                result[points] = column[lane[points] - members[0]]
    return results


def _parts(lanes: Lanes) -> list[Whole]:
    """Return equally long parts of the lanes, so that one program serves all of them.

    The last part is filled up with the last lane.
    """
    count = len(lanes.w)
    x, d, _ = lanes.given
    own = d.shape[-1] + (x[0].size if x.ndim == 3 else 0)
    most = max(1, min(LANES, NUMBERS_AT_ONCE // own))
    number = -(-count // most)
    size = max(2, -(-count // number))  # one lane alone would be rounded as a scalar
    starts = range(0, count, size)
    return [np.minimum(np.arange(start, start + size), count - 1) for start in starts]


def _run_part(lanes: Lanes, stops: Whole) -> Iterator[dict[str, Floats]]:
    """Yield the results of all lanes after each of the ascending numbers of iterations."""
    story, done = _begin(lanes.w), 0
    for stop in stops.tolist():
        with jax.enable_x64(True):
            story, columns = _advance(lanes.kernel, story, lanes.given, done, stop)
            found = jax.device_get(columns)
        yield found
        done = stop


class Story(NamedTuple):
    """What a run remembers of its iterations so far."""

    w: Any
    """The weights now."""
    low: Any
    """The least that each weight was after an iteration."""
    high: Any
    """The greatest."""
    peak: Any
    """The largest `error` of an iteration."""
    peak_iteration: Any
    """The first iteration that had it."""
    total: Any
    """The sum of `error` over the iterations."""
    wrong: Any
    """The last iteration with a pattern on the wrong side; 0 if there was none."""


def _begin(w: Floats) -> Story:
    """Return the stories of L runs that have not begun, from their weights [L, F+1]."""
    weights = parted(w.T) if w.shape[1] <= NARROW else w
    low, high = (
        jax.tree.map(partial(np.full_like, fill_value=end), weights) for end in (INF, -INF)
    )
    zeros = np.zeros(len(w))
    return Story(weights, low, high, zeros - 1, zeros, zeros, zeros)


@partial(jax.jit, static_argnames="kernel")
def _advance(
    kernel: Kernel, story: Story, given: Given, done: Any, stop: Any
) -> tuple[Story, dict[str, Any]]:
    """Go on from `done` to `stop` iterations; return the stories and the results of L runs."""

    def one(story: Story, given: Given) -> tuple[Story, dict[str, Any]]:
        def iterate(step: Any, story: Story) -> tuple[Story, Seen]:
            w, seen = one_pass(kernel, story.w, given)
            return _told(story, w, seen, step + 1.0), seen

        story = jax.lax.fori_loop(done, stop - 1, lambda i, s: iterate(i, s)[0], story)
        story, seen = iterate(stop - 1, story)  # apart: only the last pass is measured in full
        return story, _results(kernel, story, seen, given, stop)

    return jax.vmap(one, in_axes=(0, Given(*_axes(given))))(story, given)


def _told(story: Story, w: Any, seen: Seen, step: Any) -> Story:
    """Return the story after one more iteration."""
    error, largest = seen.extremes()
    return Story(
        w=w,
        low=jax.tree.map(jnp.minimum, story.low, w),
        high=jax.tree.map(jnp.maximum, story.high, w),
        peak=jnp.maximum(story.peak, error),
        peak_iteration=jnp.where(error > story.peak, step, story.peak_iteration),
        total=story.total + error,
        wrong=jnp.where(largest >= 0.5, step, story.wrong),
    )


def _results(kernel: Kernel, story: Story, seen: Seen, given: Given, stop: Any) -> dict[str, Any]:
    """Return the results of one run."""
    d = given.d
    if kernel.patterns:
        y = jnp.stack([weighted_sum(story.w, pattern) for pattern in kernel.patterns])
    else:
        y = jax.vmap(partial(weighted_sum, story.w))(given.x)
    results = {f"final_{name}": value for name, value in seen.measures(d).items()}
    results |= {"peak_error": story.peak, "peak_iteration": story.peak_iteration}
    results |= {"mean_error": story.total / stop}
    for suffix, weights in (("", story.w), ("_min", story.low), ("_max", story.high)):
        results |= {f"w{i}{suffix}": weights[i] for i in range(kernel.inputs + 1)}
    if kernel.patterns and kernel.inputs <= SHOWN_INPUTS:
        names = pattern_names(kernel.inputs)
        results |= {f"y_{name}": value for name, value in zip(names, y, strict=True)}
    right = (y > 0) == (d == 1) if kernel.rule == "step" else (2 * d - 1) * y > 0
    results["accuracy"] = right.astype(float).mean()
    results["converged_at"] = jnp.where(story.wrong < stop, story.wrong + 1, jnp.nan)
    finite = jnp.isfinite(jnp.stack([results[n] for n in results if n != "converged_at"])).all()
    return {name: jnp.where(finite, value, jnp.nan) for name, value in results.items()}
