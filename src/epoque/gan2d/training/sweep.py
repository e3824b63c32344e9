"""Many GANs in one compiled program, side by side on a leading axis.

Every run of a sweep is the single run of the same config, up to the rounding of float32: the same
functions, the same seeds. What all runs have in common stays a single number, so that the program
branches on it instead of computing all branches.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, NamedTuple

import jax
import numpy as np
from numpy.typing import NDArray

from epoque.bench.sweeps.columns import Columns

from ..config import Gan2dConfig
from ..data import distributions, support
from ..data.distributions import Modes
from ..data.support import Support
from ..figures import look
from ..measures import summary
from . import engine
from .engine import State
from .plan import Dials, Plan
from .steps import METRICS

__all__ = ["histories", "sweep"]

RUNS_AT_ONCE = 8
"""In one program; more no longer fit a core's cache, and are slower each."""
BYTES_AT_ONCE = 2**28

Floats = NDArray[np.float64]


class _Lane(NamedTuple):
    """One run: its program, its numbers, its mixture, and when it ends and is measured."""

    plan: Plan
    dials: Dials
    modes: Modes | None
    iterations: int
    evaluate_every: int

    @property
    def steps(self) -> list[int]:
        """The iterations after which the run is measured."""
        every = range(self.evaluate_every, self.iterations, self.evaluate_every)
        return [*every, self.iterations]


def sweep(base: Gan2dConfig, points: Columns) -> Columns | None:
    """Run many configs inside compiled programs, one for each pair of architectures.

    Args:
        base: the config that every point starts from.
        points: field name to its value at each of n points, already validated.

    Returns:
        Name to n numbers in the order of the points, named as in results.json: those of
        `look.first`, of `measures.summary`, of all metrics and measures; and `diverged`, 1.0 for a
        run of which a number became infinite or NaN (what is measured after that is NaN). None if
        settings change during the runs.

    Raises:
        DataError: if the user's points cannot be used.
    """
    if base.changes or "changes" in points:
        return None
    rows = zip(*points.values(), strict=True)
    configs = [base.replace(**dict(zip(points, row, strict=True))) for row in rows]
    results: dict[str, Floats] = {}
    for members, steps, found in histories(configs):
        finite = found.pop("finite")
        first = {name: found.pop(name)[:, 0] for name in look.FIRST}
        columns = {**first, **summary(steps, found), "diverged": finite.min(axis=1) < 1}
        for name, column in columns.items():
            results.setdefault(name, np.full(len(configs), np.nan))[members] = column
    return {name: column.tolist() for name, column in results.items()}


def histories(
    configs: Sequence[Gan2dConfig],
) -> list[tuple[list[int], NDArray[np.int64], dict[str, Floats]]]:
    """Run configs side by side and return all their measures.

    Returns:
        For each group of runs that share a program and the times of measurement: their places,
        the iterations at which they are measured [T], and each metric and measure [runs, T], with
        `finite` (1.0 while every number of the run is finite) and, the same at all times,
        `look.FIRST`.
    """
    lanes = _lanes(configs)
    groups: dict[Any, list[int]] = {}
    for place, lane in enumerate(lanes):
        groups.setdefault((lane.plan, lane.iterations, lane.evaluate_every), []).append(place)
    found = []
    for members in groups.values():
        size = _runs_at_once(configs[members[0]], len(members))
        measured = _run_group([lanes[i] for i in members], size)
        found.append((members, np.array(lanes[members[0]].steps), measured))
    return found


def _lanes(configs: Sequence[Gan2dConfig]) -> list[_Lane]:
    """Return one lane a config; each file of points is read once."""
    known: dict[Any, Support | None] = {}
    lanes = []
    for config in configs:
        # The settings that decide the user's points.
        source = (config.data, config.image, config.csv, config.fit, config.drawing)
        if source not in known:
            known[source] = support.load(config)
        plan, dials = Plan.of(config, known[source]), Dials.of(config)
        modes = distributions.modes(config)
        lanes.append(_Lane(plan, dials, modes, config.iterations, config.evaluate_every))
    return lanes


def _runs_at_once(config: Gan2dConfig, count: int) -> int:
    room = int(BYTES_AT_ONCE // config.iteration_bytes)
    return max(1, min(RUNS_AT_ONCE, room, count))


def _run_group(lanes: Sequence[_Lane], size: int) -> dict[str, Floats]:
    """Return the measures [runs, T] of the runs of one program, `size` of them at a time.

    As many times `size` as there are cores: a program of small networks keeps but one core busy.
    """
    axes = jax.tree.map(_axis, *(lane.dials for lane in lanes))._replace(seed=0, batches=0)
    chunks = [lanes[i : i + size] for i in range(0, len(lanes), size)]
    with ThreadPoolExecutor(_cores()) as pool:
        parts = list(pool.map(partial(_run_chunk, size=size, axes=axes), chunks))
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _axis(*leaves: Any) -> int | None:
    """Return 0 where runs differ in a setting, None where they have it in common."""
    return None if all(np.array_equal(leaves[0], leaf) for leaf in leaves[1:]) else 0


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _run_chunk(lanes: Sequence[_Lane], size: int, axes: Dials) -> dict[str, Floats]:
    """Run at most `size` runs; what is missing is filled up with the first one."""
    full = [*lanes, *[lanes[0]] * (size - len(lanes))]
    plan, modes, dials = full[0].plan, full[0].modes, _together([lane.dials for lane in full], axes)
    state = engine.first_state(plan, dials)
    first, before, told = look.first(plan, dials.seed, state), 0, []
    for step in full[0].steps:
        state = _advance(plan, axes, dials, state, np.array([before, step], np.int32))
        told.append({**_measured(plan, modes, dials.seed, step, state), **first})
        before = step
    return {
        name: np.stack([each[name] for each in told], axis=1)[: len(lanes)].astype(np.float64)
        for name in told[0]
    }


def _together(dials: Sequence[Dials], axes: Dials) -> Dials:
    """Return the dials of many runs: one array where they differ, else what they share."""
    kinds = jax.tree.leaves(axes, is_leaf=lambda axis: axis is None)
    leaves = zip(*map(jax.tree.leaves, dials), strict=True)
    joined = [
        column[0] if axis is None else np.stack(column)
        for column, axis in zip(leaves, kinds, strict=True)
    ]
    found: Dials = jax.tree.unflatten(jax.tree.structure(dials[0]), joined)
    return found


@partial(jax.jit, static_argnames=("plan", "axes"))
def _advance(plan: Plan, axes: Dials, dials: Dials, state: State, span: Any) -> State:
    """Do the iterations from span[0] to span[1] of many runs, one a lane."""

    def one(dials: Dials, state: State) -> State:
        iterate = partial(engine.iterate, plan, dials, engine.batches_key(dials))
        found: State = jax.lax.fori_loop(span[0], span[1], lambda i, now: iterate(now, i), state)
        return found

    advanced: State = jax.vmap(one, in_axes=(axes, 0))(dials, state)
    return advanced


def _measured(
    plan: Plan, modes: Modes | None, seeds: Any, step: int, states: State
) -> dict[str, Floats]:
    """Return the metrics and measures of many runs, NaN where a run is no longer finite."""
    finite = engine.is_finite(states)
    found = dict(zip(METRICS, np.asarray(states.seen).T, strict=True))
    found |= look.evaluate(plan, modes, seeds, step, states)
    told = {name: np.where(finite, value, np.nan) for name, value in found.items()}
    return told | {"finite": finite.astype(np.float64)}
