"""Files that are whole or not there: the names of drafts, and what waits for the disk."""

import os
from pathlib import Path

import pytest

from epoque.bench.files import atomic as files
from epoque.bench.files.atomic import (
    draft_owner,
    draft_path,
    host_name,
    process_start,
    sync_folder,
    write_atomic,
)


@pytest.mark.parametrize("name", ["o.zip", ".hidden", "a.b-1-2.tmp", "été", "a\nb", "o\udcff.csv"])
def test_a_draft_tells_its_owner_and_stands_beside_what_it_becomes(name: str) -> None:
    path = Path("folder") / name
    draft = draft_path(path)
    assert draft.parent == path.parent
    assert draft.name.startswith(f".{name}.")
    assert draft_owner(draft) == (host_name(), os.getpid(), process_start(os.getpid()))
    assert draft_path(path) != draft


@pytest.mark.parametrize("letter", ["a", "é", "日", "😀"])
@pytest.mark.parametrize("length", range(50, 64))
def test_a_draft_of_a_long_name_fits_the_file_system(
    letter: str, length: int, tmp_path: Path
) -> None:
    name = letter * (4 * length // len(letter.encode()))
    path = tmp_path / name
    write_atomic(path, b"whole")
    assert path.read_bytes() == b"whole"
    assert draft_owner(draft_path(path)) is not None
    draft_path(path).name.encode()  # no half of a letter


@pytest.mark.parametrize("name", ["a.tmp", ".a.123.tmp", ".a.h-1-xyz.tmp", ".h-1-00000000.tmp"])
def test_other_hidden_files_are_no_drafts(name: str) -> None:
    assert draft_owner(Path(name)) is None


def test_any_name_of_a_host_is_one_word(monkeypatch: pytest.MonkeyPatch) -> None:
    for told in ("node-7.cluster.example", "Anna's Mac", "", "é" * 300, "a_b"):
        monkeypatch.setattr(files.socket, "gethostname", lambda told=told: told)
        host_name.cache_clear()
        draft = draft_path(Path("x"))
        assert draft_owner(draft) == (host_name(), os.getpid(), process_start(os.getpid()))
        assert len(draft.name) < 80
    host_name.cache_clear()


def test_a_durable_file_is_synced_before_it_has_its_name_and_the_folder_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, seen = tmp_path / "file", []
    real = os.fsync

    def fsync(handle: int) -> None:
        seen.append((os.path.isdir(f"/proc/self/fd/{handle}"), path.exists()))
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    write_atomic(path, b"1")
    assert not seen
    path.unlink()
    write_atomic(path, b"1", durable=True)
    assert seen == [(False, False), (True, True)]


def test_a_folder_that_cannot_be_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FileNotFoundError):
        sync_folder(tmp_path / "missing")
    monkeypatch.setattr(os, "fsync", _refuse(22))  # as some network file systems do
    sync_folder(tmp_path)
    monkeypatch.setattr(os, "fsync", _refuse(5))
    with pytest.raises(OSError, match="broken"):
        sync_folder(tmp_path)


def _refuse(number: int):  # type: ignore[no-untyped-def]
    def fsync(_: int) -> None:
        raise OSError(number, "broken")

    return fsync
