"""What is written: whole folders, appended metrics, checkpoints that give back what they took."""

import json
import math
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import line_lab
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from epoque.bench.events import Artifact, Checkpoint, Metrics, Snapshot
from epoque.bench.files.atomic import encode_json_line
from epoque.bench.lab import lab_of
from epoque.bench.runs.execute import execute
from epoque.bench.runs.run import Run, Runs
from epoque.bench.runs.run_writer import RunWriter, create_run
from epoque.bench.system.processes import rank, world_size

Start = Callable[..., Run]


def test_a_new_run_is_whole(started: Start) -> None:
    run = started(seed=5)
    assert re.fullmatch(r"\d{8}T\d{6}\.\d{3}-line-fit", run.id)
    assert run.config == line_lab.LineConfig(seed=5)
    assert (run.recipe, lab_of(run)) == ("line/fit", line_lab.LAB)
    assert (run.status.state, run.status.reason) == ("interrupted", "not started")
    assert run.environment["seed"] == 5
    assert run.environment["packages"]["numpy"] == np.__version__
    assert run.metrics.empty
    assert run.checkpoint_steps == run.snapshot_steps() == []
    assert not list(run.path.parent.glob(".*.tmp"))
    assert run.path.stat().st_mode & 0o777 == 0o755


def test_the_device_is_told_once_the_training_has_begun(started: Start) -> None:
    run = started(iterations=20)
    assert (run.environment["device"], run.environment["processes"]) == ("cpu", 1)
    execute(run, draw=False)
    told = dict(Run(run.path).environment)
    signature = told.pop("sha256")
    assert told == {**run.environment, "device": "a slide rule"}
    for damage in ("{", json.dumps({**told, "sha256": signature, "cores": 1_000_000})):
        damaged = started(iterations=20)
        (damaged.path / "environment.json").write_text(damage)
        assert execute(damaged, draw=False).environment == {**told, "sha256": signature}


@pytest.mark.parametrize(
    ("told", "expected"), [(("1", "4"), (1, 4)), (("", ""), (0, 1)), (("x", "-2"), (0, 1))]
)
def test_processes_started_together_know_their_number(
    told: tuple[str, str], expected: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RANK", told[0])
    monkeypatch.setenv("WORLD_SIZE", told[1])
    assert (rank(), world_size()) == expected


def test_every_setting_is_in_config_json(started: Start) -> None:
    told = json.loads((started().path / "config.json").read_bytes())
    assert set(told["config"]) == set(line_lab.LineConfig.model_fields)


def test_ids_sort_by_time_and_never_collide(tmp_path: Path) -> None:
    runs = [create_run(tmp_path, "line", "line/fit", line_lab.LineConfig()) for _ in range(20)]
    assert len({run.id for run in runs}) == 20
    assert Runs(tmp_path).ids() == sorted(run.id for run in runs)
    stamps = [run.id[:19] for run in runs]
    assert stamps == sorted(stamps)


def test_a_taken_name_is_numbered(tmp_path: Path) -> None:
    made = [create_run(tmp_path, "line", "a", line_lab.LineConfig(), "name") for _ in range(3)]
    assert [run.id for run in made] == ["name", "name-2", "name-3"]


def test_metrics_are_lines_of_json(started: Start) -> None:
    run = started()
    folder = RunWriter(run)
    folder.log(Metrics(1, {"error": 0.1, "w0": -1.0}))
    folder.log(Metrics(2, {"error": math.nan, "w0": math.inf}))
    folder.close("finished")
    text = (run.path / "metrics.jsonl").read_text()
    assert text == '{"step":1,"error":0.1,"w0":-1.0}\n{"step":2,"error":null,"w0":null}\n'
    frame = run.metrics
    assert frame.index.tolist() == [1, 2]
    assert frame.loc[1].tolist() == [0.1, -1.0]
    assert frame.loc[2].isna().all()
    assert set(frame.dtypes) == {np.dtype(float)}


def test_a_number_that_is_never_defined_is_still_a_column_of_numbers(started: Start) -> None:
    run = started()
    folder = RunWriter(run)
    folder.log(Metrics(1, {"error": math.nan}))
    folder.close("finished")
    assert run.metrics["error"].dtype == float


def test_the_seconds_of_a_run_that_is_killed_are_known(started: Start) -> None:
    run = started()
    folder = RunWriter(run)
    assert Run(run.path).status.seconds < 1
    folder._status._clock -= 60  # as if a minute had passed
    folder.log(Metrics(1, {"error": 1.0}))
    assert Run(run.path).status.seconds < 1  # not at each line
    folder._noted -= 60
    folder.log(Metrics(2, {"error": 1.0}))
    folder._file.close()  # as if its process had died
    assert Run(run.path).status.state == "interrupted"
    assert Run(run.path).status.seconds > 60


def test_metrics_reach_the_disk_while_training_goes_on(started: Start) -> None:
    run = started()
    folder = RunWriter(run)
    for step in range(1, 5000):
        folder.log(Metrics(step, {"error": 1.0}))
    assert len(Run(run.path).metrics) == 4096
    folder._flushed -= 1  # as if a second had passed
    folder.log(Metrics(5000, {"error": 1.0}))
    assert len(Run(run.path).metrics) == 5000
    assert run.status.state == "interrupted"  # nobody holds the lock here
    folder.close("finished")


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_comes_back_to_the_last_bit(number: float) -> None:
    told = json.loads(encode_json_line({"x": number}))["x"]
    assert np.float64(told).tobytes() == np.float64(number).tobytes()


ARRAYS = st.dictionaries(
    st.text(max_size=20).filter(lambda name: name != "__metadata__"),
    arrays_of.arrays(
        st.sampled_from(["<f8", "<f4", "<f2", "<i8", "<i4", "u1", "<u4", "?"]),
        arrays_of.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3),
    ),
    max_size=4,
)
STATES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**200), 2**200) | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


@settings(max_examples=60)
@given(arrays=ARRAYS, state=STATES)
def test_a_checkpoint_gives_back_what_it_took(
    started: Start, arrays: dict[str, np.ndarray], state: Any
) -> None:
    run = started()
    folder = RunWriter(run)
    folder.log(Checkpoint(7, arrays, {"state": state}))
    folder.close("finished")
    back = run.checkpoint()
    assert back.step == 7
    assert back.state["state"] == state
    assert set(back.arrays) == set(arrays)
    for name, array in arrays.items():
        assert back.arrays[name].dtype == array.dtype
        assert back.arrays[name].shape == array.shape
        assert back.arrays[name].tobytes() == array.tobytes()


def test_arrays_in_any_layout(started: Start) -> None:
    run = started()
    folder = RunWriter(run)
    grid = np.arange(12.0).reshape(3, 4)
    folder.log(Snapshot(1, {"t": grid.T, "s": grid[::2, ::-1], "f": np.asfortranarray(grid)}))
    folder.close("finished")
    back = run.snapshot(1)
    assert (back["t"] == grid.T).all()
    assert (back["s"] == grid[::2, ::-1]).all()
    assert (back["f"] == grid).all()


def test_a_checkpoint_counts_only_with_its_json(started: Start) -> None:
    run = started()
    folder = RunWriter(run)
    folder.log(Checkpoint(1, {"w": np.ones(2)}))
    folder.log(Checkpoint(2, {"w": np.ones(2)}))
    folder.close("interrupted")
    (run.path / "checkpoints" / "step-0000000002.json").unlink()
    assert run.checkpoint_steps == [1]


def test_resuming_drops_the_metrics_after_the_checkpoint(started: Start) -> None:
    run = started()
    folder = RunWriter(run)
    folder.log(Metrics(1, {"error": 1.0}))
    folder.log(Checkpoint(1, {}))
    folder.log(Metrics(2, {"error": 0.5}))
    folder.close("interrupted")
    with (run.path / "metrics.jsonl").open("ab") as file:
        file.write(b'{"step":3,"err')
    resumed = RunWriter(run)
    resumed.log(Metrics(2, {"error": 0.25}))
    resumed.close("finished")
    assert run.metrics["error"].tolist() == [1.0, 0.25]


def test_metrics_that_end_before_the_checkpoint_begin_anew(started: Start) -> None:
    run = started()
    folder = RunWriter(run)
    folder.log(Metrics(1, {"error": 1.0}))
    folder.log(Checkpoint(1, {}))
    folder.close("interrupted")
    (run.path / "metrics.jsonl").write_bytes(b"")
    RunWriter(run).close("interrupted")
    assert run.checkpoint_steps == []


def test_drafts_of_a_killed_process_are_removed(started: Start) -> None:
    run = started()
    for draft in (".status.json.123.tmp", "checkpoints/.step-0000000001.safetensors.123.tmp"):
        (run.path / draft).write_bytes(b"half")
    RunWriter(run).close("finished")
    assert not list(run.path.rglob("*.tmp"))


def test_an_artifact_is_a_file_of_the_run(started: Start) -> None:
    run = started()
    folder = RunWriter(run)
    folder.log(Artifact("weights.csv", b"w\n1\n"))
    folder.close("finished")
    assert run.artifact("weights.csv") == b"w\n1\n"
    with pytest.raises(AssertionError, match="not a plain file name"):
        folder.log(Artifact(os.path.join("..", "weights.csv"), b""))
