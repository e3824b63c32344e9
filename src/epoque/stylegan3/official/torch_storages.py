"""PyTorch's tensors inside a pickle: a view of the file's bytes each, nothing is copied.

A storage is a flat row of numbers. In an official snapshot each is a stream of its own, as
`torch.save` wrote it before PyTorch 1.6: four pickles (a magic number, the version, facts about the
machine, the storage as a persistent id), one more with its key, the count and the numbers.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from epoque.bench.files.safetensors_file import from_bfloat16
from epoque.bench.limits import MAX_TENSOR_DIMENSIONS

from .pickle_data import Budget, Global, RefusedError
from .pickle_machine import PickleMachine

__all__ = ["TYPES", "Storage", "TensorMaker", "is_shape", "make_storage", "read_storage"]

MAGIC = 0x1950A86A20F9469CFC6C
VERSION = 1001
FAR = 2**48
"""Sizes, strides and offsets are below it, so that no product of few of them overflows."""

TYPES = {
    "torch.FloatStorage": "<f4",
    "torch.DoubleStorage": "<f8",
    "torch.HalfStorage": "<f2",
    "torch.LongStorage": "<i8",
    "torch.IntStorage": "<i4",
    "torch.ShortStorage": "<i2",
    "torch.CharStorage": "<i1",
    "torch.ByteStorage": "<u1",
    "torch.BoolStorage": "?",
    "torch.BFloat16Storage": "<u2",
}


@dataclass(frozen=True, slots=True)
class Storage:
    """A flat row of numbers in the file.

    Attributes:
        values: its numbers, [N], a read-only view of the file; bfloat16 is float32 here.
    """

    values: NDArray[Any]


def make_storage(data: memoryview, kind: str) -> Storage:
    """Return the storage of a kind of numbers, given as their bytes."""
    values = np.frombuffer(data, np.dtype(TYPES[kind]))
    return Storage(from_bfloat16(values) if kind == "torch.BFloat16Storage" else values)


def read_storage(data: memoryview, budget: Budget) -> Storage:
    """Return the storage of a stream.

    Raises:
        RefusedError: if the stream holds anything else, or less than it says.
    """
    position = 0

    def run(
        table: dict[str, Callable[[tuple[Any, ...]], Any]] | None = None,
        persistent: Callable[[Any], Any] | None = None,
    ) -> Any:
        nonlocal position
        machine = PickleMachine(data, table or {}, budget, persistent, position)
        value = machine.run()
        position = machine.position
        return value

    if run() != MAGIC or run() != VERSION:
        raise RefusedError("a tensor is not stored as PyTorch stores it in such a file")
    facts = run()
    if type(facts) is not dict or facts.get("little_endian") is not True:
        raise RefusedError("a tensor was stored by a machine of another byte order")
    declared = run(dict.fromkeys(TYPES, _refuse), _parse_declaration)
    keys = run()
    if type(declared) is not _Declaration or type(keys) is not list or keys != [declared.key]:
        raise RefusedError("a tensor is not stored as PyTorch stores it in such a file")
    return make_storage(_view_numbers(data[position:], declared), declared.kind)


@dataclass(frozen=True, slots=True)
class _Declaration:
    """What a stream says about its storage."""

    kind: str
    key: str
    count: int


def _refuse(_: tuple[Any, ...]) -> Any:
    raise RefusedError("it calls a storage, which is only a name")


def _parse_declaration(declaration: object) -> _Declaration:
    """Return what a persistent id says: ("storage", type, key, device, count, None)."""
    if type(declaration) is not tuple or len(declaration) != 6 or declaration[0] != "storage":
        raise RefusedError("it asks for persistent data that is no tensor")
    _, kind, key, _, count, view = declaration
    if type(kind) is not Global or type(key) is not str or not _is_size(count) or view is not None:
        raise RefusedError("a tensor is not stored as PyTorch stores it in such a file")
    return _Declaration(kind.name, key, count)


def _view_numbers(data: memoryview, declared: _Declaration) -> memoryview:
    dtype = np.dtype(TYPES[declared.kind])
    if len(data) < 8 or struct.unpack("<q", data[:8])[0] != declared.count:
        raise RefusedError("it is damaged (a tensor's size is told in two ways)")
    if len(data) - 8 != declared.count * dtype.itemsize:
        there = f"{declared.count} numbers in {len(data) - 8} bytes"
        raise RefusedError(f"it is cut short or damaged (a tensor announces {there})")
    return data[8:]


def _is_size(value: object) -> bool:
    return type(value) is int and 0 <= value < FAR


def is_shape(value: object) -> bool:
    """Tell whether a value can be an array's shape: few lengths whose product is not too large."""
    if (
        type(value) is not tuple
        or len(value) > MAX_TENSOR_DIMENSIONS
        or not all(map(_is_size, value))
    ):
        return False
    return prod(length or 1 for length in value) < FAR


class TensorMaker:
    """Makes arrays of storages and shapes, within a budget."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget

    def storage(self, arguments: tuple[Any, ...]) -> Storage:
        """`torch.storage._load_from_bytes(bytes)`."""
        if len(arguments) != 1 or type(arguments[0]) is not memoryview:
            raise RefusedError("a tensor has no bytes")
        return read_storage(arguments[0], self._budget)

    def tensor(self, arguments: tuple[Any, ...]) -> NDArray[Any]:
        """`torch._utils._rebuild_tensor_v2(storage, offset, size, stride, …)`.

        Returns:
            A read-only view of the storage.
        """
        if len(arguments) != 6 or type(arguments[0]) is not Storage:
            raise RefusedError("a tensor has no storage")
        values = arguments[0].values
        offset, size, stride = arguments[1:4]
        self._check(values, offset, size, stride)
        steps = tuple(step * values.itemsize for step in stride)
        start = offset * values.itemsize
        return np.ndarray(size, values.dtype, values.data, start, steps)

    def parameter(self, arguments: tuple[Any, ...]) -> NDArray[Any]:
        """`torch._utils._rebuild_parameter(tensor, requires_grad, hooks)`."""
        if len(arguments) != 3 or not isinstance(arguments[0], np.ndarray):
            raise RefusedError("a parameter has no tensor")
        return arguments[0]

    def _check(self, values: NDArray[Any], offset: Any, size: Any, stride: Any) -> None:
        """Refuse a tensor that is not inside its storage."""
        if not is_shape(size) or type(stride) is not tuple or len(size) != len(stride):
            raise RefusedError("a tensor has no shape, or one that is negative or far too large")
        if not all(map(_is_size, (offset, *stride))):
            raise RefusedError("a tensor's strides or offset are negative or far too large")
        count = prod(size)
        last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
        if (last >= len(values)) if count else (offset > len(values)):
            raise RefusedError("a tensor reaches beyond its storage")
        self._budget.tensor(count * values.itemsize)
