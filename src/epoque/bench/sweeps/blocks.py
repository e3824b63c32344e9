"""Blocks of consecutive points: how they are cut, and measured by jobs of an executor."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .columns import Columns
from .executor import Executor
from .jobs import Job, Needs, Outcome
from .table_blocks import TableBlock

__all__ = ["BlockLength", "Blocks", "Losses", "Span", "find_missing"]

SECONDS = 2.0
"""How long a job should take: far longer than it costs to hand it over, and little to lose."""

MAX_POINTS = 1_000
"""Points of a block at most."""

Span = tuple[int, int]
"""The first point of some consecutive ones, and the one after the last."""


class BlockLength:
    """How many points a block has: more and more, until a job takes about `SECONDS`."""

    def __init__(self, deadline: float | None = None) -> None:
        """Begin with one point.

        Args:
            deadline: seconds that a point may take, which a whole block should not.
        """
        self.points = 1
        self._seconds = SECONDS if deadline is None else min(SECONDS, deadline / 2)

    def note(self, points: int, seconds: float) -> None:
        """Take note of how long a block took; twice as many points at most come of it."""
        fitting = int(points * self._seconds / max(seconds, 1e-6))
        self.points = max(1, min(fitting, 2 * max(points, self.points), MAX_POINTS))


@dataclass(slots=True)
class Losses:
    """What went with the processes and machines that jobs ran on.

    Attributes:
        lost: attempts whose process or machine went.
        retried: those of them whose job was tried again.
        hosts: the machines that measured something.
    """

    lost: int = 0
    retried: int = 0
    hosts: set[str] = field(default_factory=set)

    def add(self, outcome: Outcome, *, split: bool = False) -> None:
        """Count an outcome.

        Args:
            outcome: the last attempt at a job.
            split: whether its points are now tried again in smaller blocks.
        """
        self.lost += outcome.attempt - 1 + outcome.lost
        self.retried += outcome.attempt - 1 + (outcome.lost and split)
        self.hosts |= {outcome.host} - {""}

    def counts(self) -> Mapping[str, int]:
        """Return what a status tells; nothing where nothing was lost."""
        return {"lost_jobs": self.lost, "retried_jobs": self.retried} if self.lost else {}

    def words(self) -> tuple[str, ...]:
        """Return what to say beside how far it is; nothing where all went well on one machine."""
        hosts = f"{len(self.hosts)} hosts" if len(self.hosts) > 1 else ""
        lost = f"{self.lost} lost, {self.retried} tried again" if self.lost else ""
        text = ", ".join(filter(None, (hosts, lost)))
        return (text,) if text else ()


@dataclass(frozen=True, slots=True)
class Blocks:
    """How the points of a study become jobs.

    Attributes:
        task: measures a block: called with `common`, the first point's number, and the points.
        common: its arguments that are the same for all blocks.
        points: returns the points of a span, setting to values.
        needs: of each job.
        deadline: seconds that a point may take; None for as long as it takes.
    """

    task: Callable[..., TableBlock]
    common: tuple[Any, ...]
    points: Callable[[int, int], Columns]
    needs: Needs
    deadline: float | None = None

    def measure(
        self, executor: Executor, missing: Iterable[Span], losses: Losses
    ) -> Iterator[tuple[Span, Outcome]]:
        """Measure all points of some spans, and yield each block as it ends.

        A block of several points that is lost, or takes longer than one point may, tells nothing of
        them: it is cut in halves, until the point that is to blame is alone.

        Args:
            executor: what runs the jobs.
            missing: the spans.
            losses: counts what was lost.

        Yields:
            The block's span, and the outcome of its job, whose value is a `TableBlock`.
        """
        length = BlockLength(self.deadline)
        spans: Iterable[Span] = _cut(missing, length)
        while True:
            halves: list[Span] = []
            under_way: dict[int, Span] = {}
            for outcome in executor.run(self._jobs(spans, under_way)):
                start, stop = under_way.pop(outcome.key)
                split = outcome.is_undecided and stop - start > 1
                losses.add(outcome, split=split)
                if split:
                    middle = (start + stop) // 2
                    halves += [(start, middle), (middle, stop)]
                    continue
                length.note(stop - start, outcome.seconds)
                yield (start, stop), outcome
            if not halves:
                return
            spans = halves

    def _jobs(self, spans: Iterable[Span], under_way: dict[int, Span]) -> Iterator[Job]:
        for start, stop in spans:
            under_way[start] = start, stop
            arguments = start, self.points(start, stop)
            retries = 0 if stop - start > 1 else None  # halves are the better retry
            yield Job(start, self.task, arguments, self.common, self.needs, self.deadline, retries)


def _cut(spans: Iterable[Span], length: BlockLength) -> Iterator[Span]:
    """Yield blocks of spans, each as long as `length` says when it is asked for."""
    for first, stop in spans:
        start = first
        while start < stop:
            end = min(start + length.points, stop)
            yield start, end
            start = end


def find_missing(count: int, measured: Mapping[int, int]) -> Iterator[Span]:
    """Yield the spans of the points that are not measured.

    Args:
        count: how many points there are.
        measured: the first point of each part to how many it has.
    """
    start = 0
    for place in sorted(measured):
        if place > start:
            yield start, place
        start = max(start, place + measured[place])
    if start < count:
        yield start, count
