"""Where events go besides the run folder: progress on the console, JSON lines, and extras.

A sink has two methods, `log` and `close`. A `SinkFactory` makes one when its run is known.
"""

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from ..events import Event
from ..runs.run import Run, State

__all__ = ["Shows", "Sink", "SinkFactory"]


class Sink(Protocol):
    """What receives the events of one run."""

    def log(self, event: Event) -> None:
        """Take one event."""

    def close(self, state: State, reason: str = "") -> None:
        """Take note that the run ended, and how; called once."""


@runtime_checkable
class Shows(Protocol):
    """A sink that also shows how far the measuring after a training is."""

    def show(self, what: str, share: float | None) -> None:
        """Show what is being done, and the share of it that is done, 0 … 1, None if not known."""


SinkFactory = Callable[[Run], Sink]
