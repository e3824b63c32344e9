"""The tensors of a file of weights, whatever wrote it, without executing anything in it.

Read are PyTorch's zip archives, those of `torch.save` as well as TorchScript's (a TorchScript
archive also holds a programme, which is passed over), the official pickles whose modules hold
tensors or a whole archive inside, and safetensors. What a file names, its names of classes
included, only ever becomes plain data.
"""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from epoque.bench.errors import DataError
from epoque.bench.files.safetensors_file import map_file, parse_safetensors
from epoque.bench.files.zip_file import open_zip, read_entry
from epoque.bench.limits import (
    MAX_TENSOR_DEPTH,
    MAX_TENSOR_NAME_LETTERS,
    MAX_TENSORS,
    MAX_WEIGHTS_BYTES,
)

from .pickle_data import Budget, Buildable, Call, Global, RefusedError
from .pickle_globals import NumpyArray, OfficialModule, allowed_globals
from .pickle_machine import PickleMachine
from .torch_storages import TYPES, Storage, TensorMaker, make_storage

__all__ = ["read_tensors"]

Arrays = dict[str, NDArray[Any]]

ZIP = b"PK\x03\x04"
LISTS = ("build_intlist", "build_boollist", "build_doublelist", "build_tensorlist")
CONTAINERS = ("_parameters", "_buffers", "_modules")


def read_tensors(path: Path) -> Arrays:
    """Return the tensors of a file by their dotted names, in the file's order.

    They are views of the file, which stays mapped into memory as long as one of them lives.

    Raises:
        DataError: if it cannot be read, is damaged, or asks for anything but plain data.
    """
    data = map_file(path)
    try:
        if len(data) > MAX_WEIGHTS_BYTES:
            raise RefusedError("it is far larger than such a network")
        tensors = _parse_tensors(data, path)
    except RefusedError as error:
        raise DataError(f"{path} cannot be read: {error}.") from None
    if not tensors:
        raise DataError(f"{path} cannot be read: it holds no tensors.")
    return tensors


def _parse_tensors(data: memoryview, path: Path) -> Arrays:
    budget, where = Budget.of(data), str(path)
    walk = _TensorWalk(budget, where)
    if bytes(data[:4]) == ZIP:
        return dict(walk.tensors(_Archive(data, budget, where).run(), "", MAX_TENSOR_DEPTH))
    if path.suffix == ".safetensors" or bytes(data[8:9]) == b"{":
        return parse_safetensors(data, where)
    if bytes(data[:1]) != b"\x80":
        raise RefusedError("it is neither an archive of PyTorch nor a pickle nor safetensors")
    value = PickleMachine(data, _ArchiveGlobals(budget), budget).run()
    return dict(walk.tensors(value, "", MAX_TENSOR_DEPTH))


class _ScriptObject(Buildable):
    """An object of a TorchScript archive: its attributes by name."""

    def __init__(self) -> None:
        self.state: dict[Any, Any] = {}

    def build(self, state: object) -> None:
        """Take its attributes."""
        if type(state) is not dict:
            raise RefusedError("an object has no attributes by name")
        self.state = state


class _ArchiveGlobals(dict[str, Call]):
    """The names that may stand in a file of weights; a TorchScript class is data of any name."""

    def __init__(self, budget: Budget) -> None:
        super().__init__(allowed_globals(budget))
        self["torch_utils.persistence._reconstruct_persistent_obj"] = _make_module
        self.update((kind, _refuse) for kind in TYPES)
        self.update((f"torch.jit._pickle.{name}", _first_argument) for name in LISTS)
        self["torch.jit._pickle.restore_type_tag"] = _first_argument

    def get(self, name: str, default: Any = None) -> Any:
        """Look up a name."""
        return _make_object if name.startswith("__torch__.") else super().get(name, default)


def _make_object(arguments: tuple[Any, ...]) -> _ScriptObject:
    if arguments:
        raise RefusedError("an object is made in an unknown way")
    return _ScriptObject()


def _first_argument(arguments: tuple[Any, ...]) -> Any:
    if not arguments or type(arguments[0]) is not list:
        raise RefusedError("it makes a list in an unknown way")
    return arguments[0]


def _refuse(_: tuple[Any, ...]) -> Any:
    raise RefusedError("it calls a storage, which is only a name")


def _make_module(arguments: tuple[Any, ...]) -> OfficialModule:
    """A module of any class: only its tensors will be looked at."""
    description = arguments[0] if len(arguments) == 1 else None
    name, state = (
        (description.get(k) for k in ("class_name", "state"))
        if type(description) is dict
        else (0, 0)
    )
    if type(name) is not str or type(state) is not dict:
        raise RefusedError("a module is not described as an official file describes it")
    return OfficialModule(name, state)


class _Archive:
    """A zip of PyTorch: one pickle, and a file for each storage."""

    def __init__(self, data: memoryview, budget: Budget, where: str) -> None:
        budget.archive()
        self._zip, self._where = open_zip(io.BufferedReader(_View(data)), where), where
        tops = [name for name in self._zip.namelist() if name.endswith("/data.pkl")]
        if len(tops) != 1 or tops[0].count("/") != 1:
            raise RefusedError("it is a zip archive, but none of PyTorch")
        self._folder = tops[0].removesuffix("data.pkl")
        self._budget = budget
        self._storages: dict[str, tuple[str, Storage]] = {}

    def run(self) -> Any:
        """Return the data of the archive."""
        order = self._folder + "byteorder"
        if order in self._zip.namelist() and self._bytes(order).strip() != b"little":
            raise RefusedError("it was stored by a machine of another byte order")
        names = _ArchiveGlobals(self._budget)
        names["torch._utils._rebuild_tensor_v2"] = TensorMaker(self._budget).tensor
        data = memoryview(self._bytes(self._folder + "data.pkl"))
        return PickleMachine(data, names, self._budget, self._storage).run()

    def _bytes(self, name: str) -> bytes:
        if name not in self._zip.NameToInfo:
            raise RefusedError(f"{name} is missing in it")
        entry = self._zip.getinfo(name)
        if entry.compress_type != zipfile.ZIP_STORED:
            raise RefusedError(f"{name} in it is compressed, as PyTorch never does")
        self._budget.tensor(entry.file_size)
        return read_entry(self._zip, name, self._where, MAX_WEIGHTS_BYTES)

    def _storage(self, declaration: object) -> Storage:
        """Return what a persistent id means: ("storage", type, key, device, count)."""
        if type(declaration) is not tuple or len(declaration) != 5 or declaration[0] != "storage":
            raise RefusedError("it asks for persistent data that is no tensor")
        _, kind, key, _, count = declaration
        if type(kind) is not Global or kind.name not in TYPES or type(key) is not str:
            raise RefusedError("a tensor is not stored as PyTorch stores it")
        if key not in self._storages:
            if not key.isascii() or not key.isalnum() or len(key) > 32:
                raise RefusedError("a tensor is not stored as PyTorch stores it")
            data = self._bytes(f"{self._folder}data/{key}")
            dtype = np.dtype(TYPES[kind.name])
            if type(count) is not int or len(data) != count * dtype.itemsize:
                raise RefusedError("it is cut short or damaged (a tensor's size is wrong)")
            self._storages[key] = kind.name, make_storage(memoryview(data), kind.name)
        if self._storages[key][0] != kind.name:
            raise RefusedError("it is damaged (a tensor is of two types)")
        return self._storages[key][1]


class _View(io.RawIOBase):
    """Bytes as a file to read from, without a copy of them."""

    def __init__(self, data: memoryview) -> None:
        self._data, self._at = data, 0

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def seekable(self) -> bool:
        """Tell that any place of it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read as much as fits."""
        part = self._data[self._at : self._at + len(buffer)]
        buffer[: len(part)] = part
        self._at += len(part)
        return len(part)

    def seek(self, place: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: len(self._data)}[whence]
        self._at = max(0, start + place)
        return self._at

    def tell(self) -> int:
        """Return the place."""
        return self._at


class _TensorWalk:
    """Finds the tensors in a value; how much it may visit is limited.

    Data that refers to itself again and again is small in memory, but endless to walk through.
    """

    def __init__(self, budget: Budget, where: str) -> None:
        self._budget, self._where = budget, where
        self._parts = MAX_TENSORS

    def tensors(self, value: Any, prefix: str, depth: int) -> Iterator[tuple[str, NDArray[Any]]]:
        """Yield the tensors in a value with their names."""
        self._parts -= 1
        if not depth or self._parts < 0 or len(prefix) > MAX_TENSOR_NAME_LETTERS:
            raise RefusedError("it is nested too deeply, or holds far more than a network needs")
        match value:
            case np.ndarray():
                yield prefix.removesuffix("."), value
            case NumpyArray():
                yield prefix.removesuffix("."), value.values
            case _ScriptObject() | OfficialModule():
                yield from self._attributes(value.state, prefix, depth)
            case dict():
                yield from self._attributes(value, prefix, depth)
            case list() | tuple():
                for number, part in enumerate(value):
                    yield from self.tensors(part, f"{prefix}{number}.", depth - 1)
            case memoryview() if bytes(value[:4]) == ZIP:
                inner = _Archive(value, self._budget, self._where).run()
                yield from self.tensors(inner, prefix, depth - 1)

    def _attributes(
        self, state: dict[Any, Any], prefix: str, depth: int
    ) -> Iterator[tuple[str, NDArray[Any]]]:
        for name, part in state.items():
            inside = prefix if name in CONTAINERS else f"{prefix}{name}."
            yield from self.tensors(part, inside, depth - 1)
