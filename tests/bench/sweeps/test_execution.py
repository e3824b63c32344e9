"""A sweep is the same whatever measures it; what is lost, late or not kept is told."""

import shutil
from collections.abc import Callable, Generator, Iterable
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tasks import Here

from epoque.bench.errors import RunWriteError, UsageError
from epoque.bench.files.atomic import host_name
from epoque.bench.lab import find_lab
from epoque.bench.sweeps import execution
from epoque.bench.sweeps.execution import Execution
from epoque.bench.sweeps.executor import Executor, LocalExecutor
from epoque.bench.sweeps.grid import parse_axes
from epoque.bench.sweeps.jobs import OVERDUE, Job, Outcome, run_job
from epoque.bench.sweeps.run_points import block_task, measure_runs
from epoque.bench.sweeps.run_search import run_search
from epoque.bench.sweeps.run_sweep import resume_sweep
from epoque.bench.sweeps.sweep import Sweep, Sweeps

Swept = Callable[..., Sweep]


class Backwards(Here):
    """Pulls some jobs and answers the last of them first."""

    def run(self, jobs: Iterable[Job]) -> Generator[Outcome, None, None]:
        source = iter(jobs)
        while some := list(islice(source, 3)):
            yield from map(run_job, reversed(some))


class Late(Here):
    """Stops each job that measures a point with a learning rate above a half."""

    def run(self, jobs: Iterable[Job]) -> Generator[Outcome, None, None]:
        for job in jobs:
            *_, points = job.arguments
            if job.task is measure_runs and max(points["learning_rate"]) > 0.5:
                yield Outcome(job.key, None, "It took too long.", OVERDUE)
            else:
                yield run_job(job)


def table_bytes(sweep: Sweep) -> bytes:
    return (sweep.path / "table.parquet").read_bytes()


@pytest.mark.parametrize("engine", ["together", "each"])
def test_the_table_is_the_same_whatever_measures_it(
    engine: str, swept: Swept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("epoque.bench.sweeps.run_sweep.PART_SIZE_LIMITS", (3, 3))
    axes = ("limit=none,2", "learning_rate=0.1,0.4", "seed=0:5")
    executors: dict[str, Executor] = {
        "here": Here(),
        "backwards": Backwards(),
        "processes": LocalExecutor(2),
    }
    usual = table_bytes(swept(*axes, engine=engine, root=tmp_path / "usual"))
    for name, executor in executors.items():
        sweep = swept(*axes, engine=engine, executor=executor, root=tmp_path / name)
        assert table_bytes(sweep) == usual, name


def test_a_point_goes_on_from_its_checkpoint_when_its_process_dies(
    swept: Swept, tmp_path: Path
) -> None:
    axes, settings = ("learning_rate=0.1,0.2",), {"engine": "each", "checkpoint_every": 5}
    whole = swept(*axes, **settings, root=tmp_path / "whole")
    sweep = swept(*axes, **settings, fate="stumble", workers=1)
    assert table_bytes(sweep) == table_bytes(whole)
    assert sweep.status.timings.numbers == {"lost_jobs": 2, "retried_jobs": 2}
    assert whole.status.timings.numbers == {}
    for run in sweep.runs:
        steps = [row["step"] for row in run.metric_rows()]
        assert steps == list(range(1, 21))


def test_a_point_that_takes_too_long_is_a_row_and_costs_no_other(swept: Swept) -> None:
    sweep = swept("learning_rate=0.1,0.9", "seed=0:3", engine="each", executor=Late())
    assert list(sweep.table["state"]) == ["finished"] * 3 + ["failed"] * 3
    assert set(sweep.table["reason"]) == {"", "It took too long."}
    assert np.isfinite(sweep.table["final_error"][:3]).all()


@pytest.mark.parametrize(
    ("keep", "kept"), [("all", ["failed", "finished"]), ("failed", ["failed"]), ("none", [])]
)
def test_which_runs_stay(keep: str, kept: list[str], swept: Swept) -> None:
    sweep = swept("learning_rate=0.1,50", engine="each", keep=keep, executor=Here())
    assert sorted(run.status.state for run in sweep.runs) == kept
    assert list(sweep.table["state"]) == ["finished", "failed"]
    assert sweep.metadata["keep_runs"] == keep
    assert sweep.is_complete


def test_of_very_many_points_only_the_runs_that_failed_stay(
    swept: Swept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execution, "KEPT", 1)
    sweep = swept("learning_rate=0.1,50", engine="each", executor=Here())
    assert [run.status.state for run in sweep.runs] == ["failed"]
    assert "keep_runs" not in sweep.metadata


def test_a_sweep_goes_on_with_what_it_was_told_to_keep(
    swept: Swept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("epoque.bench.sweeps.blocks.MAX_POINTS", 1)

    def stop(done: int, *_: object) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        swept("seed=0:4", engine="each", keep="none", executor=Here(), progress=stop)
    (begun,) = Sweeps(tmp_path / "runs")
    done = resume_sweep(begun, execution=Execution(Here()), figures=False)
    assert not list(done.runs)
    assert table_bytes(done) == table_bytes(swept("seed=0:4", engine="each", root=tmp_path / "b"))


def test_parts_of_an_older_version_are_refused_with_both_formats(
    swept: Swept, tmp_path: Path
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        swept("seed=0:4", progress=stop)
    (begun,) = Sweeps(tmp_path / "runs")
    shutil.rmtree(begun.path / "parts")
    (begun.path / "parts").mkdir()
    (begun.path / "parts" / "part-0000000.json").write_text("{}")
    with pytest.raises(UsageError, match=r"holds parts of format 1, .* format 2 only; delete it"):
        resume_sweep(begun, figures=False)


@pytest.mark.parametrize("batch", [3, 5])
def test_a_search_says_how_many_trials_it_proposes_together(batch: int, tmp_path: Path) -> None:
    pytest.importorskip("optuna", reason="Optuna, the extra `search`, is not installed")
    lab = find_lab("bowl")
    base = lab.config_class.parse({"engine": "each"})
    axes = parse_axes(base, ["learning_rate=0.01:0.4:log:2", "seed=0:2"])
    sizes: list[int] = []

    def note(done: int, *_: object) -> None:
        sizes.append(done)

    options: dict[str, Any] = {"execution": Execution(Here()), "figures": False, "progress": note}
    search = run_search(
        lab, "bowl/test", base, axes, tmp_path, trials=7, trial_batch=batch, **options
    )
    assert sizes == [min(end, 7) for end in range(batch, 7 + batch, batch)]
    assert search.metadata["trial_batch"] == search.trial_batch == batch
    assert ("--trial-batch" in search.command) == (batch != 5)


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ({"workers": -1}, "workers: -1 is not allowed; it takes a whole number at least 1."),
        ({"retries": -1}, "retries: -1 is not allowed; it takes a whole number, 0 for none."),
        ({"deadline": 0}, "deadline: 0 is not allowed; it takes seconds, more than 0."),
        (
            {"deadline": float("nan")},
            "deadline: nan is not allowed; it takes seconds, more than 0.",
        ),
        (
            {"keep": "al"},
            "keep_runs: al is not allowed; it takes all, failed or none. Did you mean all?",
        ),
    ],
)
def test_what_cannot_be_is_a_sentence(told: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        Execution.choose(**told)
    assert str(caught.value) == sentence


def test_a_machine_without_the_folder_of_runs_is_named(swept: Swept) -> None:
    sweep = swept("seed=0:2", engine="each", executor=Here())
    task = block_task(sweep, "")
    shutil.rmtree(sweep.path)
    with pytest.raises(RunWriteError, match=f"{host_name()} does not see {sweep.path}, where"):
        measure_runs(task, 0, {"seed": [0]})
    assert not sweep.path.exists()


@pytest.mark.parametrize("engine", ["together", "each"])
def test_a_column_may_say_which_machine_measured_each_row(engine: str, swept: Swept) -> None:
    options = {"engine": engine, "executor": Here(), "tells_host": True}
    sweep = swept("learning_rate=0.1,50", shape="steep", **options)
    assert sweep.table["host"].to_list() == [host_name()] * 2
    assert "host" not in sweep.aggregate([sweep.score])
