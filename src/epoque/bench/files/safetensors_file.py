"""Safetensors that others made: read within limits, every kind of number that networks come in.

A file is eight bytes with the length of its header, the header (JSON: for each name a kind of
number, a shape, and where its bytes lie), and the numbers. They are views of the file, which stays
mapped into memory; bfloat16 and the two kinds of 8 bits, which NumPy does not have, become float32.
"""

import mmap
from collections.abc import Mapping, Sequence
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from ..limits import MAX_TENSOR_DIMENSIONS, MAX_TENSORS, MAX_TENSORS_HEADER_BYTES
from .input_files import open_regular
from .json_text import parse_json

__all__ = ["from_bfloat16", "map_file", "parse_safetensors", "read_safetensors"]

_PLAIN = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "<i1",
    "U64": "<u8",
    "U32": "<u4",
    "U16": "<u2",
    "U8": "<u1",
    "BOOL": "?",
}
_WIDENED = {"BF16": "<u2", "F8_E4M3": "<u1", "F8_E5M2": "<u1"}
_FAR = 2**48
"""Lengths and places are below it, so that no product of few of them is slow to compute."""


def read_safetensors(path: Path) -> dict[str, NDArray[Any]]:
    """Return the tensors of a file by name.

    They may be written to; the file is not changed by that.

    Raises:
        DataError: if it cannot be read, is damaged, or holds numbers of an unknown kind.
    """
    return parse_safetensors(map_file(path), str(path))


def map_file(path: Path) -> memoryview:
    """Return a regular file's bytes, read when they are looked at and never written back.

    Raises:
        DataError: if it cannot be opened, or is empty.
    """
    with open_regular(path) as file:
        try:
            return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY))
        except (OSError, ValueError) as error:  # ValueError: it is empty
            reason = getattr(error, "strerror", None) or "it is empty"
            raise DataError(f"{path} cannot be read: {reason}.") from None


def parse_safetensors(data: memoryview, where: str) -> dict[str, NDArray[Any]]:
    """Return the tensors of a file's bytes by name; see `read_safetensors`."""
    size = int.from_bytes(data[:8], "little")
    if len(data) < 8 or size > len(data) - 8 or bytes(data[8:9]) != b"{":
        raise DataError(f"{where} is no safetensors file, or cut short.")
    if size > MAX_TENSORS_HEADER_BYTES:
        most = f"at most {MAX_TENSORS_HEADER_BYTES:,} are read"
        raise DataError(f"{where} has a header of {size:,} bytes; {most}.")
    header = parse_json(bytes(data[8 : 8 + size]), f"The header of {where}")
    header.pop("__metadata__", None)
    if len(header) > MAX_TENSORS:
        raise DataError(f"{where} holds {len(header):,} tensors; at most {MAX_TENSORS:,} are read.")
    numbers = data[8 + size :]
    _check_places(header, len(numbers), where)
    return {name: _tensor(entry, numbers, where, name) for name, entry in header.items()}


def _check_places(header: Mapping[str, Any], whole: int, where: str) -> None:
    """Refuse tensors that do not lie one behind the other, over all of the file's numbers."""
    for name, entry in header.items():
        if not _is_entry(entry):
            raise DataError(f"{where} is damaged: what it says of {name:.80} is no tensor.")
    places = sorted(entry["data_offsets"] for entry in header.values())
    ends = [0, *(end for _, end in places)]
    starts = [*(start for start, _ in places), whole]
    if starts != ends:
        raise DataError(f"{where} is cut short or damaged: its tensors do not fill it.")


def _is_entry(entry: object) -> bool:
    if not isinstance(entry, dict) or not isinstance(entry.get("dtype"), str):
        return False
    shape, places = entry.get("shape"), entry.get("data_offsets")
    return _are_lengths(shape, range(MAX_TENSOR_DIMENSIONS + 1)) and _are_lengths(places, (2,))


def _are_lengths(value: object, counts: Sequence[int]) -> bool:
    if not isinstance(value, list) or len(value) not in counts:
        return False
    return all(type(n) is int and 0 <= n < _FAR for n in value)


def _tensor(entry: Mapping[str, Any], numbers: memoryview, where: str, name: str) -> NDArray[Any]:
    kind, shape, (start, end) = entry["dtype"], entry["shape"], entry["data_offsets"]
    form = _PLAIN.get(kind) or _WIDENED.get(kind)
    if form is None:
        raise DataError(
            f"{where}: {name:.80} has numbers of the kind {kind:.20}, which is not read."
        )
    dtype = np.dtype(form)
    if end - start != prod(shape) * dtype.itemsize:
        raise DataError(f"{where} is damaged: {name:.80} is not as large as it says.")
    values = np.frombuffer(numbers[start:end], dtype).reshape(shape)
    if kind in _WIDENED:
        return _widen(values, kind)
    return values if values.flags.aligned else values.copy()


def _widen(values: NDArray[Any], kind: str) -> NDArray[np.float32]:
    if kind == "BF16":
        return from_bfloat16(values)
    return np.take(_E4M3 if kind == "F8_E4M3" else _E5M2, values)


def from_bfloat16(values: NDArray[np.uint16]) -> NDArray[np.float32]:
    """Return numbers of the kind bfloat16, given as their bits, as float32: exactly the same."""
    return np.asarray(values.astype(np.uint32) << 16).view(np.float32)


def _e4m3() -> NDArray[np.float32]:
    """Return the 256 numbers of 4 bits of exponent and 3 of fraction, without infinity."""
    bits = np.arange(128)
    exponent, fraction = bits >> 3, bits & 7
    normal = np.ldexp(1 + fraction / 8, exponent - 7)
    half = np.where(exponent == 0, np.ldexp(fraction / 8, -6), normal)
    half[127] = np.nan
    return np.concatenate([half, -half]).astype(np.float32)


_E4M3 = _e4m3()
_E5M2 = (np.arange(256, dtype=np.uint16) << 8).view(np.float16).astype(np.float32)
"""Those of 5 bits of exponent and 2 of fraction: the upper halves of float16."""
