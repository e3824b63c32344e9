"""Where a run goes on: never at a checkpoint that is of something else."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import line_lab
import pytest

from epoque.bench.errors import DamagedRunError, RunFormatError, RunWriteError, UsageError
from epoque.bench.events import Metrics
from epoque.bench.runs.execute import execute, resume
from epoque.bench.runs.run import Run

Start = Callable[..., Run]
SETTINGS = {"iterations": 60, "checkpoint_every": 20}


class Stop:
    def log(self, event: Any) -> None:
        if isinstance(event, Metrics) and event.step == 50:
            raise KeyboardInterrupt

    def close(self, state: str, reason: str = "") -> None: ...


def stopped(started: Start, **settings: Any) -> Run:
    run = started(**SETTINGS, **settings)
    with pytest.raises(KeyboardInterrupt):
        execute(run, [lambda _: Stop()], draw=False)
    return run


def files(run: Run) -> dict[str, bytes]:
    return line_lab.content(run.path)


def test_a_config_that_was_changed_stops_it_and_an_empty_one_is_restored(
    started: Start, trained: Start
) -> None:
    run, whole = stopped(started, seed=3), trained(**SETTINGS, seed=3)
    path = run.path / "config.json"
    path.write_text(path.read_text().replace('"seed": 3', '"seed": 4'))
    before = files(run)
    with pytest.raises(DamagedRunError) as caught:
        resume(run, draw=False)
    assert f"{path} is not what {run.id} was trained with (seed 4 there, 3 then)" in str(
        caught.value
    )
    assert files(run) == before
    path.write_text("")  # as the sentence says
    told: list[str] = []
    resume(Run(run.path), draw=False, notify=told.append)
    assert files(run) == files(whole)
    assert told == [f"{run.id}: config.json was damaged; its checkpoints tell it."]


def test_checkpoints_of_another_run_are_not_used(started: Start, trained: Start) -> None:
    run, whole = stopped(started, seed=3), trained(**SETTINGS, seed=3)
    other = stopped(started, seed=4)
    shutil.rmtree(run.path / "checkpoints")
    shutil.copytree(other.path / "checkpoints", run.path / "checkpoints")
    told: list[str] = []
    resume(run, draw=False, notify=told.append)
    assert files(run) == files(whole)
    assert told == [
        f"{run.id}: the checkpoint at step 20 is not used: it is of another experiment. "
        "It begins anew."
    ]


@pytest.mark.parametrize(
    ("step", "told"), [(7, "It begins anew."), (30, "It goes on from step 20.")]
)
def test_a_digit_of_the_metrics(started: Start, trained: Start, step: int, told: str) -> None:
    run, whole = stopped(started), trained(**SETTINGS)
    path = run.path / "metrics.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    digit = lines[step - 1][-3]
    lines[step - 1] = f"{lines[step - 1][:-3]}{(int(digit) + 1) % 10}{lines[step - 1][-2:]}"
    path.write_text("".join(lines))
    notices: list[str] = []
    resume(run, draw=False, notify=notices.append)
    assert files(run) == files(whole)
    assert notices[0].endswith(f"metrics.jsonl is not what it was then. {told}")


@pytest.mark.parametrize(
    "name", ["results.json", "weights.csv", "status.json", "figures/error.svg"]
)
def test_what_a_finished_run_lost_is_made_again(started: Start, name: str) -> None:
    run = execute(started(**SETTINGS))
    whole = files(run)
    (run.path / name).write_bytes(b"")
    assert list(Run(run.path).differences()) == [f"{name} is not what was saved"]
    assert Run(run.path).status.state == "finished"
    resume(Run(run.path))
    assert files(run) == whole
    with pytest.raises(UsageError, match="already finished"):
        resume(Run(run.path))


def test_a_finished_run_never_begins_anew(trained: Start) -> None:
    run = trained(**SETTINGS)
    path: Path = run.path / "metrics.jsonl"
    path.write_bytes(b"")
    before = files(run)
    with pytest.raises(DamagedRunError, match="no checkpoint is left to repair it from"):
        resume(Run(run.path), draw=False)
    assert files(run) == before


def test_the_disk_has_all_files_before_the_manifest(
    started: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[Path] = []
    monkeypatch.setattr(
        "epoque.bench.runs.run_writer.sync_files", lambda paths: synced.extend(map(Path, paths))
    )
    run = started(**SETTINGS)
    execute(run)
    kept = {"config.json", "metrics.jsonl", *(Run(run.path).files or ())} - {"config.json"}
    assert {run.path / name for name in kept} <= set(synced)
    assert {run.path, run.path / "checkpoints", run.path / "figures"} <= set(synced)


def test_a_config_of_a_later_version_is_no_damaged_one(started: Start) -> None:
    run = stopped(started)
    path = run.path / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 99}))
    before = files(run)
    with pytest.raises(
        RunFormatError, match=r"written in format 99 by Epoque .*which reads format 1"
    ):
        resume(Run(run.path), draw=False)
    assert files(run) == before


@pytest.mark.parametrize("name", ["checkpoints/step-0000000040.json", "metrics.jsonl"])
def test_a_fifo_in_a_run_is_not_waited_for(started: Start, trained: Start, name: str) -> None:
    run, whole = stopped(started), trained(**SETTINGS)
    (run.path / name).unlink()
    os.mkfifo(run.path / name)
    if name == "metrics.jsonl":
        there = sorted(run.path.rglob("*"))
        with pytest.raises(RunWriteError, match="it is no file; move it away"):
            resume(run, draw=False)
        assert sorted(run.path.rglob("*")) == there
        (run.path / name).unlink()
    resume(run, draw=False)
    assert files(run) == files(whole)
