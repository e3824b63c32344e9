"""Where events go besides the run folder: progress on the console, JSON lines, and extras.

A sink has two methods, `log` and `close`. A `SinkFactory` makes one when its run is known. Of one
that also takes sweeps and searches the factory has a third thing: `for_study(study)` returns a
`StudySink`, which the process that holds the study tells of each point, whoever measured it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, Protocol, runtime_checkable

from ..events import Event
from ..runs.record import Record
from ..runs.run import Run, State

__all__ = ["Point", "ShowsProgress", "Sink", "SinkFactory", "StudySink", "StudySinkFactory"]


class Sink(Protocol):
    """What receives the events of one run."""

    def log(self, event: Event) -> None:
        """Take one event."""

    def close(self, state: State, reason: str = "") -> None:
        """Take note that the run ended, and how; called once."""


@runtime_checkable
class ShowsProgress(Protocol):
    """A sink that also shows how far the measuring after a training is."""

    def progress(self, done: int, total: int | None, what: str = "") -> None:
        """Show what is being done and how far it is (see `epoque.bench.progress.Progress`)."""


@dataclass(frozen=True, slots=True)
class Point:
    """What a sweep or a search measured at one point.

    Attributes:
        number: of its row in the table, from 0.
        settings: those that differ from point to point, by path.
        results: those that were measured.
        state: of its training.
        reason: why it failed; "" if it did not.
    """

    number: int
    settings: Mapping[str, Any]
    results: Mapping[str, Any]
    state: State = "finished"
    reason: str = ""

    @property
    def name(self) -> str:
        """What a tracker calls it, beneath its sweep or search."""
        return f"point-{self.number:07d}"

    @property
    def numbers(self) -> dict[str, float]:
        """Those of its results that are finite numbers."""
        values = {n: v for n, v in self.results.items() if isinstance(v, int | float)}
        return {name: float(value) for name, value in values.items() if isfinite(value)}


class StudySink(Protocol):
    """What receives the points of one sweep or search."""

    def log_point(self, point: Point) -> None:
        """Take one point; of a study that was gone on with it may be known already."""

    def close(self, state: State, reason: str = "") -> None:
        """Take note that the study ended, and how; called once."""


StudySinkFactory = Callable[[Record], StudySink]

SinkFactory = Callable[[Run], Sink]
