"""What is told of a run that any process writes."""

import json
from pathlib import Path

import numpy as np
import pytest

from epoque.bench.errors import EpoqueError
from epoque.bench.events import Metrics, Snapshot, Timings
from epoque.bench.lab import find_lab
from epoque.bench.runs.execute import start
from epoque.bench.runs.lock import lock_record
from epoque.bench.runs.run import Run
from epoque.bench.runs.run_writer import RunWriter
from epoque.studio.follow import SECONDS, RunReader


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run that is there and not trained."""
    lab = find_lab("neuron")
    return start(lab, lab.config_class(iterations=9), "neuron/and", tmp_path)


def write_rows(run: Run, *steps: int) -> None:
    with (run.path / "metrics.jsonl").open("a") as file:
        file.writelines(json.dumps({"step": step, "error": 1 / step}) + "\n" for step in steps)


def test_rows_come_once_whatever_snapshots_come_before_them(run: Run) -> None:
    """A snapshot is saved at once, its metrics some moments later."""
    reader = RunReader(run.path)
    with lock_record(run.path):
        writer = RunWriter(run)
        writer.log(Snapshot(5, {"x": np.ones(3)}))
        news = reader.read()
        assert (news.state, news.step, news.metrics) == ("running", 5, {})
        np.testing.assert_array_equal(news.arrays["x"], np.ones(3))
        for step in range(1, 6):
            writer.log(Metrics(step, {"error": 1 / step}))
        writer.flush()
        news = reader.read()
        assert (news.metrics["step"], news.step) == ([1, 2, 3, 4, 5], 5)
        assert not news.arrays
        assert reader.read().metrics == {}
        writer.close("interrupted", "")


def test_rows_that_are_known_are_left_out(run: Run) -> None:
    write_rows(run, 1, 2, 3)
    reader = RunReader(run.path, after=2)
    assert reader.read().metrics == {"step": [3], "error": [1 / 3]}
    write_rows(run, 4)
    assert reader.read().metrics["step"] == [4]


def test_seconds_are_told_where_the_training_told_them(run: Run) -> None:
    with lock_record(run.path):
        writer = RunWriter(run)
        for step in (1, 2):
            writer.log(Metrics(step, {"error": 1.0}))
        writer.log(Timings(2, 4.0))
        writer.flush()
        assert RunReader(run.path).read().metrics[SECONDS] == [2.0, 4.0]
        writer.close("interrupted", "")


def test_a_run_that_goes_is_told(run: Run) -> None:
    reader = RunReader(run.path)
    reader.read()
    (run.path / "config.json").unlink()
    with pytest.raises(EpoqueError):
        reader.read()
