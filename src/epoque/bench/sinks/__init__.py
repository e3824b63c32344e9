"""Where events go besides the run folder: progress on the console, JSON lines, and extras.

A sink has two methods, `log` and `close`. A `SinkFactory` makes one when its run is known.
"""

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from ..events import Event
from ..runs.run import Run, State

__all__ = ["ShowsProgress", "Sink", "SinkFactory"]


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


SinkFactory = Callable[[Run], Sink]
