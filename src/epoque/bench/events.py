"""What a training tells the world: typed events, pulled from a generator one at a time.

A lab's `train(config, resume=None)` yields these and does nothing else: it writes no file,
prints nothing and starts no thread. Whoever pulls sets the pace, and not pulling is pausing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:  # numpy would make `epoque --help` slower
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Artifact", "Checkpoint", "Event", "Metrics", "Snapshot", "Timings"]

Arrays: TypeAlias = "Mapping[str, NDArray[Any]]"


@dataclass(frozen=True, slots=True)
class Metrics:
    """The numbers of one step.

    Attributes:
        step: iterations done, from 1.
        values: name to number. No clock time here: the same seed gives the same bytes.
    """

    step: int
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What one step looks like: compact arrays to draw.

    Attributes:
        step: iterations done.
        arrays: name to array; each lab documents its own layout. What never changes may stand in
            the first one alone (`epoque.bench.lab.Lab.constant_arrays`).
    """

    step: int
    arrays: Arrays


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Everything that changes during training, so that a resumed run ends bit-identical.

    Attributes:
        step: iterations done.
        arrays: weights, optimiser state, averages, random-number keys.
        state: what is not an array: counters, positions (plain JSON values).
        scheduled: whether the config alone decides that it is taken at this step. One that a signal
            or the time asked for is not; a run keeps it until the next that is, so that its folder
            ends the same.
    """

    step: int
    arrays: Arrays
    state: Mapping[str, Any] = field(default_factory=dict)
    scheduled: bool = True


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file that belongs to the run, for instance `weights.csv`.

    Attributes:
        name: a plain file name, without folders.
        data: its whole content.
        once: whether a training yields it only here, and not again when it goes on from a later
            checkpoint; checkpoints then keep its digest.
    """

    name: str
    data: bytes
    once: bool = False


@dataclass(frozen=True, slots=True)
class Timings:
    """What the clock told, which no other event holds: the same seed gives the same bytes.

    It comes before the checkpoint of its step, and goes into status.json.

    Attributes:
        step: iterations done.
        seconds: spent in them since the last event of this kind, or since the process began; None
            if none are told.
        measured: other times and speeds, name to plain JSON value; the newest stand.
    """

    step: int
    seconds: float | None = None
    measured: Mapping[str, Any] = field(default_factory=dict)


Event = Metrics | Snapshot | Checkpoint | Artifact | Timings


def rows_of_columns(arrays: "Mapping[str, NDArray[np.float64]]") -> list[Mapping[str, float]]:
    """Return one mapping per row of equally long columns, ready for `Metrics.values`."""
    names = list(arrays)
    rows = zip(*(column.tolist() for column in arrays.values()), strict=True)
    return [dict(zip(names, row, strict=True)) for row in rows]
