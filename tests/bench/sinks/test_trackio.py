"""trackio: its local database, written and read back without a network."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import line_lab
import pytest

from epoque.bench.errors import RunError
from epoque.bench.runs.execute import execute, resume
from epoque.bench.runs.run import Run
from epoque.bench.sinks.trackio import TrackioSink

pytest.importorskip("trackio", reason="the extra `trackio` is not installed")

Make = Callable[..., Run]


@pytest.fixture
def storage(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """trackio's own reader, on a database of this test."""
    from trackio import sqlite_storage, utils

    for module in (sqlite_storage, utils):
        monkeypatch.setattr(module, "TRACKIO_DIR", tmp_path / "trackio")
    return sqlite_storage.SQLiteStorage


def errors(storage: Any, run: Run) -> dict[int, float]:
    logs = storage.get_logs("epoque-line", run.id)
    return {row["step"]: row["error"] for row in logs}


def test_a_run_is_logged(storage: Any, started: Make, capsys: pytest.CaptureFixture[str]) -> None:
    run = started(iterations=300, seed=4)
    execute(run, [TrackioSink], draw=False)
    assert errors(storage, run) == run.metrics["error"].to_dict()
    assert storage.get_run_config("epoque-line", run.id)["seed"] == 4
    assert capsys.readouterr().out == ""


def test_a_resumed_run_goes_on(storage: Any, started: Make) -> None:
    run = started(iterations=100, checkpoint_every=20)

    class Stop:
        def log(self, event: Any) -> None:
            if getattr(event, "step", 0) == 50:
                raise KeyboardInterrupt

        def close(self, state: str, reason: str = "") -> None: ...

    with pytest.raises(KeyboardInterrupt):
        execute(run, [TrackioSink, lambda _: Stop()], draw=False)
    resume(run, [TrackioSink], draw=False)
    assert errors(storage, run) == run.metrics["error"].to_dict()
    assert storage.get_runs("epoque-line") == [run.id]


def test_an_address_that_is_none(started: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKIO_SERVER_URL", "not-an-address")
    with pytest.raises(RunError, match="trackio cannot start: "):
        TrackioSink(started())


def test_nothing_of_it_is_on_standard_output(tmp_path: Path) -> None:
    """Not even when Python exits: `--json` prints JSON lines and nothing else."""
    code = """
import sys, line_lab
from pathlib import Path
from epoque.bench.runs.execute import execute, start
from epoque.bench.sinks.trackio import TrackioSink
line_lab.children_find_the_lab()
run = start(line_lab.LAB, line_lab.LineConfig(iterations=20), "line/fit", Path(sys.argv[1]))
execute(run, [TrackioSink], draw=False)
"""
    env = {"PYTHONPATH": str(Path(line_lab.__file__).parent), "TRACKIO_DIR": str(tmp_path)}
    told = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], env=env, capture_output=True, check=False
    )
    assert (told.returncode, told.stdout) == (0, b""), told.stderr
