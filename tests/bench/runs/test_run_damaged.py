"""A run folder damaged at any file: each reader works or tells one of our errors, no other."""

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import line_lab
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from epoque.bench.errors import DamagedRunError, EpoqueError, RunFormatError, UnknownNameError
from epoque.bench.runs.execute import execute, resume, start
from epoque.bench.runs.run import Run, Runs

SETTINGS = {"iterations": 60, "checkpoint_every": 20, "seed": 3}


class Stop:
    """Stops a training as Control-C does."""

    def log(self, event: Any) -> None:
        if getattr(event, "step", 0) == 50:
            raise KeyboardInterrupt

    def close(self, state: str, reason: str = "") -> None: ...


@pytest.fixture(scope="module", autouse=True)
def _the_lab_is_found_by_the_module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("epoque.bench.plugins.find_entry_points", line_lab.installed_too)
        yield


@pytest.fixture(scope="module")
def runs(
    tmp_path_factory: pytest.TempPathFactory, _the_lab_is_found_by_the_module: None
) -> dict[str, Run]:
    """One run that is finished and one that was interrupted, each with all its files."""
    config = line_lab.LineConfig(**SETTINGS)
    made = {}
    for name in ("finished", "interrupted"):
        made[name] = start(line_lab.LAB, config, "line/fit", tmp_path_factory.mktemp(name))
    execute(made["finished"])
    with pytest.raises(KeyboardInterrupt):
        execute(made["interrupted"], [lambda _: Stop()])
    return made


def readers(run: Run) -> Iterator[Callable[[], Any]]:
    """All that can be asked of a run folder."""
    yield lambda: Run.open(run.path)
    yield lambda: (run.id, repr(run), run.figures, run.checkpoint_steps, run.is_locked())
    yield lambda: run.metadata
    yield lambda: run.recipe
    yield lambda: run.config
    yield lambda: run.environment
    yield lambda: run.status
    yield lambda: run.metrics
    yield lambda: [sum(filter(None, row.values())) for row in run.metric_rows()]
    yield lambda: run.results
    yield lambda: run.checkpoint()
    yield lambda: run.checkpoint(20)
    yield lambda: [run.snapshot(step) for step in run.snapshot_steps()]
    yield lambda: run.artifact("weights.csv")
    yield lambda: str(Runs(run.path.parent).table())
    yield lambda: Runs(run.path.parent).find("line")
    yield lambda: Run(resume(run, draw=False).path).results


def read_all(run: Run) -> list[str]:
    """Ask for everything; return what was told. Any other exception passes and fails the test."""
    told = []
    for reader in readers(run):
        try:
            reader()
        except EpoqueError as error:
            told.append(str(error))
    for text in told:
        assert 10 < len(text) < 600, text
        assert text.endswith((".", "?")), text
        assert all(line.strip() for line in text.splitlines()), text
    return told


nested = "[" * 900 + "]" * 900
SHAPES = [
    b"null", b"[]", b"{}", b"3", b'"text"', b"{}\n{}\n", b"[[[", b"\xff\xfe\x00", b"\x00" * 50,
    b"1e999", b"9" * 400, b"9" * 5000, b'{"step": 1e400}\n', b'{"step": -1}\n', b'{"step": true}\n',
    b'{"step": "1"}\n', b'{"step": 1, "error": "x"}\n', b'{"step": 1, "error": [1]}\n',
    b'{"step": 1, "error": ' + b"9" * 400 + b"}\n", b'{"step": 1, "error": "\\ud800"}\n',
    nested.encode(), b'{"step": 1, "a": ' + nested.encode() + b"}\n", b"[" * 200_000,
]  # fmt: skip

ODD = st.sampled_from(
    [None, True, -1, 0.5, 1e308, float("inf"), float("nan"), 10**30, 10**400, "", "x" * 500,
     "\ud800", [], [1, [2, [3]]], {}, {"a": {"b": 1}}, json.loads(nested), "finished",
     "running", 2**63]
)  # fmt: skip


@st.composite
def damages(draw: Callable[[Any], Any]) -> Callable[[Path], str]:
    """Draw a way to damage one file; the function does it and says what it did."""
    kind = draw(st.sampled_from(["flip", "cut", "empty", "delete", "folder", "shape", "value"]))
    where = draw(st.floats(0, 1))
    byte = draw(st.integers(1, 255))
    shape = draw(st.sampled_from(SHAPES))
    odd = draw(ODD)

    def damage(path: Path) -> str:
        data = bytearray(path.read_bytes())
        place = min(int(where * len(data)), len(data) - 1)
        path.unlink()
        if kind == "flip" and data:
            data[place] ^= byte
        elif kind == "cut":
            del data[place:]
        elif kind == "empty":
            data.clear()
        elif kind == "shape":
            data[:] = shape
        elif kind == "value":
            data[:] = replaced(bytes(data), where, odd)
        if kind == "folder":
            path.mkdir()
        elif kind != "delete":
            path.write_bytes(data)
        return f"{kind} {path.name} at {place}"

    return damage


def replaced(data: bytes, where: float, odd: Any) -> bytes:
    """Return JSON in which one value, at any depth, is another; other files as they are."""
    try:
        lines = [json.loads(line) for line in data.splitlines()]
        whole = False
    except ValueError:
        try:
            lines, whole = [json.loads(data)], True
        except ValueError:
            return data
    if not lines or not isinstance(lines[0], dict):
        return data
    target = lines[min(int(where * len(lines)), len(lines) - 1)]
    while True:
        key = sorted(target)[int(where * 7919) % len(target)]
        if not isinstance(target[key], dict) or not target[key] or where > 0.8:
            break
        target = target[key]
    target[key] = odd
    text = [json.dumps(line, indent=2 if whole else None) for line in lines]
    return ("\n".join(text) + "\n").encode()


@settings(max_examples=int(os.environ.get("EPOQUE_TEST_DAMAGES", "250")))
@given(data=st.data())
def test_any_damage_to_any_file(runs: dict[str, Run], data: st.DataObject) -> None:
    original = runs[data.draw(st.sampled_from(["finished", "interrupted"]))].path
    files = sorted(str(p.relative_to(original)) for p in original.rglob("*") if p.is_file())
    often = [name for name in files if name.endswith((".json", ".jsonl")) and "/" not in name]
    name = data.draw(st.sampled_from(often) | st.sampled_from(files))
    damage = data.draw(damages())
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / original.name
        shutil.copytree(original, copy)
        data.draw(st.just(damage(copy / name)))
        read_all(Run(copy))


@pytest.fixture
def copy(runs: dict[str, Run], tmp_path: Path) -> Callable[[str], Run]:
    def make(name: str) -> Run:
        path = tmp_path / runs[name].path.name
        shutil.copytree(runs[name].path, path)
        return Run(path)

    return make


def test_whole_folders_are_read_without_complaint(runs: dict[str, Run]) -> None:
    assert read_all(runs["finished"]) == [
        f"{runs['finished'].id} is already finished; there is nothing to resume."
    ]


def test_folders_that_are_files(copy: Callable[[str], Run]) -> None:
    run = copy("interrupted")
    for name in ("checkpoints", "figures", "snapshots"):
        shutil.rmtree(run.path / name, ignore_errors=True)
        (run.path / name).write_text("a file")
    assert any("Cannot write" in text for text in read_all(run))


@pytest.mark.parametrize("suffix", ["safetensors", "json"])
def test_a_damaged_checkpoint_costs_only_time(
    runs: dict[str, Run], copy: Callable[[str], Run], suffix: str
) -> None:
    """Each single flipped bit is noticed, and an older checkpoint takes its place."""
    run = copy("interrupted")
    path = run.path / "checkpoints" / f"step-0000000040.{suffix}"
    data = bytearray(path.read_bytes())
    for place in np.random.default_rng(0).choice(len(data), 60, replace=False):
        data[place] ^= 1 << (place % 8)
        path.write_bytes(data)
        with pytest.raises(DamagedRunError):
            run.checkpoint(40)
        data[place] ^= 1 << (place % 8)
    path.write_bytes(data[:-9])
    resume(run)
    assert line_lab.content(run.path) == line_lab.content(runs["finished"].path)


def test_all_checkpoints_damaged(runs: dict[str, Run], copy: Callable[[str], Run]) -> None:
    run = copy("interrupted")
    for path in (run.path / "checkpoints").glob("*.safetensors"):
        path.write_bytes(b"")
    told: list[str] = []
    resume(run, notify=told.append)
    assert line_lab.content(run.path) == line_lab.content(runs["finished"].path)
    damaged = run.path / "checkpoints" / "step-0000000020"
    assert told == [f"{run.id}: {damaged} is damaged: it is not what was saved. It begins anew."]


def test_metrics_cut_before_the_last_checkpoint(
    runs: dict[str, Run], copy: Callable[[str], Run]
) -> None:
    """As after a power cut that lost what the disk had not yet written."""
    run = copy("interrupted")
    lines = (run.path / "metrics.jsonl").read_bytes().splitlines(keepends=True)
    (run.path / "metrics.jsonl").write_bytes(b"".join(lines[:30]))
    resume(run)
    assert line_lab.content(run.path) == line_lab.content(runs["finished"].path)


def test_a_damaged_line_is_named_and_the_rest_of_the_run_is_readable(
    copy: Callable[[str], Run],
) -> None:
    for name, told in (
        ("finished", r"metrics\.jsonl is not what the finished run saved; `epoque resume"),
        ("interrupted", r"metrics\.jsonl is damaged at line 7\."),
    ):
        run = copy(name)
        path = run.path / "metrics.jsonl"
        path.write_bytes(path.read_bytes().replace(b'{"step":7,', b'{"step":7;'))
        with pytest.raises(DamagedRunError, match=told):
            run.metrics  # noqa: B018
        assert run.checkpoint().step == (60 if name == "finished" else 40)


def test_a_line_cut_short_is_left_out(copy: Callable[[str], Run]) -> None:
    run = copy("interrupted")
    path = run.path / "metrics.jsonl"
    lines = len(run.metrics)
    path.write_bytes(path.read_bytes()[:-20])
    assert len(Run(run.path).metrics) == lines - 1


@pytest.mark.parametrize("field", ["reason", "started"])
def test_a_status_that_is_no_text_is_none(copy: Callable[[str], Run], field: str) -> None:
    path = copy("interrupted").path / "status.json"
    content = {k: v for k, v in json.loads(path.read_text()).items() if k != "sha256"}
    path.write_text(json.dumps({**content, field: [["x"] * 500]}))
    status = Run(path.parent).status
    assert status.state == "interrupted"
    assert "x" not in f"{status.reason}{status.started}"


def test_a_newer_format(copy: Callable[[str], Run]) -> None:
    run = copy("interrupted")
    path = run.path / "config.json"
    path.write_text(path.read_text().replace('"format": 1', '"format": 2'))
    with pytest.raises(RunFormatError, match=r"was written in format 2 by Epoque .* format 1\.$"):
        run.config  # noqa: B018


@pytest.mark.parametrize("version", [0, -1, 2, 10**30])
def test_a_finished_run_in_another_format_tells_its_format_first(
    copy: Callable[[str], Run], version: int
) -> None:
    """Neither a name that a later version dropped nor an unlike digest is told as damage."""
    run = copy("finished")
    (run.path / "manifest.json").write_text(json.dumps({"format": version, "digests": []}))
    environment = json.loads((run.path / "environment.json").read_text())
    environment["packages"]["epoque"] = "9.8.7"
    (run.path / "environment.json").write_text(json.dumps(environment))
    with pytest.raises(RunFormatError) as raised:
        run.config  # noqa: B018
    assert f"in format {version} by Epoque 9.8.7; this is Epoque" in str(raised.value)
    row = Runs(run.path.parent).rows()[0][0]
    assert row["state"] == "damaged"
    assert row["reason"] == str(raised.value)


def test_a_damaged_run_does_not_hide_the_others(tmp_path: Path, runs: dict[str, Run]) -> None:
    for number in range(3):
        shutil.copytree(runs["finished"].path, tmp_path / f"2026-{number}")
    (tmp_path / "2026-1" / "results.json").write_text("{}")
    (tmp_path / "2026-1.txt").write_text("a stray file")
    (tmp_path / ".new-abc").mkdir()
    (tmp_path / ".new-abc" / "config.json").write_text("{}")
    table = Runs(tmp_path).table().sort_values("id", ignore_index=True)
    assert list(table["state"]) == ["finished", "damaged", "finished"]
    assert table["reason"][1].startswith(f"{tmp_path / '2026-1' / 'results.json'} is not what")
    assert table["final_error"].notna().tolist() == [True, False, True]


def test_names_that_no_run_has(tmp_path: Path, runs: dict[str, Run]) -> None:
    folder = Runs(runs["finished"].path.parent)
    for name in ("nothing", "x" * 5000, "a\0b", "/", "..", "\ud800"):
        with pytest.raises(UnknownNameError):
            folder.find(name)
    with pytest.raises(UnknownNameError):
        Run.open(tmp_path / "nothing")
    assert list(Runs(tmp_path / "nothing")) == []
    assert Runs(tmp_path / "nothing").table().empty
