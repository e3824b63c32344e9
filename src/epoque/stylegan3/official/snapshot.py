"""A snapshot: the generator, the discriminator and the averaged generator of a training.

Files of StyleGAN3 and StyleGAN2-ADA (PyTorch), as the official programs write and publish them.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from epoque.bench.errors import DataError
from epoque.bench.files.safetensors_file import map_file
from epoque.bench.limits import MAX_ARGUMENT_VALUES, MAX_TENSOR_DEPTH, MAX_TENSORS

from .pickle_data import Budget, RefusedError
from .pickle_globals import NumpyArray, OfficialModule, allowed_globals
from .pickle_machine import PickleMachine

__all__ = ["NETWORKS", "OfficialNetworkData", "Snapshot", "read_snapshot", "read_snapshot_bytes"]

NETWORKS = ("G", "D", "G_ema")


POSITIONS = {
    "Generator": ("z_dim", "c_dim", "w_dim", "img_resolution", "img_channels"),
    "Discriminator": ("c_dim", "img_resolution", "img_channels"),
}
"""The names of arguments that a constructor also takes by position."""


@dataclass(frozen=True)
class OfficialNetworkData:
    """A network as plain data.

    Attributes:
        name: its class: Generator, Discriminator or AugmentPipe.
        arguments: of its constructor, by name: numbers, texts, None, lists and dictionaries.
        tensors: its parameters and buffers by their names in a state_dict: read-only views of the
            file, of any strides.
        classes: of its modules, by their names.
        facts: the attributes of each module that are numbers, texts or None, by its name.
    """

    name: str
    arguments: dict[str, Any]
    tensors: dict[str, NDArray[Any]]
    classes: dict[str, str]
    facts: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def family(self) -> Literal["stylegan3", "stylegan2"]:
        """Which generator it is: stylegan3 or stylegan2."""
        return "stylegan3" if "SynthesisInput" in self.classes.values() else "stylegan2"


@dataclass(frozen=True)
class Snapshot:
    """What a file holds.

    Attributes:
        name: of the file, for messages.
        networks: G, D and G_ema, as far as it has them.
        training_set: what is told about the images of the training.
        augment: the augmentation with its probability `p`, or None.
    """

    name: str
    networks: dict[str, OfficialNetworkData]
    training_set: dict[str, Any] = field(default_factory=dict)
    augment: OfficialNetworkData | None = None


def read_snapshot(path: Path) -> Snapshot:
    """Read an official snapshot without executing anything in it.

    The arrays are views of the file, which stays mapped into memory as long as one of them lives.

    Raises:
        DataError: if it is no such file, damaged, or asks for anything but plain data.
    """
    data = map_file(path)
    try:
        return _parse_snapshot(data, path.name)
    except RefusedError as error:
        raise DataError(f"{path} cannot be read: {error}.") from None


def read_snapshot_bytes(data: bytes, name: str = "the network") -> Snapshot:
    """Read a snapshot that is in memory already; see `read_snapshot`.

    Args:
        data: the file's content.
        name: what to call it in messages.
    """
    try:
        return _parse_snapshot(memoryview(data), name)
    except RefusedError as error:
        raise DataError(f"{name} cannot be read: {error}.") from None


def _parse_snapshot(data: memoryview, name: str) -> Snapshot:
    _check_kind(bytes(data[:16]))
    budget = Budget.of(data)
    machine = PickleMachine(data, allowed_globals(budget), budget)
    top = machine.run()
    if type(top) is tuple and len(top) == 3:
        raise RefusedError("it is of the TensorFlow era, which is another format")
    if type(top) is not dict or not any(type(top.get(key)) is OfficialModule for key in NETWORKS):
        raise RefusedError("it holds none of the networks G, D and G_ema")
    walk = _ModuleWalk()
    networks = {key: walk.network(top[key]) for key in NETWORKS if top.get(key) is not None}
    augment, images = top.get("augment_pipe"), top.get("training_set_kwargs")
    return Snapshot(
        name,
        networks,
        walk.plain(images) if type(images) is dict else {},
        None if augment is None else walk.network(augment),
    )


_KINDS = {
    b"PK\x03\x04": "it is a zip archive (of PyTorch's newer format, or of images)",
    b"\x1f\x8b": "it is compressed with gzip; unpack it first",
    b"<": "it is a web page, not a network: the download failed",
    b"\x89PNG": "it is a picture",
    b"\x89HDF": "it is an HDF5 file",
}


def _check_kind(start: bytes) -> None:
    """Refuse a file that is no pickle, saying what it is."""
    for sign, reason in _KINDS.items():
        if start.lstrip().startswith(sign):
            raise RefusedError(reason)
    if start[:1] != b"\x80":
        raise RefusedError("it is no network snapshot (.pkl)")


class _ModuleWalk:
    """Turns modules into networks; what it may visit in one file is limited.

    Data that a file refers to again and again is small in memory, but endless to walk through.
    """

    def __init__(self) -> None:
        self._parts = MAX_TENSORS
        self._values = MAX_ARGUMENT_VALUES

    def network(self, module: object) -> OfficialNetworkData:
        """Return a network as plain data."""
        if type(module) is not OfficialModule:
            raise RefusedError("a network is not described as an official file describes it")
        tensors: dict[str, NDArray[Any]] = {}
        classes: dict[str, str] = {}
        facts: dict[str, dict[str, Any]] = {}
        for prefix, part in self._modules(module, "", MAX_TENSOR_DEPTH):
            name = prefix.removesuffix(".")
            classes[name], facts[name] = part.name, _plain_attributes(part)
            tensors.update((prefix + own, value) for own, value in self._own(part))
        return OfficialNetworkData(module.name, self._arguments(module), tensors, classes, facts)

    def _modules(
        self, module: OfficialModule, prefix: str, depth: int
    ) -> Iterator[tuple[str, OfficialModule]]:
        """Yield a module and all within it, with the beginning of their tensors' names."""
        if not depth:
            raise RefusedError("its modules are nested too deeply")
        self._count()
        yield prefix, module
        for name, part in _named_parts(module, "_modules"):
            if type(part) is not OfficialModule:
                raise RefusedError(f"{prefix}{name} is no module of a network")
            yield from self._modules(part, f"{prefix}{name}.", depth - 1)

    def _own(self, module: OfficialModule) -> Iterator[tuple[str, NDArray[Any]]]:
        """Yield a module's own parameters and buffers, those that a state_dict holds."""
        unsaved = module.state.get("_non_persistent_buffers_set") or ()
        for kind in ("_parameters", "_buffers"):
            for name, value in _named_parts(module, kind):
                self._count()
                if not isinstance(value, np.ndarray):
                    raise RefusedError(f"the tensor {name} is none")
                if type(unsaved) is not set or name not in unsaved:
                    yield name, value

    def _count(self) -> None:
        self._parts -= 1
        if self._parts < 0:
            raise RefusedError("it holds far more modules and tensors than a network needs")

    def _arguments(self, module: OfficialModule) -> dict[str, Any]:
        """Return the constructor's arguments by name."""
        args, kwargs = module.state.get("_init_args"), module.state.get("_init_kwargs")
        if type(args) is not tuple or type(kwargs) is not dict:
            raise RefusedError(f"the arguments of its {module.name} are missing")
        names = POSITIONS.get(module.name, ())
        if len(args) > len(names):
            raise RefusedError(f"the arguments of its {module.name} have no names")
        both = dict(zip(names, args, strict=False)) | kwargs
        return {str(key): self.plain(value) for key, value in both.items()}

    def plain(self, value: object, depth: int = MAX_TENSOR_DEPTH) -> Any:
        """Return a value as JSON has them: tuples and arrays become lists."""
        self._values -= 1
        if not depth or self._values < 0:
            raise RefusedError("its arguments are nested too deeply or far too many")
        if value is None or type(value) in (bool, int, str):
            return value
        if type(value) is float and math.isfinite(value):
            return value
        if type(value) is NumpyArray and value.values.size <= MAX_ARGUMENT_VALUES:
            return self.plain(value.values.tolist(), depth)
        if type(value) is list or type(value) is tuple:
            return [self.plain(part, depth - 1) for part in value]
        if type(value) is dict:
            return {str(key): self.plain(part, depth - 1) for key, part in value.items()}
        raise RefusedError("an argument is neither number nor text")


def _plain_attributes(module: OfficialModule) -> dict[str, Any]:
    """Return a module's attributes that are a number, a text or None."""
    return {
        name: value
        for name, value in module.state.items()
        if type(name) is str and (value is None or type(value) in (bool, int, float, str))
    }


def _named_parts(module: OfficialModule, kind: str) -> Iterator[tuple[str, Any]]:
    """Yield the parts of one kind of a module, without those that are None."""
    parts = module.state.get(kind)
    if type(parts) is not dict:
        raise RefusedError(f"a {module.name} has no {kind}")
    for name, part in parts.items():
        if type(name) is not str or not name.isidentifier() or not name.isascii():
            raise RefusedError(f"a {module.name} has a part without a name")
        if part is not None:
            yield name, part
