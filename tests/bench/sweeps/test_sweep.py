import itertools
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tasks import Here
from waiting import PATIENCE, ended, wait_for

from epoque.bench.errors import (
    DamagedRunError,
    EpoqueError,
    RunLockedError,
    RunWriteError,
    UnknownNameError,
    UsageError,
)
from epoque.bench.files.atomic import write_atomic
from epoque.bench.lab import find_lab, lab_of
from epoque.bench.runs.lock import lock_record
from epoque.bench.runs.lock_owner import OWNER
from epoque.bench.runs.run import Run, Runs
from epoque.bench.stopping import Interrupt
from epoque.bench.sweeps.aggregate import aggregate_runs
from epoque.bench.sweeps.execution import Execution
from epoque.bench.sweeps.executor import LocalExecutor
from epoque.bench.sweeps.grid import parse_axes
from epoque.bench.sweeps.run_sweep import choose_part_size, resume_sweep, run_sweep
from epoque.bench.sweeps.sweep import Sweep, Sweeps

Swept = Callable[..., Sweep]
GRID = ("learning_rate=0.1:1:log:4", "shape=round,steep", "seed=0:50")


def table_bytes(sweep: Sweep) -> bytes:
    return (sweep.path / "table.parquet").read_bytes()


def bowl_error(seed: int, rate: float, shape: str = "round", iterations: int = 20) -> float:
    """Say what the bowl reaches, in closed form."""
    import bowl

    return abs(bowl.start_of(seed, -1, 1) * (1 - rate * bowl.curvature(shape)) ** iterations)


# What a sweep is


@pytest.mark.parametrize("engine", ["together", "each"])
@pytest.mark.parametrize(
    ("results", "message"),
    [
        ({"error": 1.0}, "has no result 'final_error', .* it has error"),
        ({"final_error": 1.0, "low": 2.0}, "'low' is also a setting; .* such as 'final_low'"),
    ],
)
def test_what_a_table_could_not_hold_is_said_in_a_sentence(
    swept: Swept,
    monkeypatch: pytest.MonkeyPatch,
    engine: str,
    results: dict[str, float],
    message: str,
) -> None:
    lab = find_lab("bowl")
    monkeypatch.setattr(lab, "evaluate", lambda *_: results)
    compiled = {name: np.array([value] * 2) for name, value in results.items()}
    monkeypatch.setattr(lab, "sweep", lambda *_: compiled if engine == "together" else None)
    with pytest.raises(EpoqueError, match=message):
        swept("low=-1,0", executor=Here())


def test_a_sweep_measures_every_point(swept: Swept) -> None:
    table = swept(*GRID).table
    assert list(table.columns) == ["learning_rate", "shape", "seed", "final_error"]
    assert len(table) == 4 * 2 * 50
    for row in table.sample(20, random_state=0).itertuples():
        expected = bowl_error(row.seed, row.learning_rate, row.shape)
        assert row.final_error == pytest.approx(expected, rel=1e-9)


def test_a_sweep_says_what_it_is(swept: Swept) -> None:
    sweep = Sweep.open(swept(*GRID, iterations="30").path)
    assert sweep.recipe == "bowl/test"
    assert lab_of(sweep) is find_lab("bowl")
    assert sweep.config.iterations == 30
    assert sweep.axes_text == dict(text.split("=") for text in GRID)
    assert sweep.axes["shape"] == ("round", "steep")
    assert sweep.axes["seed"] == tuple(range(50))
    assert sweep.status.state == "finished"
    assert sweep.metadata["engine"] == "compiled"
    assert sweep.metadata["points"] == 400
    assert sweep.environment["python"]
    assert sweep.path.name.endswith("-bowl-test-sweep")
    assert not (sweep.path / "parts").exists()
    assert not list(Runs(sweep.path.parent))
    assert sweep.command == (
        "epoque sweep bowl/test learning_rate=0.1:1:log:4 shape=round,steep seed=0:50 "
        "--iterations 30"
    )


def test_the_command_quotes_what_a_shell_would_read(swept: Swept) -> None:
    sweep = swept("widths=2;4,2", "seed=0:2", low=-2.5, widths="9")
    assert sweep.command == "epoque sweep bowl/test 'widths=2;4,2' seed=0:2 --low -2.5"


def test_settings_that_are_no_numbers_are_texts_in_the_table(swept: Swept) -> None:
    sweep = swept("limit=none,3", "widths=2;4,2")
    assert set(sweep.table["limit"]) == set(sweep.axes["limit"]) == {"none", "3"}
    assert set(sweep.table["widths"]) == set(sweep.axes["widths"]) == {"2", "4,2"}


def test_the_same_sweep_gives_the_same_bytes(swept: Swept, tmp_path: Path) -> None:
    assert table_bytes(swept(*GRID)) == table_bytes(swept(*GRID, root=tmp_path / "other"))


def test_each_point_by_a_run_gives_what_all_together_give(swept: Swept) -> None:
    axes = ("learning_rate=0.1,0.5", "limit=none,2", "seed=0:2")
    together = swept(*axes).table
    sweep = swept(*axes, engine="each")
    each = sweep.table
    assert sweep.metadata["engine"] == "processes"
    assert list(each.columns) == [
        "learning_rate", "limit", "seed", "final_error", "x", "side", "nothing", "state", "reason"
    ]  # fmt: skip
    same = ["learning_rate", "limit", "seed"]
    pd.testing.assert_frame_equal(each[same], together[same])
    np.testing.assert_allclose(each["final_error"], together["final_error"], rtol=1e-12)
    assert set(each["side"]) == {"left", "right"}
    runs = sorted(sweep.runs, key=lambda run: run.id)  # two may begin at once
    assert {run.path.parent for run in runs} == {sweep.path / "runs" / "0000"}
    assert [run.id for run in runs] == [f"point-{n:07d}" for n in range(8)]
    assert [run.config.learning_rate for run in runs] == list(each["learning_rate"])


@pytest.mark.parametrize("engine", ["together", "each"])
def test_a_setting_in_a_part_is_swept_by_its_path(
    engine: str, swept: Swept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("epoque.bench.sweeps.run_sweep.PART_SIZE_LIMITS", (1, 1))
    monkeypatch.setattr("epoque.bench.sweeps.blocks.MAX_POINTS", 1)
    axes = ("wind.gust.strength=0,0.5", "wind.gust.until=1:3")
    whole = swept(*axes, engine=engine)
    assert list(whole.table.columns)[:2] == ["wind.gust.strength", "wind.gust.until"]
    assert whole.rows({"wind.gust.strength": 0.5})["final_error"].nunique() == 2
    assert whole.command.startswith(f"epoque sweep bowl/test {' '.join(axes)}")
    assert whole.config.wind.gust.until == 5  # the default of this wind, not of every gust

    def stop(done: int, *_: object) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        swept(*axes, engine=engine, progress=stop, root=tmp_path / "other")
    (interrupted,) = Sweeps(tmp_path / "other")
    resumed = resume_sweep(interrupted, figures=False)
    assert table_bytes(resumed) == table_bytes(whole)
    text = dict(axis.split("=") for axis in axes)
    match = Sweeps(tmp_path / "other").find("bowl/test", text, config=whole.config)
    assert match is not None
    assert match.path == resumed.path


def test_what_a_point_leaves_idle_gives_way_in_its_own_run(tmp_path: Path) -> None:
    lab = find_lab("neuron")
    base = lab.config_class.parse({"model": "mlp", "hidden_layers": "3", "iterations": 2})
    axes = parse_axes(base, ["model=perceptron,mlp"])
    options: dict[str, Any] = {"execution": Execution(Here()), "figures": False}
    sweep = run_sweep(lab, "neuron/test", base, axes, tmp_path, **options)
    assert list(sweep.table["state"]) == ["finished"] * 2
    configs = [run.config for run in sweep.runs]
    assert configs == [base.replace(model="perceptron"), base]
    assert configs[0].hidden_layers == (2,)


def test_progress_is_told(swept: Swept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("epoque.bench.sweeps.run_sweep.PART_SIZE_LIMITS", (10, 10))
    calls: list[tuple[int, int]] = []
    swept("learning_rate=0.1:1:log:5", "seed=0:5", progress=lambda *now: calls.append(now))
    assert calls == [(5, 25), (10, 25), (15, 25), (20, 25), (25, 25)]
    calls.clear()
    swept("seed=0:3", engine="each", progress=lambda *now: calls.append(now))
    assert calls == [(0, 3), (1, 3), (2, 3), (3, 3)]


# Parts


@pytest.mark.parametrize(
    ("axes", "limit", "expected"),
    [
        (("seed=0:100",), 100, 100),
        (("seed=0:100",), 60, 50),
        (("seed=0:101",), 60, 51),  # 101 is prime: two parts, the last filled up
        (("learning_rate=0.1:1:log:10", "seed=0:100"), 250, 200),
        (("learning_rate=0.1:1:log:7", "seed=0:100"), 250, 100),
        (("shape=round,steep", "learning_rate=0.1:1:log:4", "seed=0:100"), 1000, 800),
        (("shape=round,steep", "learning_rate=0.1:1:log:4", "seed=0:100"), 450, 400),
    ],
)
def test_parts_are_whole_blocks_where_that_wastes_little(
    axes: tuple[str, ...], limit: int, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("epoque.bench.sweeps.run_sweep.PART_SIZE_LIMITS", (limit, limit))
    lab = find_lab("bowl")
    assert (
        choose_part_size(lab, lab.config_class(), parse_axes(lab.config_class(), axes)) == expected
    )


def test_longer_runs_make_smaller_parts() -> None:
    lab = find_lab("bowl")

    def part(iterations: str) -> int:
        base = lab.config_class.parse({})
        axes = parse_axes(base, [f"iterations={iterations}", "seed=0:100000"])
        return choose_part_size(lab, base, axes)

    assert part("10,20") == 20_000
    assert part("10,1000") == 1_000


def test_all_parts_are_equally_long(
    swept: Swept, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    calls = tmp_path / "calls"
    whole = swept("seed=0:101")
    monkeypatch.setenv("BOWL_CALLS", str(calls))
    monkeypatch.setattr("epoque.bench.sweeps.run_sweep.PART_SIZE_LIMITS", (30, 30))
    parted = swept("seed=0:101")
    assert calls.read_text().split() == ["26"] * 4
    pd.testing.assert_frame_equal(parted.table, whole.table)


# Failures


def test_a_run_that_fails_is_a_row_and_stops_no_other(swept: Swept) -> None:
    table = swept("learning_rate=0.1,50", "fate=live,die", engine="each").table
    assert list(table["state"]) == ["finished", "failed", "failed", "failed"]
    reasons = list(table["reason"])
    assert reasons[0] == ""
    assert reasons[1] == reasons[3] == "Given up after 4 attempts. Its process ended: Killed."
    assert "x is not finite at iteration 4" in reasons[2]
    assert table["final_error"].isna().tolist() == [False, True, True, True]


def test_a_sweep_of_which_all_runs_fail_has_failed(swept: Swept, tmp_path: Path) -> None:
    with pytest.raises(EpoqueError, match="All 2 runs failed, the first with: Training diverged"):
        swept("learning_rate=50,60", engine="each")
    (sweep,) = Sweeps(tmp_path / "runs")
    assert sweep.status.state == "failed"
    assert "All 2 runs failed" in sweep.status.reason
    assert list(sweep.table["state"]) == ["failed", "failed"]


def test_a_full_disk_is_one_error_and_what_was_measured_is_kept(
    swept: Swept, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("epoque.bench.sweeps.run_sweep.PART_SIZE_LIMITS", (10, 10))
    expected = table_bytes(swept("seed=0:40", root=tmp_path / "whole"))

    def fill_the_disk(done: int, points: int) -> None:
        if done == 20:
            import resource

            resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))

    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        with pytest.raises(RunWriteError, match=r"part-0000020.parquet: the file would"):
            swept("seed=0:40", progress=fill_the_disk)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    (sweep,) = Sweeps(tmp_path / "runs")
    assert sweep.status.state == "interrupted"  # nothing more could be written
    assert list(sweep.table["seed"]) == list(range(20))
    assert table_bytes(resume_sweep(Sweep(sweep.path), figures=False)) == expected


def test_a_sweep_is_written_by_one_process_at_a_time(swept: Swept) -> None:
    path = swept("seed=0:3").path
    for name in ("table.parquet", "manifest.json"):
        (path / name).unlink()
    status = json.loads((path / "status.json").read_text())
    (path / "status.json").write_text(json.dumps({**status, "state": "interrupted"}))
    with lock_record(path), pytest.raises(RunLockedError, match="Another process is writing"):
        resume_sweep(Sweep(path), figures=False)


def test_a_finished_sweep_is_not_resumed(swept: Swept) -> None:
    with pytest.raises(UsageError, match="already finished"):
        resume_sweep(swept("seed=0:3"), figures=False)


def test_damage_is_one_clear_error(swept: Swept, tmp_path: Path) -> None:
    path = swept("seed=0:3").path
    (path / "table.parquet").write_bytes(b"PAR1 nothing")
    with pytest.raises(DamagedRunError, match=r"table.parquet is not what the finished sweep"):
        _ = Sweep(path).table
    manifest = json.loads((path / "sweep.json").read_text())
    for damage in (
        {"axes": {"seed": "3:1"}},
        {"config": {"low": "x"}},
        {"axes": []},
        {"format": 99},
    ):
        (path / "sweep.json").write_text(json.dumps({**manifest, **damage}))
        with pytest.raises(DamagedRunError):
            _ = Sweep(path).axes
    with pytest.raises(UnknownNameError, match="There is no sweep 'nowhere'"):
        Sweep.open(tmp_path / "nowhere")


def cut_in_half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def zero_the_first_column(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[:4] + bytes(64) + data[68:])


@pytest.mark.parametrize("damage", [Path.unlink, cut_in_half, zero_the_first_column])
def test_a_table_that_was_lost_is_measured_again(
    damage: Callable[[Path], None], swept: Swept
) -> None:
    whole = swept("seed=0:3")
    expected = table_bytes(whole)
    damage(whole.path / "table.parquet")
    query = {"recipe": "bowl/test", "axes_text": {"seed": "0:3"}}
    match = Sweeps(whole.path.parent).find(**query, finished=False)  # as the same command does
    assert match is not None
    assert (match.path, match.status.state) == (whole.path, "finished")
    assert Sweeps(whole.path.parent).find(**query) is None
    assert table_bytes(resume_sweep(match, figures=False)) == expected


def test_the_table_is_on_the_disk_before_its_parts_go(
    swept: Swept, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[tuple[bool, int]] = []

    def write(path: Path, data: bytes, *, durable: bool = False) -> None:
        if path.name == "table.parquet":
            parts = [p.name for p in (path.parent / "parts").rglob("*.*")]
            synced.append((durable, len(parts)))
        write_atomic(path, data, durable=durable)

    monkeypatch.setattr("epoque.bench.files.parquet_table.write_atomic", write)
    assert not (swept("seed=0:3").path / "parts").exists()
    assert synced == [(True, 2)]  # a part and the journal


@given(
    name=st.sampled_from(["sweep.json", "status.json", "table.parquet", "environment.json"]),
    at=st.floats(0, 1),
    junk=st.binary(max_size=40),
    cut=st.booleans(),
)
@settings(max_examples=80)
def test_whatever_is_damaged_nothing_but_a_clear_error_comes_of_it(
    *, name: str, at: float, junk: bytes, cut: bool, swept: Swept, tmp_path: Path
) -> None:
    root = tmp_path / "runs"
    if not root.exists():
        swept("learning_rate=0.1,0.2", "seed=0:3")
    (sweep,) = Sweeps(root)
    path = sweep.path / name
    whole = path.read_bytes()
    place = int(at * len(whole))
    path.write_bytes(whole[:place] + junk + (b"" if cut else whole[place + len(junk) :]))
    try:
        Sweeps(root).find("bowl/test", {"seed": "0:3"})
        for look in ("table", "axes", "status", "config", "command", "environment", "score"):
            with suppress(DamagedRunError, UnknownNameError):
                getattr(Sweep(sweep.path), look)
    finally:
        path.write_bytes(whole)


@pytest.mark.parametrize("key", ["part_points", "points", "engine", "score", "lab", "config"])
def test_a_manifest_that_says_too_little_is_damaged(key: str, swept: Swept) -> None:
    path = swept("seed=0:3").path
    for name in ("table.parquet", "manifest.json"):
        (path / name).unlink()
    (path / "status.json").write_text(
        (path / "status.json").read_text().replace("finished", "interrupted")
    )
    manifest = json.loads((path / "sweep.json").read_text())
    for value in (None, 0, []):
        (path / "sweep.json").write_text(json.dumps({**manifest, key: value}))
        with pytest.raises(DamagedRunError, match="is damaged"):
            resume_sweep(Sweep(path), figures=False)


def test_reading_and_parsing_load_nothing_heavy() -> None:
    heavy = ("jax", "torch", "matplotlib", "pandas", "pyarrow", "scipy", "optuna", "numpy")
    code = (
        "import sys, epoque.bench.sweeps.sweep, epoque.bench.sweeps.search\n"
        "import epoque.bench.sweeps.grid as g\n"
        "from epoque.neuron.config import NeuronConfig\n"
        "g.parse_axes(NeuronConfig(), ['seed=0:9', 'update=online,batch'])\n"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    process = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert process.stdout == "[]\n"


# Stopping and going on


def interrupt_after(count: int) -> Callable[[int, int], None]:
    def progress(done: int, points: int) -> None:
        if done >= count:
            raise KeyboardInterrupt

    return progress


@pytest.mark.parametrize("engine", ["together", "each"])
def test_an_interrupted_sweep_goes_on_where_it_stopped(
    engine: str, swept: Swept, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("epoque.bench.sweeps.run_sweep.PART_SIZE_LIMITS", (2, 2))
    monkeypatch.setattr("epoque.bench.sweeps.blocks.MAX_POINTS", 1)
    axes = ("learning_rate=0.1,0.2", "seed=0:4")
    expected = swept(*axes, engine=engine, root=tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        swept(*axes, engine=engine, progress=interrupt_after(4))
    (sweep,) = Sweeps(tmp_path / "runs")
    assert sweep.status.state == "interrupted"
    assert sweep.status.reason == "stopped by the user"
    assert len(sweep.table) == 4
    counts: list[int] = []
    done = resume_sweep(sweep, figures=False, progress=lambda done, _: counts.append(done))
    assert table_bytes(done) == table_bytes(expected)
    assert done.status.state == "finished"


@pytest.mark.parametrize("engine", ["together", "each"])
def test_a_signal_stops_a_sweep_and_loses_nothing_of_its_runs(
    engine: str, swept: Swept, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("epoque.bench.sweeps.run_sweep.PART_SIZE_LIMITS", (1, 1))
    monkeypatch.setattr(
        "epoque.bench.sweeps.executor.SECONDS_TO_STOP", PATIENCE
    )  # however busy it is
    axes, settings = ("seed=0:3",), {"engine": engine, "checkpoint_every": 2000, "iterations": 1000}
    expected = table_bytes(swept(*axes, root=tmp_path / "whole", **settings))

    def under_way() -> bool:
        return any(0 < rows_of(run) < 900 for run in begun_in(tmp_path).runs)

    def signal_this(done: int, _: int) -> None:
        if done == 1:
            wait_for(lambda: engine == "together" or under_way())
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(Interrupt):
        swept(*axes, progress=signal_this, **settings, pace=0.003, executor=LocalExecutor(2))
    sweep = begun_in(tmp_path)
    assert sweep.status.reason == "stopped by SIGTERM"
    interrupted = [run for run in sweep.runs if run.status.state == "interrupted"]
    assert all(run.status.reason == "stopped by SIGTERM" for run in interrupted)
    assert [run.checkpoint().step for run in interrupted] == [rows_of(run) for run in interrupted]
    assert (engine == "together") != bool(interrupted)
    assert table_bytes(resume_sweep(sweep, figures=False)) == expected


def begun_in(folder: Path) -> Sweep:
    (sweep,) = Sweeps(folder / "runs")
    return sweep


def rows_of(run: Run) -> int:
    return len(list(run.metric_rows()))


def test_the_neuron_lab_goes_on_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("epoque.bench.sweeps.run_sweep.PART_SIZE_LIMITS", (8, 8))
    lab = find_lab("neuron")
    base = lab.config_class.parse({"iterations": "40"})
    axes = parse_axes(base, ["learning_rate=0.1:10:log:5", "seed=0:4"])
    whole = run_sweep(lab, "neuron/and", base, axes, tmp_path / "whole", figures=False)
    assert whole.metadata["part_points"] == 4
    assert whole.metadata["engine"] == "compiled"
    with pytest.raises(KeyboardInterrupt):
        run_sweep(lab, "neuron/and", base, axes, tmp_path / "runs", progress=interrupt_after(8))
    (sweep,) = Sweeps(tmp_path / "runs")
    assert len(sweep.table) == 8
    done = resume_sweep(sweep)
    assert table_bytes(done) == table_bytes(whole)
    assert done.figures


def test_runs_that_failed_are_tried_again(
    swept: Swept, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(EpoqueError):
        swept("fate=die", "seed=0:2", engine="each")
    (sweep,) = Sweeps(tmp_path / "runs")
    monkeypatch.setenv("BOWL_IS_SAFE", "now")  # what killed them is gone
    assert list(resume_sweep(sweep, figures=False).table["state"]) == ["finished"] * 2


def test_a_part_that_is_damaged_is_measured_again(
    swept: Swept, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("epoque.bench.sweeps.run_sweep.PART_SIZE_LIMITS", (2, 2))
    expected = swept("seed=0:6", root=tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        swept("seed=0:6", progress=interrupt_after(4))
    (sweep,) = Sweeps(tmp_path / "runs")
    (sweep.path / "parts" / "0000" / "part-0000000.parquet").write_bytes(b"")
    assert list(sweep.table["seed"]) == [2, 3]
    assert table_bytes(resume_sweep(Sweep(sweep.path), figures=False)) == table_bytes(expected)


SCRIPT = """
import sys
import epoque.bench.sweeps.run_sweep as run_sweep
from epoque.bench.sweeps.execution import Execution
from epoque.bench.sweeps.executor import LocalExecutor
from epoque.bench.sweeps.grid import parse_axes
from epoque.bench.sweeps.sweep import Sweeps
from epoque.bench.lab import find_lab

if __name__ == "__main__":
    run_sweep.PART_SIZE_LIMITS = (5, 5)
    root, engine, pace = sys.argv[1:4]
    lab = find_lab("bowl")
    base = lab.config_class.parse({"engine": engine, "pace": pace, "checkpoint_every": 3})
    axes = parse_axes(base, sys.argv[4:])
    existing = list(Sweeps(root))
    execution = Execution(LocalExecutor(2))
    print("ready", flush=True)
    if not existing:
        run_sweep.run_sweep(lab, "bowl/test", base, axes, root, figures=False, execution=execution)
    elif not existing[0].is_complete:
        run_sweep.resume_sweep(existing[0], figures=False, execution=execution)
"""


@contextmanager
def script(tmp_path: Path, *words: str) -> Iterator["subprocess.Popen[str]"]:
    """Start the sweep, or go on with it, in a process of its own."""
    path = tmp_path / "script.py"
    path.write_text(SCRIPT)
    with subprocess.Popen(
        [sys.executable, str(path), str(tmp_path / "runs"), *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n", process.communicate()[1]
        yield process


@pytest.mark.parametrize(
    ("engine", "pace", "axes"),
    [
        ("together", "0.02", ("learning_rate=0.1:1:log:4", "seed=0:10")),
        ("each", "0.01", ("learning_rate=0.1,40", "seed=0:3")),
    ],
)
@pytest.mark.slow
def test_killed_at_random_moments_it_ends_with_the_same_bytes(
    engine: str, pace: str, axes: tuple[str, ...], tmp_path: Path
) -> None:
    words = (engine, pace, *axes)
    whole = tmp_path / "whole"
    whole.mkdir()
    with script(whole, *words) as process:
        clock = time.monotonic()
        assert process.wait() == 0
    window = (time.monotonic() - clock) / 4  # it may be four times faster alone
    (expected,) = Sweeps(whole / "runs")
    chance, kills = random.Random(engine), 0
    for folder in (tmp_path / f"{attempt}" for attempt in itertools.count()):
        folder.mkdir()
        killed = kill_until_finished(folder, words, expected, window, chance)
        (sweep,) = Sweeps(folder / "runs")
        assert table_bytes(sweep) == table_bytes(expected)
        assert left_in(sweep) == left_in(expected)
        kills += killed
        if kills >= 2:
            return
        window /= 2  # what ended before it was killed is much faster now


def kill_until_finished(
    folder: Path, words: tuple[str, ...], expected: Sweep, window: float, chance: random.Random
) -> int:
    """Sweep, killing it within so many seconds until it gets through; return the kills."""
    for kills in range(100):
        with script(folder, *words) as process:
            try:
                # Patience grows with each kill: on a busy machine it must still come to its end.
                code = process.wait(timeout=chance.uniform(0, window) * 1.1**kills)
            except subprocess.TimeoutExpired:
                process.kill()
            else:
                assert code == 0
                return kills
        for sweep in Sweeps(folder / "runs"):
            assert sweep.status.state in ("interrupted", "finished")
            assert set(sweep.table.columns) <= set(expected.table.columns)
    raise AssertionError("a hundred kills did not let it through")


def left_in(sweep: Sweep) -> set[str]:
    """Return what lies in a sweep's folder, but the mark that its last writer takes away.

    One that is killed after it said that the sweep is finished may leave it.
    """
    drafts = {path.name for path in sweep.path.rglob("*.tmp") if OWNER not in path.name}
    return {path.name for path in sweep.path.iterdir()} - {OWNER} | drafts


@pytest.mark.slow
def test_ctrl_c_stops_cleanly_and_leaves_no_process(tmp_path: Path) -> None:
    with script(tmp_path, "each", "0.2", "seed=0:4") as process:
        lines = "runs/*/runs/*/*/metrics.jsonl"  # there, but empty, before a run has begun
        wait_for(lambda: sum(path.stat().st_size > 0 for path in tmp_path.glob(lines)) >= 2)
        workers = psutil.Process(process.pid).children(recursive=True)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the workers too
        _, errors = process.communicate(timeout=PATIENCE)
    assert "stopped by Ctrl-C (SIGINT)" in errors
    assert errors.count("Traceback") == 1  # the script's own; the workers are silent
    wait_for(lambda: all(ended(worker.pid) for worker in workers), "the end of the workers")
    (sweep,) = Sweeps(tmp_path / "runs")
    assert sweep.status.reason == "stopped by Ctrl-C (SIGINT)"
    reasons = {run.status.reason for run in sweep.runs}
    assert reasons == {"stopped by SIGTERM"}  # which is how a sweep tells its workers


# Finding


def test_the_latest_finished_one_is_found(swept: Swept, tmp_path: Path) -> None:
    sweeps = Sweeps(tmp_path / "runs")
    text = {"seed": "0:3"}
    assert sweeps.find("bowl/test", text) is None
    swept("seed=0:3", iterations=5)
    latest = swept("seed=0:3")
    swept("seed=0:2")
    with pytest.raises(KeyboardInterrupt):
        swept("seed=0:3", progress=interrupt_after(3))
    assert len(list(sweeps)) == 4
    match = sweeps.find("bowl/test", text)
    assert match is not None
    assert match.path == latest.path
    five = sweeps.find("bowl/test", text, config=find_lab("bowl").config_class(iterations=5))
    assert five is not None
    assert five.config.iterations == 5
    interrupted = sweeps.find("bowl/test", text, finished=False)
    assert interrupted is not None
    assert interrupted.status.state == "interrupted"
    assert sweeps.find("bowl/other", text) is None
    assert sweeps.find("bowl/test", {"seed": "0:4"}) is None


# Statistics


def test_the_summary_is_over_the_seeds(swept: Swept) -> None:
    sweep = swept("learning_rate=0.1:0.4:log:4", "shape=round,steep", "seed=0:50")
    aggregates = sweep.aggregate()
    assert list(aggregates.columns) == [
        "learning_rate", "shape", "runs", "final_error_median", "final_error_low",
        "final_error_high",
    ]  # fmt: skip
    assert len(aggregates) == 8
    assert (aggregates["runs"] == 50).all()
    for row in aggregates.itertuples():
        errors = [bowl_error(seed, row.learning_rate, row.shape) for seed in range(50)]
        expected = np.quantile(errors, (0.5, 0.025, 0.975))
        actual = (row.final_error_median, row.final_error_low, row.final_error_high)
        np.testing.assert_allclose(actual, expected, rtol=1e-9)


def test_without_seeds_each_row_stands_for_itself_and_with_seeds_alone_there_is_one() -> None:
    table = pd.DataFrame({"rate": [1.0, 2.0], "seed": [0, 1], "error": [0.5, np.nan]})
    alone = aggregate_runs(table, ["rate"], ["error"])
    assert alone["error_median"].tolist()[0] == 0.5
    assert alone["runs"].tolist() == [1, 1]
    (row,) = aggregate_runs(table, ["seed"], ["error"]).itertuples(index=False)
    assert (row.runs, row.error_median, row.error_low) == (2, 0.5, 0.5)


def test_a_median_tells_of_how_many_runs_it_knows_nothing() -> None:
    table = pd.DataFrame({"rate": [1, 1, 2, 2], "seed": [0, 1] * 2, "error": [0.5, None, 3, 4]})
    aggregates = aggregate_runs(table, ["rate", "seed"], ["error"])
    assert list(aggregates.columns[:3]) == ["rate", "runs", "undefined"]
    assert aggregates["undefined"].tolist() == [1, 0]
    assert "undefined" not in aggregate_runs(table[2:], ["rate", "seed"], ["error"])
