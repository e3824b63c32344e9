"""How long a row of tasks will still take, from how long each took when it was recorded."""

from collections.abc import Callable, Mapping
from time import monotonic

__all__ = ["TimeLeft"]

DOUBT = 20.0
"""Recorded seconds of work after which this machine's own speed counts as much as the recorded."""


class TimeLeft:
    """Corrects recorded seconds by how fast this machine has been so far.

    Args:
        recorded: task to the seconds that it took where it was recorded.
        clock: returns seconds.
    """

    def __init__(self, recorded: Mapping[str, float], clock: Callable[[], float] = monotonic):
        self._left = dict(recorded)
        self._clock = clock
        self._since = clock()
        self._recorded = self._taken = 0.0

    def finish(self, task: str) -> float:
        """Take note that a task has ended, which began when the one before did; return its time."""
        now = self._clock()
        seconds, self._since = now - self._since, now
        self._recorded += self._left.pop(task, 0.0)
        self._taken += seconds
        return seconds

    @property
    def seconds(self) -> float:
        """What is left, in seconds of this machine, of the task that runs too."""
        pace = (self._taken + DOUBT) / (self._recorded + DOUBT)
        running = self._clock() - self._since
        return max(sum(self._left.values()) * pace - running, 0.0)
