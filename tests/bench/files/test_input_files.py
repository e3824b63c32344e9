"""Only regular files are read, within limits, and hidden copies are passed over."""

import os
import socket
import tracemalloc
from pathlib import Path

import pytest

from epoque.bench.errors import DataError
from epoque.bench.files.input_files import is_hidden, open_regular, read_regular, visible_files


def test_a_regular_file_and_a_link_to_one(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x\r\ny")
    (tmp_path / "link").symlink_to(tmp_path / "a")
    assert read_regular(tmp_path / "a", 4) == read_regular(tmp_path / "link", 4) == b"x\r\ny"
    with open_regular(tmp_path / "a") as file:
        assert file.read(1) == b"x"


def test_a_limit_of_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"12345")
    with pytest.raises(DataError, match=r"a has 5 bytes; at most 4 are read\."):
        read_regular(tmp_path / "a", 4)


def test_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "zero").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
        for name in ("fifo", "zero", "socket", "."):
            with pytest.raises(DataError, match="cannot be read"):
                read_regular(tmp_path / name, 10)
    with pytest.raises(DataError, match="there is no such file"):
        read_regular(tmp_path / "missing", 10)
    with pytest.raises(DataError, match="cannot be read"):
        read_regular(Path("nul\0byte"), 10)


@pytest.mark.parametrize(
    "name", [".a", "._a.txt", ".ipynb_checkpoints", "__MACOSX", "a.txt~", "#a#", "a.bak", "a.swp"]
)
def test_hidden_and_backup_names(name: str) -> None:
    assert is_hidden(name)


@pytest.mark.parametrize("name", ["a.txt", "a~b", "bak", "#1.png", "1#"])
def test_ordinary_names(name: str) -> None:
    assert not is_hidden(name)


def test_the_visible_files_of_a_folder(tmp_path: Path) -> None:
    for name in ("b/c.txt", "a.txt", ".hidden/a.txt", "b/.c.txt", "b/c.txt~", "__MACOSX/a.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    os.mkfifo(tmp_path / "fifo")
    found = [path.relative_to(tmp_path).as_posix() for path in visible_files(tmp_path)]
    assert found == ["a.txt", "b/c.txt"]


def test_a_pointer_of_git_lfs_is_named(tmp_path: Path) -> None:
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
    (tmp_path / "a.bin").write_bytes(pointer)
    for read in (open_regular, lambda path: read_regular(path, 10**6)):
        with pytest.raises(DataError, match=r"a\.bin is a pointer of Git LFS, not the file itself"):
            read(tmp_path / "a.bin")
    (tmp_path / "about.txt").write_bytes(pointer + b"a text about pointers\n" * 100)
    assert read_regular(tmp_path / "about.txt", 10**6).endswith(b"pointers\n")


def test_a_high_limit_takes_no_memory(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"12345")
    tracemalloc.start()
    assert read_regular(tmp_path / "a", 2**40) == b"12345"
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 2**20


@pytest.mark.parametrize("name", ["gone", "loop"])
def test_a_link_to_nothing_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.txt").touch()
    (tmp_path / "loop").symlink_to("loop") if name == "loop" else None
    (tmp_path / "b.txt").symlink_to(name)
    with pytest.raises(DataError, match=r"/(b\.txt|loop) cannot be read: "):
        list(visible_files(tmp_path))
