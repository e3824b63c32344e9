"""Trackers are told of each point of a sweep or search, once."""

from collections.abc import Callable
from typing import Any

import pytest
import tasks

from epoque.bench.errors import UsageError
from epoque.bench.sinks import Point
from epoque.bench.sinks.registry import make_study_sinks
from epoque.bench.sweeps import execution
from epoque.bench.sweeps.sweep import Sweep

Swept = Callable[..., Sweep]


class Told:
    """A sink that keeps what it is told."""

    def __init__(self) -> None:
        self.points: list[Point] = []
        self.ends: list[Any] = []

    def __call__(self, study: Any) -> "Told":
        return self

    def log_point(self, point: Point) -> None:
        self.points.append(point)

    def close(self, state: str, reason: str = "") -> None:
        self.ends.append((state, reason))


@pytest.mark.parametrize("engine", ["together", "each"])
def test_they_are_told_of_each_point(engine: str, swept: Swept) -> None:
    told = Told()
    sweep = swept(
        "learning_rate=0.1,0.2", "seed=0:2", engine=engine, executor=tasks.Here(), sinks=[told]
    )
    points = sorted(told.points, key=lambda point: point.number)
    assert [point.name for point in points] == [f"point-000000{n}" for n in range(4)]
    assert [point.settings for point in points] == [
        {"learning_rate": rate, "seed": seed} for rate in (0.1, 0.2) for seed in (0, 1)
    ]
    assert [p.numbers["final_error"] for p in points] == sweep.table["final_error"].to_list()
    assert told.ends == [("finished", "")]


def test_they_are_told_of_failures_and_of_the_end(swept: Swept) -> None:
    told = Told()
    options = {"engine": "each", "executor": tasks.Here(), "sinks": [told]}
    swept("learning_rate=0.1,50", shape="steep", **options)
    assert [point.state for point in told.points] == ["finished", "failed"]
    assert told.points[1].reason
    assert told.points[1].numbers == {}


def test_too_many_points_are_refused(swept: Swept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execution, "MAX_TRACKED_POINTS", 3)
    with pytest.raises(UsageError, match=r"log: 4 points are more than the 3 that a tracker"):
        swept("seed=0:4", sinks=[Told()])


def test_a_sink_of_runs_takes_no_sweep() -> None:
    with pytest.raises(UsageError, match=r"log: console takes runs only, no sweeps"):
        make_study_sinks(["console"])
