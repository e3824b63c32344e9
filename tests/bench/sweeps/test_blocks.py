"""How points become blocks, and what becomes of a block that is lost."""

from collections.abc import Generator, Iterable
from itertools import pairwise
from typing import Any

import pytest
import tasks
from hypothesis import given
from hypothesis import strategies as st

from epoque.bench.sweeps.blocks import MAX_POINTS, BlockLength, Blocks, Losses, Span, find_missing
from epoque.bench.sweeps.jobs import OVERDUE, Job, Needs, Outcome


class Losing:
    """An executor of one machine that loses each job with one of some points, for a while."""

    def __init__(self, bad: set[int], seconds: float = 0.01, kind: str = "") -> None:
        self.bad, self.seconds, self.kind = bad, seconds, kind
        self.sizes: list[int] = []

    def run(self, jobs: Iterable[Job]) -> Generator[Outcome, None, None]:
        for job in jobs:
            start, points = job.arguments
            numbers = range(start, start + len(points["seed"]))
            assert list(numbers) == points["seed"]
            self.sizes.append(len(numbers))
            how: dict[str, Any] = {"host": "here", "seconds": self.seconds * len(numbers)}
            if not self.bad & {*numbers}:
                yield Outcome(job.key, list(numbers), **how)
            elif self.kind:
                yield Outcome(job.key, None, "Late.", self.kind, **how)
            else:
                attempt = 1 if job.retries == 0 else 4
                yield Outcome(job.key, None, "Gone.", "ProcessDied", True, attempt, **how)

    def cancel(self) -> None:
        pass


def measure(executor: Losing, spans: Iterable[Span]) -> tuple[list[Span], list[int], Losses]:
    """Return the spans that were measured, the points that were given up, and the losses."""
    losses, measured, bad = Losses(), list[Span](), list[int]()
    task: Any = tasks.power
    blocks = Blocks(task, (), lambda start, stop: {"seed": [*range(start, stop)]}, Needs())
    for (start, stop), outcome in blocks.measure(executor, spans, losses):
        if outcome.error:
            assert stop - start == 1
            bad.append(start)
        else:
            assert outcome.value == list(range(start, stop))
            measured.append((start, stop))
    return measured, bad, losses


def test_blocks_grow_until_a_job_takes_two_seconds() -> None:
    executor = Losing(set())
    measured, _, losses = measure(executor, [(0, 2000)])
    assert executor.sizes[:9] == [1, 2, 4, 8, 16, 32, 64, 128, 200]
    assert max(executor.sizes) == 200
    assert measured[-1][1] == 2000
    assert losses.words() == ()


def test_a_block_is_never_longer_than_a_thousand_points_nor_shorter_than_one() -> None:
    fast = Losing(set(), seconds=0.0)
    measure(fast, [(0, 10_000)])
    assert max(fast.sizes) == MAX_POINTS == 1000
    slow = Losing(set(), seconds=3600)
    measure(slow, [(0, 10)])
    assert set(slow.sizes) == {1}


def test_a_deadline_keeps_blocks_short() -> None:
    length = BlockLength(deadline=0.5)
    for _ in range(20):
        length.note(length.points, 0.01 * length.points)
    assert length.points == 25


@given(
    bad=st.sets(st.integers(0, 299), max_size=6),
    cuts=st.lists(st.integers(0, 300), max_size=6, unique=True),
    kind=st.sampled_from(["", OVERDUE]),
)
def test_whatever_is_lost_each_point_is_told_once(
    bad: set[int], cuts: list[int], kind: str
) -> None:
    edges = sorted({0, 300, *cuts})
    spans = list(pairwise(edges))[::2]
    wanted = {number for start, stop in spans for number in range(start, stop)}
    measured, given_up, _ = measure(Losing(bad, kind=kind), spans)
    assert sorted(given_up) == sorted(bad & wanted)
    told = [number for start, stop in measured for number in range(start, stop)]
    assert sorted(told + given_up) == sorted(wanted)


def test_what_is_lost_is_counted_and_said() -> None:
    losses = measure(Losing({0}), [(0, 1)])[2]
    assert (losses.lost, losses.retried) == (4, 3)
    losses.add(Outcome(7, 1, attempt=2, host="there"))
    assert losses.words() == ("2 hosts, 5 lost, 4 tried again",)
    assert losses.counts() == {"lost_jobs": 5, "retried_jobs": 4}


@pytest.mark.parametrize(
    ("measured", "missing"),
    [
        ({}, [(0, 10)]),
        ({0: 10}, []),
        ({0: 3, 5: 2}, [(3, 5), (7, 10)]),
        ({2: 8}, [(0, 2)]),
    ],
)
def test_what_is_missing_lies_between_the_parts(
    measured: dict[int, int], missing: list[Span]
) -> None:
    assert list(find_missing(10, measured)) == missing
