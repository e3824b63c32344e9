"""Arrays of a file: whole, or one sentence; nothing is made before it is known to be there."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from epoque.bench.errors import DataError
from epoque.stylegan3.npz import read_npz, write_npz


def pack(path: Path, **files: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        for name, data in files.items():
            file.writestr(f"{name}.npy", data)
    return path


def header(shape: str, kind: str = "<f4") -> bytes:
    told = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}}}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(told).to_bytes(2, "little") + told


def test_what_is_written_is_read(tmp_path: Path) -> None:
    arrays = {"w": np.ones((2, 3)).T, "plan": np.array("words"), "n": np.array(3)}
    write_npz(tmp_path / "a.npz", arrays)
    found = read_npz(tmp_path / "a.npz", ("w", "plan"), "no arrays", optional=("n", "m"))
    assert list(found) == ["w", "plan", "n"]
    for name, values in found.items():
        np.testing.assert_array_equal(values, arrays[name])
        assert values.dtype == arrays[name].dtype


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x93NUMPY\x01\x00",
        header("(2,)") + bytes(7),
        header("(100000000000, 100000)") + bytes(8),
        header("(-1,)"),
        header("(2.0,)") + bytes(8),
        header("(2,)", "O") + bytes(16),
        header("(2,)", "|V0"),
        header("(" * 3000),
        header("__import__('os')"),
        b"\x93NUMPY\x02\x00\xff\xff\xff\xff{}",
    ],
)
def test_damaged_arrays(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a\.npz is damaged, or it holds no styles"):
        read_npz(pack(tmp_path / "a.npz", w=data), ("w",), "it holds no styles")


def test_what_is_no_such_file(tmp_path: Path) -> None:
    good = io.BytesIO()
    np.save(good, np.ones(2))
    with pytest.raises(DataError, match="is damaged, or it holds no styles"):
        read_npz(pack(tmp_path / "a.npz", v=good.getvalue()), ("w",), "it holds no styles")
    (tmp_path / "b.npz").write_bytes(b"no zip")
    with pytest.raises(DataError, match="cannot be read as a zip"):
        read_npz(tmp_path / "b.npz", ("w",), "it holds no styles")
    with pytest.raises(DataError, match="there is no such file"):
        read_npz(tmp_path / "c.npz", ("w",), "it holds no styles")
