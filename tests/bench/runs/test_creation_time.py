"""Records are in the order they were made in, whatever the clock says."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from line_lab import LAB, LineConfig

from epoque.bench.errors import UsageError
from epoque.bench.runs import creation_time as order
from epoque.bench.runs.creation_time import (
    iter_record_folders,
    next_creation_time,
    read_creation_time,
    read_time,
)
from epoque.bench.runs.execute import start
from epoque.bench.runs.lookup import iter_records, sort_newest_first
from epoque.bench.runs.run import Run, Runs

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def make(root: Path, name: str) -> Run:
    return start(LAB, LineConfig(), name, root)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> dict[str, datetime]:
    """A clock that is set by hand."""
    time = {"now": NOON}

    class Clock(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:
            return time["now"]

    monkeypatch.setattr(order, "datetime", Clock)
    return time


def test_a_record_is_newer_than_all_that_are_there(
    tmp_path: Path, clock: dict[str, datetime]
) -> None:
    first = make(tmp_path, "line/a")
    clock["now"] = NOON - timedelta(hours=1)  # the end of summer time, or a clock that was wrong
    second, third = make(tmp_path, "line/b"), make(tmp_path, "line/c")
    assert [run.id for run in (first, second, third)] == [
        "20261122T120000.000-line-a",
        "20261122T120000.001-line-b",
        "20261122T120000.002-line-c",
    ]
    assert Runs(tmp_path).ids() == [first.id, second.id, third.id]
    assert second.status.started == "2026-11-22T12:00:00.001+00:00"
    clock["now"] = NOON + timedelta(seconds=1)
    assert make(tmp_path, "line/d").id == "20261122T120001.000-line-d"


def test_a_folder_that_was_renamed_keeps_its_place(tmp_path: Path) -> None:
    first, second = make(tmp_path, "line/a"), make(tmp_path, "line/b")
    first.path.rename(tmp_path / "20991231T000000.000-line-a")
    second.path.rename(tmp_path / "mine")
    assert Runs(tmp_path).ids() == ["20991231T000000.000-line-a", "mine"]
    assert Runs(tmp_path).find("last").id == "mine"


@pytest.mark.parametrize(
    "started",
    [None, "", "yesterday", 7, [], "2026-13-01T00:00:00+00:00"],
)
def test_without_a_status_the_name_tells(tmp_path: Path, started: object) -> None:
    run = make(tmp_path, "line/a")
    path = run.path.rename(tmp_path / "20261122T120000.000-line-a")
    told = json.loads((path / "status.json").read_text())
    (path / "status.json").write_text(json.dumps({**told, "started": started}))
    assert read_creation_time(path) == NOON
    (path / "status.json").write_text("")
    assert read_creation_time(path) == NOON


def test_without_either_the_folder_tells(tmp_path: Path) -> None:
    folder = tmp_path / "20261399T990000.000-no-time"
    folder.mkdir()
    made = datetime.fromtimestamp(folder.stat().st_mtime, UTC)
    assert read_creation_time(folder) == made
    assert read_creation_time(tmp_path / "gone") < made


def test_times_without_a_zone_are_universal(tmp_path: Path) -> None:
    run = make(tmp_path, "line/a")
    told = json.loads((run.path / "status.json").read_text())
    (run.path / "status.json").write_text(json.dumps({**told, "started": "2026-11-22T12:00:00"}))
    assert read_creation_time(run.path) == NOON
    assert sort_newest_first(iter_records(tmp_path, Run))[0].id == run.id


def test_a_folder_that_cannot_be_read_is_no_empty_one(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="file cannot be read: a part of the path is a file"):
        list(iter_record_folders(tmp_path / "file", "config.json"))
    assert list(iter_record_folders(tmp_path / "nothing", "config.json")) == []
    assert next_creation_time(tmp_path / "file") > NOON


def test_a_folder_without_permission_is_no_empty_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: object) -> list[str]:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("epoque.bench.runs.creation_time.os.listdir", refuse)  # root may
    with pytest.raises(UsageError, match="cannot be read: there is no permission"):
        Runs(tmp_path).ids()


def test_a_name_tells_the_moment_that_it_begins_with() -> None:
    assert read_time("20261122T120000.000") == NOON
    assert read_time("20261122T120000.000-neuron-and") == NOON
    assert read_time("20261322T120000.000") is None
    assert read_time("mine") is None
