"""Zips and folders: sorted names, any process, no tricks."""

import pickle
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from epoque.bench.errors import DataError
from epoque.stylegan3.dataset.files import open_files


def test_a_zip_and_a_folder_are_alike(pack: Callable[..., Path], tmp_path: Path):
    files = {"b/2.png": b"2", "a.png": b"1", "b/10.png": b"3"}
    hidden = {".x": b"", "__MACOSX/._a.png": b"", "b/.DS_Store": b"", ".git/a.png": b""}
    made = open_files(pack(files | hidden))
    for name, data in (files | hidden).items():
        path = tmp_path / "folder" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (tmp_path / "folder/__MACOSX/._a.png").unlink()
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


@pytest.mark.parametrize(
    "name", ["../x.png", "a/../../x.png", "/etc/x.png", "C:/x.png", "a\\..\\x.png", "a\\x.png"]
)
def test_names_that_lead_elsewhere(pack: Callable[..., Path], name: str):
    with pytest.raises(DataError, match=r"is refused: the name .* leads out of it"):
        open_files(pack({"a.png": b"1", name: b"2"}))


def test_links_duplicates_and_encryption(tmp_path: Path):
    path = tmp_path / "odd.zip"
    with zipfile.ZipFile(path, "w") as file:
        link = zipfile.ZipInfo("link.png")
        link.external_attr = 0o120777 << 16
        file.writestr(link, "/etc/passwd")
    with pytest.raises(DataError, match=r"link.png is a link"):
        open_files(path)
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("a.png", "1")
        with pytest.warns(UserWarning, match="Duplicate name"):
            file.writestr("a.png", "2")
    with pytest.raises(DataError, match=r"it holds a.png twice"):
        open_files(path)
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("a.png", "1")
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(DataError, match="is encrypted"):
        open_files(path)


def test_a_zip_that_would_fill_the_memory(pack: Callable[..., Path]):
    path = pack({"a.png": b"1"})
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02") + 24
    data[at : at + 4] = (2**31).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(DataError, match=r"a.png is 2,147,483,648 bytes large"):
        open_files(path)


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
    with pytest.raises(DataError, match="does not exist"):
        open_files(tmp_path / "no.zip")
