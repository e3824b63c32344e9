"""What is left is what was recorded, at this machine's pace."""

import pytest

from epoque.bench.time_left import DOUBT, TimeLeft


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_at_first_it_is_what_was_recorded() -> None:
    assert TimeLeft({"a": 10.0, "b": 30.0}, Clock()).seconds == 40.0


def test_a_slow_machine_takes_longer() -> None:
    clock = Clock()
    left = TimeLeft({"a": 1000.0, "b": 300.0}, clock)
    clock.now += 2000
    assert left.finish("a") == 2000.0
    assert left.seconds == pytest.approx(300 * (2000 + DOUBT) / (1000 + DOUBT))


def test_it_falls_while_a_task_runs_and_never_below_nothing() -> None:
    clock = Clock()
    left = TimeLeft({"a": 10.0}, clock)
    clock.now += 4
    assert left.seconds == 6.0
    clock.now += 40
    assert left.seconds == 0.0


def test_a_task_that_nobody_recorded_counts_as_nothing_left() -> None:
    clock = Clock()
    left = TimeLeft({"a": 10.0}, clock)
    clock.now += 1
    left.finish("unknown")
    assert left.seconds == pytest.approx(10 * (1 + DOUBT) / DOUBT)
