"""Safetensors of others: every kind of number that networks come in, and no surprise."""

import json
import struct
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from safetensors.numpy import save

from epoque.bench.errors import DataError
from epoque.bench.files.safetensors_file import from_bfloat16, parse_safetensors, read_safetensors


def pack(header: Any, numbers: bytes = b"") -> bytes:
    told = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(told)) + told + numbers


def entry(kind: str, shape: list[Any], start: Any, end: Any) -> dict[str, Any]:
    return {"dtype": kind, "shape": shape, "data_offsets": [start, end]}


def parsed(data: bytes) -> dict[str, Any]:
    return parse_safetensors(memoryview(data), "a.safetensors")


def test_what_the_library_writes_is_read(tmp_path: Path) -> None:
    kinds = ("f8", "f4", "f2", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1", "?")
    arrays = {kind: np.arange(6).reshape(2, 3).astype(kind) for kind in kinds}
    arrays |= {"one": np.array(3.5), "none": np.zeros((0, 4), np.float32)}
    (tmp_path / "a.safetensors").write_bytes(save(arrays, {"format": "pt"}))
    found = read_safetensors(tmp_path / "a.safetensors")
    assert set(found) == set(arrays)
    for name, values in arrays.items():
        assert found[name].dtype == values.dtype
        np.testing.assert_array_equal(found[name], values)
    found["f4"][0, 0] = 7  # may be changed, and the file is not
    assert read_safetensors(tmp_path / "a.safetensors")["f4"][0, 0] == 0


@pytest.mark.parametrize(
    ("kind", "dtype"),
    [("F8_E4M3", ml_dtypes.float8_e4m3fn), ("F8_E5M2", ml_dtypes.float8_e5m2)],
)
def test_all_numbers_of_eight_bits(kind: str, dtype: Any) -> None:
    bits = np.arange(256, dtype=np.uint8)
    found = parsed(pack({"a": entry(kind, [16, 16], 0, 256)}, bits.tobytes()))["a"]
    assert (found.dtype, found.shape) == (np.float32, (16, 16))
    np.testing.assert_array_equal(found.ravel(), bits.view(dtype).astype(np.float32))


def test_all_brain_floats() -> None:
    bits = np.arange(2**16, dtype=np.uint16)
    found = parsed(pack({"a": entry("BF16", [2**16], 0, 2**17)}, bits.tobytes()))["a"]
    wanted = bits.view(ml_dtypes.bfloat16).astype(np.float32)
    np.testing.assert_array_equal(found, wanted)
    np.testing.assert_array_equal(from_bfloat16(bits), wanted)


def test_numbers_at_an_odd_place() -> None:
    two = {"a": entry("U8", [1], 0, 1), "b": entry("F32", [1], 1, 5)}
    found = parsed(pack(two, b"\1" + struct.pack("<f", 2.5)))
    assert found["b"].flags.aligned
    assert found["b"].tolist() == [2.5]


FOUR = bytes(16)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "is no safetensors file, or cut short"),
        (b"\x80\x02}.", "is no safetensors file, or cut short"),
        (b"\x08" + bytes(40), "is no safetensors file, or cut short"),
        (pack({})[:9], "is no safetensors file, or cut short"),
        (struct.pack("<Q", 2**63) + b"{}", "is no safetensors file, or cut short"),
        (pack(b"{" + bytes(16 * 2**20)), "has a header of 16,777,217 bytes"),
        (pack(b"{]"), r"The header of a\.safetensors is damaged: it is no JSON \(line 1"),
        (pack(b'{"a":' + b"[" * 100_000), "nested too deeply"),
        (pack({str(i): entry("F32", [0], 0, 0) for i in range(50_001)}), "holds 50,001 tensors"),
        (pack({"a": 3}), "what it says of a is no tensor"),
        (pack({"a": entry("F32", [-4], 0, 16)}, FOUR), "what it says of a is no tensor"),
        (pack({"a": entry("F32", [4.0], 0, 16)}, FOUR), "what it says of a is no tensor"),
        (pack({"a": entry("F32", [2**60] * 9, 0, 16)}, FOUR), "what it says of a is no tensor"),
        (pack({"a": entry("F32", [10**400], 0, 16)}, FOUR), "what it says of a is no tensor"),
        (pack({"a": entry("F32", [4], "0", 16)}, FOUR), "what it says of a is no tensor"),
        (pack({"a": entry("F32", [3], 0, 16)}, FOUR), "a is not as large as it says"),
        (
            pack({"a": entry("F4", [4], 0, 16)}, FOUR),
            "a has numbers of the kind F4, which is not",
        ),
        (pack({"a": entry("F32", [4], 0, 16)}, FOUR[1:]), "its tensors do not fill it"),
        (pack({"a": entry("F32", [4], 0, 16)}, FOUR + b"0"), "its tensors do not fill it"),
        (pack({"a": entry("F32", [2], 8, 16)}, FOUR), "its tensors do not fill it"),
        (pack({n: entry("BF16", [8], 0, 16) for n in "ab"}, FOUR), "its tensors do not fill it"),
    ],
)
def test_what_is_refused(data: bytes, told: str) -> None:
    with pytest.raises(DataError, match=told) as caught:
        parsed(data)
    assert len(str(caught.value)) < 300


def test_files(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "pointer").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    told = {"empty": "it is empty", "pointer": "is a pointer of Git LFS", "none": "no such file"}
    for name, sentence in told.items():
        with pytest.raises(DataError, match=sentence):
            read_safetensors(tmp_path / name)
