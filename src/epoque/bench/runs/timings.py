"""What the clock told of a training: kept in status.json, apart from what the seed decides.

The same seed gives the same results, metrics and checkpoints; how long that took is another time
another number.
"""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..events import Timings

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["StepTimings"]

MOST = 1000
"""Moments that a course keeps: a curve needs no more, and status.json is written often."""


@dataclass(frozen=True, slots=True)
class StepTimings:
    """How many seconds a training had spent in its steps by some of them, and other times.

    Attributes:
        moments: pairs of steps done and seconds, both ascending; the steps that an interruption
            lost are left out.
        measured: other times and speeds, name to plain JSON value.
    """

    moments: tuple[tuple[int, float], ...] = ()
    measured: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "StepTimings":
        """Return what `to_json` told.

        Raises:
            KeyError, TypeError, ValueError, AttributeError: if it is something else.
        """
        others = dict(content)
        moments = tuple((int(step), float(s)) for step, s in others.pop("course", ()))
        others.pop("training_seconds", None)
        return cls(moments, others)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values: `numbers`, and the moments as `course`."""
        if not self.moments:
            return self.numbers
        return {**self.numbers, "course": [[step, round(s, 3)] for step, s in self.moments]}

    @property
    def seconds(self) -> float | None:
        """Spent in steps, over all resumptions; None of a training that did not tell."""
        return self.moments[-1][1] if self.moments else None

    @property
    def numbers(self) -> dict[str, Any]:
        """`training_seconds`, where known, and what else was measured."""
        seconds = {} if self.seconds is None else {"training_seconds": round(self.seconds, 3)}
        return {**seconds, **self.measured}

    def until(self, step: int) -> "StepTimings":
        """Return what a training had told when so many steps were done."""
        moments = tuple(pair for pair in self.moments if pair[0] <= step)
        if len(moments) < len(self.moments) and step > 0:
            moments = (*(pair for pair in moments if pair[0] < step), (step, self.at(step)))
        return StepTimings(moments, self.measured)

    def following(self, event: Timings) -> "StepTimings":
        """Return the course with one more event."""
        moments = self.moments
        if event.seconds is not None:
            before = [pair for pair in moments if pair[0] < event.step]
            moments = (*before, (event.step, (self.seconds or 0.0) + event.seconds))
        if len(moments) > MOST:
            moments = (*moments[:-1:2], moments[-1])
        return StepTimings(moments, {**self.measured, **event.measured})

    def counting(self, counts: Mapping[str, int]) -> "StepTimings":
        """Return the same with some counts added to what was counted before."""
        sums = {name: count + self.measured.get(name, 0) for name, count in counts.items()}
        return StepTimings(self.moments, {**self.measured, **sums})

    def at(self, step: int) -> float:
        """Return the seconds spent by a step, on the straight line between two moments."""
        moments = ((0, 0.0), *self.moments)
        after = min(bisect_right([s for s, _ in moments], step), len(moments) - 1)
        (x, low), (end, high) = moments[after - 1] if after else (0, 0.0), moments[after]
        if end == x:
            return high
        return low + (high - low) * min(1.0, (step - x) / (end - x))

    def beside(self, metrics: "pd.DataFrame") -> "pd.DataFrame":
        """Return metrics, indexed by step, with a column `seconds`; without it if none is known."""
        if not self.moments:
            return metrics
        return metrics.assign(seconds=[self.at(int(step)) for step in metrics.index])
