"""What the clock tells: in status.json alone."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import line_lab
import pandas as pd
import pytest

from epoque.bench.events import Checkpoint, Event, Timings
from epoque.bench.runs.compare import compare_runs
from epoque.bench.runs.execute import resume
from epoque.bench.runs.run import Run, Runs
from epoque.bench.runs.status import Status, read_status
from epoque.bench.runs.timings import MOST, StepTimings


def test_seconds_add_up_and_the_newest_measures_stand() -> None:
    course = StepTimings().following(Timings(2, 1.5, {"speed": 3.0}))
    course = course.following(Timings(6, 0.5, {"speed": 4.0})).following(Timings(7))
    assert course.numbers == {"training_seconds": 2.0, "speed": 4.0}
    assert [course.at(step) for step in (0, 1, 2, 4, 6, 9)] == [0.0, 0.75, 1.5, 1.75, 2.0, 2.0]
    assert StepTimings.from_json(json.loads(json.dumps(course.to_json()))) == course
    assert StepTimings().numbers == StepTimings().to_json() == {}
    assert StepTimings().seconds is None


def test_what_an_interruption_loses_is_not_counted() -> None:
    course = StepTimings(((2, 1.0), (6, 3.0), (8, 4.0)), {"speed": 1.0})
    assert course.until(6) == StepTimings(((2, 1.0), (6, 3.0)), {"speed": 1.0})
    assert course.until(4) == StepTimings(((2, 1.0), (4, 2.0)), {"speed": 1.0})
    assert course.until(0) == StepTimings((), {"speed": 1.0})
    assert course.until(9) == course
    assert course.until(6).following(Timings(7, 2.0)).seconds == 5.0


def test_a_long_course_is_thinned_and_keeps_its_end() -> None:
    course = StepTimings()
    for step in range(1, 3 * MOST):
        course = course.following(Timings(step, 0.5))
    assert MOST / 2 <= len(course.moments) <= MOST
    assert course.moments[-1] == (3 * MOST - 1, (3 * MOST - 1) / 2)
    assert course.at(1001) == pytest.approx(500.5)


def test_a_column_of_seconds_stands_beside_metrics() -> None:
    metrics = pd.DataFrame({"loss": [3.0, 2.0]}, index=pd.Index([1, 2], name="step"))
    timed = StepTimings(((2, 1.0),)).beside(metrics)
    assert timed["seconds"].tolist() == [0.5, 1.0]
    assert StepTimings().beside(metrics) is metrics


class StopError(Exception):
    """Stops a training."""


@pytest.fixture
def timed(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Let the line lab tell seconds, and stop where it is told to."""
    plain, stop = line_lab.LineLab.train, {"at": 0}

    def train(self: Any, config: Any, resume: Checkpoint | None = None) -> Iterator[Event]:
        for event in plain(self, config, resume):
            if not isinstance(event, Checkpoint):
                yield event
                continue
            if event.step == stop["at"]:
                raise StopError
            yield Timings(event.step, 2.0, {"speed": float(event.step)})
            yield event

    monkeypatch.setattr(line_lab.LineLab, "train", train)
    return stop


def test_a_run_keeps_its_times_in_its_status_alone(trained: Any, timed: dict[str, int]) -> None:
    run = trained(iterations=120, checkpoint_every=50)
    told = json.loads((run.path / "status.json").read_text())["timings"]
    assert told == {
        "training_seconds": 6.0, "speed": 120.0, "course": [[50, 2.0], [100, 4.0], [120, 6.0]],
    }  # fmt: skip
    assert run.timed_metrics["seconds"].loc[[25, 50, 110]].tolist() == [1.0, 2.0, 5.0]
    assert "seconds" not in run.metrics
    for path in (run.path / "results.json", run.path / "metrics.jsonl"):
        assert "speed" not in path.read_text()
    (row,) = Runs(run.path.parent).table().to_dict("records")
    assert (row["training_seconds"], row["speed"]) == (6.0, 120.0)
    assert compare_runs([run, run])["training_seconds"] == [6.0, 6.0]


def test_a_resumed_run_counts_on(trained: Any, timed: dict[str, int], tmp_path: Path) -> None:
    timed["at"] = 100
    with pytest.raises(StopError):
        trained(iterations=120, checkpoint_every=50)
    (run,) = Runs(tmp_path / "runs")
    assert run.checkpoint_steps == [50]
    assert run.status.timings.seconds == 2.0
    timed["at"] = 0
    run = resume(run)
    assert run.status.timings.moments == ((50, 2.0), (100, 4.0), (120, 6.0))


@pytest.mark.parametrize("timings", [3, [1], {"course": 3}, {"course": [[1]]}, {"course": ["ab"]}])
def test_damaged_timings_lose_the_times_only(trained: Any, timings: Any) -> None:
    run: Run = trained(iterations=20)
    path = run.path / "status.json"
    told = {**json.loads(path.read_text()), "timings": timings}
    path.write_text(json.dumps(told))
    assert read_status(run.path) == Status("finished")
    assert list(run.differences()) == ["status.json is not what was saved"]
