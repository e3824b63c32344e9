"""The trash: a run is here or there, whole."""

import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from epoque.bench.errors import (
    NameTakenError,
    RunLockedError,
    RunWriteError,
    UnknownNameError,
    UsageError,
)
from epoque.bench.runs import trash as trash_module
from epoque.bench.runs.lock import lock_record
from epoque.bench.runs.run import Run, Runs
from epoque.bench.runs.trash import TRASH, Trash

Make = Callable[..., Run]


def content(path: Path) -> dict[str, bytes]:
    files = (file for file in path.rglob("*") if file.is_file() and file.name != ".lock")
    return {str(file.relative_to(path)): file.read_bytes() for file in files}


def test_a_run_goes_and_comes_back_to_the_byte(trained: Make) -> None:
    run = trained(iterations=5)
    runs, before = Runs(run.path.parent), content(run.path)
    entry = runs.delete(run.id)
    assert entry.id == run.id
    assert not run.path.exists()
    assert content(entry.path) == before
    assert runs.ids() == []
    assert runs.rows() == ([], False)
    restored = runs.restore(run.id)
    assert restored.path == run.path
    assert content(run.path) == before
    assert restored.is_complete
    assert [row["id"] for row in runs.rows()[0]] == [run.id]
    assert list(Trash(run.path.parent)) == []


def test_nothing_sees_the_trash(trained: Make) -> None:
    first, second = trained(iterations=5), trained(iterations=5)
    runs = Runs(first.path.parent)
    runs.delete(second.id)
    assert runs.ids() == [first.id]
    assert runs.find("last").id == first.id
    for name in (second.id, second.id[5:]):
        with pytest.raises(UnknownNameError):
            runs.find(name)
    assert [row["id"] for row in runs.rows()[0]] == [first.id]


def test_a_running_run_is_refused(started: Make) -> None:
    run = started()
    with lock_record(run.path), pytest.raises(RunLockedError, match="is being written; nothing"):
        Runs(run.path.parent).delete(run.id)
    assert run.path.exists()
    assert not list(Trash(run.path.parent))


def test_the_lock_is_held_while_a_run_is_moved(
    started: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = started()
    seen = list[bool]()
    make_place = Trash._make_place

    def look(self: Trash) -> Path:
        seen.append(run.is_locked())
        return make_place(self)

    monkeypatch.setattr(Trash, "_make_place", look)
    Runs(run.path.parent).delete(run.id)
    assert seen == [True]
    assert not Run(next(iter(Trash(run.path.parent))).path).is_locked()


def test_two_of_one_name_and_names_that_are_taken(started: Make) -> None:
    run = started()
    root = run.path.parent
    (run.path / "notes").write_text("first")
    Runs(root).delete(run.id)
    shutil.copytree(next(iter(Trash(root))).path, run.path)
    (run.path / "notes").write_text("second")
    with pytest.raises(NameTakenError, match=r"again; restore .* under another name"):
        Runs(root).restore(run.id)
    assert (run.path / "notes").read_text() == "second"
    Runs(root).delete(run.id)
    assert [entry.id for entry in Trash(root)] == [run.id, run.id]
    assert (Runs(root).restore(run.id).path / "notes").read_text() == "second"
    other = Runs(root).restore(run.id, "older")
    assert (other.id, (other.path / "notes").read_text()) == ("older", "first")
    with pytest.raises(UnknownNameError, match=r"The trash of .* is empty"):
        Runs(root).restore(run.id)


def test_of_two_of_one_name_the_older_comes_back_by_its_moment(started: Make) -> None:
    run = started()
    root = run.path.parent
    (run.path / "notes").write_text("first")
    Runs(root).delete(run.id)
    shutil.copytree(next(iter(Trash(root))).path, run.path)
    (run.path / "notes").write_text("second")
    Runs(root).delete(run.id)
    older, newer = Trash(root)
    assert (Trash(root).restore_entry(older) / "notes").read_text() == "first"
    assert [entry.moment for entry in Trash(root)] == [newer.moment]


def test_the_name_nearest_is_told(started: Make) -> None:
    run = started()
    Runs(run.path.parent).delete(run.id)
    with pytest.raises(UnknownNameError, match=f"Did you mean {run.id}"):
        Runs(run.path.parent).restore(run.id + "x")
    for name in ("..", ".", "", "/etc", f"../{run.id}"):
        with pytest.raises(UnknownNameError):
            Runs(run.path.parent).restore(name)


def test_deletions_in_one_moment_are_told_apart(
    started: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock may stand still, or go back."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return datetime(2026, 1, 1, tzinfo=UTC)

    monkeypatch.setattr(trash_module, "datetime", Clock)
    first, second = started(), started()
    runs = Runs(first.path.parent)
    runs.delete(first.id)
    runs.delete(second.id)
    assert [entry.moment for entry in Trash(runs.path)] == [
        "20260101T000000.000", "20260101T000000.000-2",
    ]  # fmt: skip
    assert runs.empty_trash() == 2
    assert not (runs.path / TRASH).exists()
    assert runs.empty_trash() == 0


def test_what_is_no_run_or_lies_elsewhere_is_left(started: Make, tmp_path: Path) -> None:
    run = started()
    root = run.path.parent
    other = tmp_path / "elsewhere" / "run"
    shutil.copytree(run.path, other)
    with pytest.raises(UsageError, match="is not in"):
        Runs(root).delete(str(other))
    with pytest.raises(UnknownNameError):
        Runs(root).delete(run.id[:-1])
    entry = Runs(root).delete(run.id)
    with pytest.raises(UsageError, match="is in the trash already"):
        Trash(entry.path.parent).put(entry.path)
    for name in ("status.json", "metrics.jsonl"):
        (other / name).unlink()
    with pytest.raises(UsageError, match="is no run folder"):
        Trash(other.parent).put(other)
    assert other.exists()


def test_a_refusal_leaves_the_run_where_it_was(
    started: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = started()
    root = run.path.parent

    def refuse(self: Path, target: Path) -> Path:
        raise PermissionError(13, "no")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", refuse)
        with pytest.raises(RunWriteError, match="there is no permission to write there"):
            Runs(root).delete(run.id)
    assert run.path.exists()
    assert list(Trash(root)) == []
    (root / TRASH).rmdir()
    (root / TRASH).touch()
    with pytest.raises(RunWriteError):
        Runs(root).delete(run.id)
    assert run.path.exists()


def test_a_link_to_a_run_is_deleted_and_what_it_means_is_not(started: Make, tmp_path: Path) -> None:
    run = started()
    root = tmp_path / "linked"
    root.mkdir()
    (root / "link").symlink_to(run.path)
    Runs(root).delete("link")
    assert Runs(root).empty_trash() == 1
    assert (run.path / "config.json").exists()
    assert not os.path.lexists(root / "link")
