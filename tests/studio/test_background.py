"""Trainings in the background: begun, gone on with, stopped, and so many at a time."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from line_plugin import forget_labs, install_line_lab
from waiting import wait_for

from epoque.bench.errors import UsageError
from epoque.bench.lab import find_lab
from epoque.bench.runs.execute import execute, start
from epoque.bench.runs.lock import lock_record
from epoque.bench.runs.run import Run
from epoque.bench.runs.run_writer import RunWriter
from epoque.studio.background import (
    BackgroundRuns,
    ResumeJob,
    TrainJob,
    resume_training,
    train_run,
)


@pytest.fixture(autouse=True)
def _the_line_lab_is_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    install_line_lab(monkeypatch, tmp_path / "plugin")
    yield
    forget_labs()


def make_job(root: Path, **settings: Any) -> TrainJob:
    return TrainJob("line", "line/studio", settings, str(root), "mine")


def test_a_run_is_stopped_and_gone_on_with_to_the_same_bytes(tmp_path: Path) -> None:
    lab = find_lab("line")

    async def train() -> None:
        background = BackgroundRuns(1)
        settings = {"iterations": 60, "pause": 0.02}
        path = tmp_path / await background.begin(train_run, make_job(tmp_path, **settings))
        assert (path.name, len(background), "mine" in background) == ("mine", 1, True)
        with pytest.raises(UsageError, match="--max-runs"):
            await background.begin(train_run, make_job(tmp_path))
        await asyncio.to_thread(
            wait_for, lambda: b"\n" in (path / "metrics.jsonl").read_bytes(), ""
        )
        background.stop("mine")
        await asyncio.to_thread(wait_for, lambda: "mine" not in background, "its end")
        assert Run(path).status.state == "interrupted"
        with pytest.raises(UsageError, match="not trained by this studio"):
            background.stop("mine")
        assert await background.begin(resume_training, ResumeJob(str(path))) == "mine"
        await asyncio.to_thread(wait_for, lambda: "mine" not in background, "its end")
        await background.close(1.0)

    asyncio.run(train())
    whole = start(lab, lab.config_class(iterations=60, pause=0.02), "line/studio", tmp_path / "b")
    execute(whole, draw=False)
    again = Run(tmp_path / "mine")
    assert again.status.state == "finished"
    for name in ("metrics.jsonl", "results.json"):
        assert (again.path / name).read_bytes() == (whole.path / name).read_bytes()


def test_what_cannot_be_gone_on_with_is_one_sentence(tmp_path: Path) -> None:
    lab = find_lab("line")
    done = execute(start(lab, lab.config_class(iterations=3), "line/fit", tmp_path), draw=False)
    other = start(lab, lab.config_class(iterations=3), "line/fit", tmp_path)

    async def resume(path: Path) -> str:
        with pytest.raises(UsageError) as refusal:
            await BackgroundRuns(1).begin(resume_training, ResumeJob(str(path)))
        return str(refusal.value)

    assert asyncio.run(resume(done.path)) == (
        f"{done.id} is already finished; there is nothing to resume."
    )
    with lock_record(other.path):
        writer = RunWriter(other)
        assert asyncio.run(resume(other.path)) == f"{other.id} is being trained already."
        writer.close("interrupted")
    (other.path / "config.json").write_text("{")
    assert "config.json" in asyncio.run(resume(other.path))
    assert "There is no run" in asyncio.run(resume(tmp_path / "nothing"))


def test_what_cannot_be_begun_leaves_nothing(tmp_path: Path) -> None:
    async def begin() -> str:
        with pytest.raises(UsageError) as refusal:
            await BackgroundRuns(1).begin(train_run, make_job(tmp_path / "runs", iterations=-1))
        return str(refusal.value)

    assert "iterations" in asyncio.run(begin())
    assert not (tmp_path / "runs").exists()
