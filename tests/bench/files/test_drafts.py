"""Drafts have an owner, and go when it is dead."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from waiting import PATIENCE

from epoque.bench.files.atomic import (
    draft_owner,
    draft_path,
    host_name,
    process_start,
    write_atomic,
)
from epoque.bench.files.cache import build_once
from epoque.bench.files.drafts import ALIEN_SECONDS, draft_folder, iter_drafts, remove_abandoned
from epoque.bench.files.output_paths import check_file
from epoque.bench.runs.record_folder import remove_drafts
from epoque.cli import main

LEAVES = """
import os, sys
from pathlib import Path
from epoque.bench.files.drafts import draft_folder
from epoque.bench.files.atomic import draft_path
place = Path(sys.argv[1])
draft_path(place / "book.html").write_text("half")
with draft_folder(place / "a-run") as folder:
    (folder / "config.json").write_text("{}")
    (folder / "weights").write_text("x" * 1000)
    os.kill(os.getpid(), 9)
"""


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The names of a file and a folder that a killed process left."""
    place = tmp_path_factory.mktemp("left")
    subprocess.run([sys.executable, "-c", LEAVES, str(place)], check=False, timeout=PATIENCE)
    names = sorted(path.name for path in place.iterdir())
    assert [name.split(".")[1] for name in names] == ["a-run", "book"]
    return names


def put(place: Path, names: list[str]) -> None:
    place.mkdir(parents=True, exist_ok=True)
    (place / names[0]).mkdir()
    (place / names[0] / "weights").write_text("x" * 1000)
    (place / names[1]).write_text("half")


def test_what_a_dead_process_left_is_removed(tmp_path: Path, left: list[str]) -> None:
    put(tmp_path, left)
    (tmp_path / ".hidden").write_text("the user's own")
    remove_abandoned(tmp_path, "book.html")
    assert {path.name for path in tmp_path.iterdir()} == {left[0], ".hidden"}
    remove_abandoned(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {".hidden"}
    remove_abandoned(tmp_path / "nowhere")


def test_what_is_being_written_stays(tmp_path: Path) -> None:
    ours = draft_path(tmp_path / "a.zip")
    ours.write_text("half")
    with draft_folder(tmp_path / "b") as folder:
        remove_abandoned(tmp_path)
        assert ours.exists()
        assert folder.is_dir()
        assert list(iter_drafts(tmp_path)) == []
    assert [path.name for path in tmp_path.iterdir()] == [ours.name]


def renamed(owner: str, tmp_path: Path) -> Path:
    path = tmp_path / f".a.{owner}-0123abcd.tmp"
    path.write_text("half")
    return path


def test_a_number_that_another_process_has_now(tmp_path: Path) -> None:
    pid = os.getpid()
    begun = process_start(pid)
    assert begun is not None
    path = renamed(f"{host_name()}-{pid}-{begun + 1000}", tmp_path)
    assert draft_owner(path) == (host_name(), pid, begun + 1000)
    remove_abandoned(tmp_path)
    assert not path.exists()


def test_another_machines_draft_is_left_alone_for_a_day(tmp_path: Path) -> None:
    path = renamed("elsewhere-1-1", tmp_path)
    remove_abandoned(tmp_path)
    remove_drafts(tmp_path)
    assert path.exists()
    assert list(iter_drafts(tmp_path)) == []
    old = time.time() - ALIEN_SECONDS - 60
    os.utime(path, (old, old))
    (found,) = iter_drafts(tmp_path)
    assert (found.path, found.whose, found.bytes) == (path, "process 1 on elsewhere", 4)


def test_every_place_clears_up(
    tmp_path: Path, left: list[str], started: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "runs"
    put(root, left)
    run = started()
    assert [path.name for path in root.iterdir()] == [run.id]
    put(run.path, left)
    remove_drafts(run.path)
    assert not list(run.path.glob(".*.tmp"))
    monkeypatch.setenv("EPOQUE_CACHE", str(tmp_path / "cache"))
    thing = build_once("kind", "a-run", lambda to: (to / "x").touch() and None)
    put(thing.parent, left)
    build_once("kind", "a-run", lambda to: None, sound=lambda path: not (path / "x").exists())
    assert not (thing.parent / left[0]).exists()
    put(tmp_path / "books", left)
    check_file("--out", tmp_path / "books" / "book.html")
    assert [path.name for path in (tmp_path / "books").iterdir()] == [left[0]]


def test_nothing_is_left_where_writing_fails(tmp_path: Path) -> None:
    def fail() -> None:
        with draft_folder(tmp_path / "a") as folder:
            (folder / "x").mkdir()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert list(tmp_path.iterdir()) == []


def answer(words: list[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(words)
    assert not end.value.code


def test_clean_tells_and_removes(
    tmp_path: Path,
    left: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    runs, cache = tmp_path / "runs", tmp_path / "cache"
    monkeypatch.setenv("EPOQUE_CACHE", str(cache))
    put(runs / "a-run", left)
    put(cache / "networks", left)
    (runs / ".new-abcd").mkdir()
    (runs / "a-run" / ".epoque-abcd").mkdir()
    write_atomic(runs / "a-run" / "config.json", b"{}")
    ours = draft_path(runs / "a-run" / "status.json")
    ours.write_text("{")
    words = ["runs", "clean", "--runs", str(runs)]
    answer([*words, "--json"])
    found = json.loads(capsys.readouterr().out)
    assert len(found) == 6
    assert sum(one["bytes"] for one in found) == 2008
    assert {one["removed"] for one in found} == {False}
    answer(words)
    told = capsys.readouterr().out
    assert "6 left half-written, 2,008 bytes; --yes removes it." in told
    assert "which ended" in told
    answer([*words, "--yes"])
    kept = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")}
    assert kept == {
        "runs", "runs/a-run", "runs/a-run/config.json", f"runs/a-run/{ours.name}",
        "cache", "cache/networks",
    }  # fmt: skip
    capsys.readouterr()
    answer(words)
    assert "Nothing half-written is left" in capsys.readouterr().out


def test_what_other_programs_left_is_not_ours(tmp_path: Path) -> None:
    for name in (".theirs.tmp", "photos.zip.partial", ".o.zip.123.tmp"):
        (tmp_path / name).write_text("x")
    assert [draft.path.name for draft in iter_drafts(tmp_path)] == [".o.zip.123.tmp"]


def test_a_download_that_goes_on_stays(tmp_path: Path) -> None:
    (tmp_path / "net.pkl.partial").write_text("x")
    with FileLock(tmp_path / "lock"):
        assert list(iter_drafts(tmp_path, downloads=True)) == []
    (found,) = iter_drafts(tmp_path, downloads=True)
    assert found.whose == "a download that was cut off"
