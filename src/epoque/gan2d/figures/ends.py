"""What small multiples show: the ends of recorded runs, or of runs trained for the picture."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from epoque.bench.errors import DivergenceError, UnknownNameError
from epoque.bench.events import Snapshot
from epoque.bench.progress import Progress

from ..config import Gan2dConfig
from .scene import Moment, masses, moments

if TYPE_CHECKING:
    from epoque.bench.runs.run import Run
    from epoque.bench.sweeps.grid import Axis

__all__ = ["MAX_PICTURES", "MAX_SIDE", "End", "points", "read_ends", "train_ends"]

MAX_SIDE, MAX_PICTURES = 12, 36
FEW = 6  # values shown of an axis that has too many


@dataclass(frozen=True)
class End:
    """The end of one run.

    Attributes:
        config: its settings.
        moment: what it looks like; None if it diverged.
    """

    config: Gan2dConfig
    moment: Moment | None


def read_ends(runs: "Iterable[Run[Gan2dConfig]]") -> list[End]:
    """Return the ends of runs; one without snapshots is left out.

    Raises:
        DamagedRunError: if a run's last snapshot cannot be read.
    """
    return [End(run.config, moments(run, steps[-1:])[0]) for run in runs
            if (steps := run.snapshot_steps())]  # fmt: skip


def points(
    base: Gan2dConfig, axes: "Sequence[Axis]", across: str, down: str | None
) -> list[Gan2dConfig]:
    """Return the points of a grid that small pictures can show.

    Args:
        base: the config that every point starts from.
        axes: the fields and their values; of an axis that is neither across nor down, the first
            value is taken, and of one with too many values six of them, evenly.
        across: the axis whose values become columns.
        down: the axis whose values become rows.

    Raises:
        UnknownNameError: if there is no such axis.
    """
    values = {axis.field: axis.values for axis in axes}
    for name in (across, down):
        if name is not None and name not in values:
            raise UnknownNameError("axis named", name, values)
    sides = [values[name] for name in (across, down) if name is not None]
    many = prod(len(side) for side in sides) > MAX_PICTURES
    shown = {
        name: _few(found, FEW if many else MAX_SIDE) if name in (across, down) else found[:1]
        for name, found in values.items()
    }
    rows = product(*shown.values())
    return [base.at_point(dict(zip(shown, row, strict=True))) for row in rows]


def _few(values: Sequence[Any], count: int) -> list[Any]:
    """Return a few of many values, the first and the last among them."""
    if len(values) <= count:
        return list(values)
    places = np.linspace(0, len(values) - 1, count).round().astype(int)
    return [values[place] for place in places]


def train_ends(configs: Sequence[Gan2dConfig], progress: Progress) -> list[End]:
    """Train runs without recording them and return their ends.

    Raises:
        DataError: if the user's points cannot be used.
    """
    ends = []
    for done, config in enumerate(configs):
        progress(done, len(configs))
        ends.append(End(config, _train_end(config)))
    progress(len(configs), len(configs))
    return ends


def _train_end(config: Gan2dConfig) -> Moment | None:
    from ..training.train import train

    once = config.iterations  # nothing but the end is measured and kept
    quiet = config.replace(
        log_every=once, evaluate_every=once, snapshot_every=once, checkpoint_every=once
    )
    try:
        last = [event for event in train(quiet) if isinstance(event, Snapshot)][-1]
    except DivergenceError:
        return None
    arrays = {name: np.asarray(array) for name, array in last.arrays.items()}
    return Moment(last.step, arrays, masses(config.noise, config.noise_dims))
