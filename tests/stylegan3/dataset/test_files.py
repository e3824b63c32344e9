"""Zips and folders: sorted names, any process, no tricks."""

import os
import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from epoque.bench.errors import DataError
from epoque.stylegan3.dataset.files import open_files


def test_a_zip_and_a_folder_are_alike(pack: Callable[..., Path], tmp_path: Path):
    files = {"b/2.png": b"2", "a.png": b"1", "b/10.png": b"3"}
    hidden = {".x": b"", "__MACOSX/._a.png": b"", "b/.DS_Store": b"", ".git/a.png": b""}
    hidden |= {"b/2.png~": b"", ".ipynb_checkpoints/a.png": b"", "b/Thumbs.db": b""}
    made = open_files(pack(files | hidden))
    for name, data in (files | hidden).items():
        path = tmp_path / "folder" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    folder = open_files(tmp_path / "folder")
    assert made.names == folder.names == ("a.png", "b/10.png", "b/2.png")
    for source in (made, folder, pickle.loads(pickle.dumps(made))):
        assert [source.read(name) for name in source.names] == [b"1", b"3", b"2"]
        assert "a.png" in source
        assert "c.png" not in source


def test_many_threads_read_one_zip(pack: Callable[..., Path]):
    files = {f"{i:03d}.bin": bytes([i]) * 10_000 for i in range(100)}
    source = open_files(pack(files))
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(source.read, source.names)) == list(files.values())


def test_damage(pack: Callable[..., Path], tmp_path: Path):
    path = pack({"a.png": b"content" * 100, "b.png": b"fine"})
    data = bytearray(path.read_bytes())
    data[data.index(b"content") + 3] ^= 1
    path.write_bytes(data)
    source = open_files(path)
    assert source.read("b.png") == b"fine"
    with pytest.raises(DataError, match=r"a.png is damaged \(Bad CRC"):
        source.read("a.png")
    path.write_bytes(data[:-30])
    with pytest.raises(DataError, match="cannot be read as a zip"):
        open_files(path)
    with pytest.raises(DataError, match="there is no such file"):
        open_files(tmp_path / "no.zip")


def test_what_is_no_file_is_refused(pack: Callable[..., Path], tmp_path: Path):
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"
    (tmp_path / "a.png").write_bytes(pointer)
    for source in (open_files(pack({"a.png": pointer})), open_files(tmp_path)):
        with pytest.raises(DataError, match=r"a\.png is a pointer of Git LFS"):
            source.read("a.png")
    os.mkfifo(tmp_path / "fifo.zip")
    with pytest.raises(DataError, match="is a FIFO"):
        open_files(tmp_path / "fifo.zip")
    with pytest.raises(DataError, match="at most 8 are read"):
        open_files(pack({"a.png": b"123456789"})).read("a.png", 8)
