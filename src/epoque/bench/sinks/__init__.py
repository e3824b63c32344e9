"""Where events go besides the run folder: progress on the console, JSON lines, and extras.

A sink has two methods, `log` and `close`. A `SinkFactory` makes one when its run is known.
"""

from collections.abc import Callable
from typing import Protocol

from ..events import Event
from ..run import Run, State

__all__ = ["Sink", "SinkFactory"]


class Sink(Protocol):
    """What receives the events of one run."""

    def log(self, event: Event) -> None:
        """Take one event."""

    def close(self, state: State, reason: str = "") -> None:
        """Take note that the run ended, and how; called once."""


SinkFactory = Callable[[Run], Sink]
