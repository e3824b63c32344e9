"""Reading runs."""

import platform
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from epoque.bench.errors import UnknownNameError
from epoque.bench.runs.execute import execute
from epoque.bench.runs.lock import lock_record
from epoque.bench.runs.run import Run, Runs
from epoque.bench.runs.run_writer import RunWriter
from epoque.bench.system.environment import (
    _commit,
    _processor,
    describe_environment,
    installed_version,
)

Make = Callable[..., Run]


def test_a_finished_run(trained: Make) -> None:
    run = trained(iterations=120, checkpoint_every=50)
    assert run.status.state == "finished"
    assert run.status.reason == ""
    assert run.status.seconds > 0
    assert run.metrics.index.tolist() == list(range(1, 121))
    assert run.metrics.index.name == "step"
    assert list(run.metrics.columns) == ["error", "w0", "w1", "w2"]
    assert run.results["final_error"] == run.metrics["error"].iloc[-1]
    assert run.checkpoint_steps == [50, 100, 120]
    assert run.snapshot_steps() == [50, 100]
    assert (
        run.snapshot(100)["weights"].tolist() == run.metrics.loc[100, ["w0", "w1", "w2"]].tolist()
    )
    assert run.checkpoint(50).arrays["count"] == 50
    assert run.artifact("weights.csv").decode().count("\n") == 122
    assert repr(run) == f"Run('{run.path}')"


def test_what_a_run_does_not_have(trained: Make) -> None:
    run = trained(iterations=20)
    with pytest.raises(UnknownNameError, match=r"no checkpoint of .* at '7'"):
        run.checkpoint(7)
    with pytest.raises(UnknownNameError, match=r"'weight\.csv'\. Did you mean weights\.csv"):
        run.artifact("weight.csv")
    for name in ("../secret", "figures", "", ".", "/etc/passwd"):
        with pytest.raises(UnknownNameError):
            run.artifact(name)


def test_no_checkpoint_yet(started: Make) -> None:
    with pytest.raises(UnknownNameError, match="at 'any step'"):
        started().checkpoint()


def test_open(trained: Make) -> None:
    run = trained(iterations=5)
    assert Run.open(str(run.path)).config == run.config
    with pytest.raises(UnknownNameError, match=f"Did you mean {run.id}"):
        Run.open(run.path.with_name(run.id + "x"))


def test_figures(started: Make) -> None:
    run = execute(started(iterations=20))
    assert set(run.figures) == {"error"}
    assert run.figures["error"].read_bytes().startswith(b"<?xml")
    assert run.figures["error"].with_suffix(".png").read_bytes().startswith(b"\x89PNG")


def test_find(trained: Make) -> None:
    first, second = trained(iterations=5), trained(iterations=5)
    runs = Runs(first.path.parent)
    assert runs.ids() == [first.id, second.id]
    assert runs.find(first.id).path == first.path
    assert runs.find(str(second.path)).path == second.path
    assert runs.find("last").path == second.path
    assert runs.find(second.id[5:19]).path == second.path
    with pytest.raises(UnknownNameError, match="2 runs are named like that"):
        runs.find("line-fit")
    with pytest.raises(UnknownNameError, match="There is no run 'nothing'"):
        runs.find("nothing")


def test_the_table(trained: Make, started: Make) -> None:
    first = trained(iterations=5, learning_rate=0.5)
    waiting = started(seed=9)
    table = Runs(first.path.parent).table()
    assert table["id"].tolist() == [first.id, waiting.id]
    assert table["state"].tolist() == ["finished", "interrupted"]
    assert table["learning_rate"].tolist() == [0.5, 0.05]
    assert table["seed"].tolist() == [0, 9]
    assert table["final_error"][0] == first.results["final_error"]
    assert table["final_error"].isna().tolist() == [False, True]
    assert Runs(first.path.parent / "empty").table().empty


def test_a_run_is_running_while_it_is_locked(started: Make) -> None:
    run = started()
    RunWriter(run)._file.close()  # as if its process had died
    with lock_record(run.path):
        assert run.status.state == "running"
    assert (run.status.state, run.status.reason) == ("interrupted", "its process ended")


def test_metrics_can_be_read_while_they_are_written(started: Make) -> None:
    run = started(iterations=3000, checkpoint_every=100)
    writer = threading.Thread(target=execute, args=(run,), kwargs={"draw": False})
    writer.start()
    lengths = []
    while writer.is_alive():
        steps = [row["step"] for row in Run(run.path).metric_rows()]
        assert steps == list(range(1, len(steps) + 1))
        lengths.append(len(steps))
    writer.join()
    assert lengths == sorted(lengths)
    assert len(set(lengths)) > 2


def test_the_environment() -> None:
    told = describe_environment()
    assert told["python"].startswith("3.")
    assert told["cores"] >= 1
    assert told["packages"]["epoque"] == installed_version("epoque")
    assert installed_version("no-such-package") is None
    names = {"python", "platform", "machine", "cores", "device", "processes", "processor"}
    assert set(told) == {*names, "packages", "commit", "memory_bytes"}


def test_no_git_is_no_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert _commit() is None  # what the environment keeps was asked before


def test_asking_git_takes_no_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def run(words: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        asked.append(words)
        return subprocess.CompletedProcess(words, 0, "0123456789ab\n" * ("HEAD" in words), "")

    monkeypatch.setattr(subprocess, "run", run)
    assert _commit() == "0123456789ab"
    assert len(asked) == 3
    assert all(words[:2] == ["git", "--no-optional-locks"] for words in asked)


def test_the_environment_names_the_processor(tmp_path: Path) -> None:
    told = tmp_path / "cpuinfo"
    told.write_text("processor\t: 0\nmodel name\t: A: fast one\nmodel name\t: Another\n")
    assert _processor(told) == "A: fast one"
    told.write_text("processor\t: 0\nBogoMIPS\t: 50.0\n")  # of ARM there is no name
    assert _processor(told) == platform.machine()
    assert _processor(tmp_path / "none") == platform.processor()
    assert describe_environment()["processor"]
