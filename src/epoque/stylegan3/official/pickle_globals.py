"""The global names that official files use, and the plain data made of each.

The table is complete: another name, and another class, is refused by name.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .pickle_data import Budget, Buildable, Call, Global, RefusedError
from .torch_storages import TensorMaker, is_shape

__all__ = ["CLASSES", "NumpyArray", "OfficialModule", "allowed_globals"]

CLASSES = frozenset(
    {
        "Generator",
        "MappingNetwork",
        "SynthesisNetwork",
        "SynthesisInput",
        "SynthesisLayer",
        "SynthesisBlock",
        "ToRGBLayer",
        "FullyConnectedLayer",
        "Conv2dLayer",
        "Discriminator",
        "DiscriminatorBlock",
        "DiscriminatorEpilogue",
        "MinibatchStdLayer",
        "AugmentPipe",
    }
)
"""The classes of the official networks' modules."""

DTYPES = frozenset({"f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1"})


@dataclass(frozen=True, slots=True)
class OfficialModule:
    """A module of a network; the source text that came with it is not kept.

    Attributes:
        name: its class.
        state: its attributes.
    """

    name: str
    state: dict[Any, Any]


class NumpyDtype(Buildable):
    """NumPy's type of numbers, always little-endian."""

    def __init__(self, code: str) -> None:
        self.dtype = np.dtype(code).newbyteorder("<")

    def build(self, state: object) -> None:
        """Check that it is a plain little-endian type: (3, "<", None, None, None, −1, −1, 0)."""
        if type(state) is not tuple or len(state) != 8 or any(p is not None for p in state[2:5]):
            raise RefusedError("an array has a type of several fields")
        if type(state[1]) is not str or state[1] not in ("<", "|", "="):
            raise RefusedError("an array was stored by a machine of another byte order")


class NumpyArray(Buildable):
    """A small array of NumPy.

    Attributes:
        values: its numbers, once they are read.
    """

    def __init__(self) -> None:
        self.values: NDArray[Any] = np.zeros(0)

    def build(self, state: object) -> None:
        """Fill it: (version, shape, type, whether in Fortran's order, bytes)."""
        if type(state) is not tuple or len(state) != 5 or type(state[2]) is not NumpyDtype:
            raise RefusedError("an array has no type")
        _, shape, kind, columns, data = state
        dtype = kind.dtype
        if not is_shape(shape) or type(data) is not memoryview:
            raise RefusedError("an array has no shape")
        if len(data) != prod(shape) * dtype.itemsize:
            raise RefusedError("it is cut short or damaged (an array is not as large as it says)")
        flat = np.frombuffer(data, dtype)
        self.values = flat.reshape(shape, order="F" if columns is True else "C")


def allowed_globals(budget: Budget) -> Mapping[str, Call]:
    """Return the names of a network's file, with what makes plain data of their arguments."""
    tensors = TensorMaker(budget)
    names: dict[str, Call] = {
        "collections.OrderedDict": _make_dict,
        "dnnlib.util.EasyDict": _make_dict,
        "torch_utils.persistence._reconstruct_persistent_obj": _make_module,
        "torch._utils._rebuild_tensor_v2": tensors.tensor,
        "torch._utils._rebuild_parameter": tensors.parameter,
        "torch.storage._load_from_bytes": tensors.storage,
        "numpy.dtype": _make_dtype,
        "numpy.ndarray": _refuse,
        "builtins.set": _make_set,  # so is a set written before version 4 of the format
    }
    for package in ("numpy.core", "numpy._core"):
        names[f"{package}.multiarray.scalar"] = _make_scalar
        names[f"{package}.multiarray._reconstruct"] = _make_array
        names[f"{package}.numeric._frombuffer"] = (
            _make_array_from_buffer  # since version 5 of the format
        )
    return names


def _make_dict(arguments: tuple[Any, ...]) -> dict[Any, Any]:
    if arguments:
        raise RefusedError("it makes a dictionary in an unknown way")
    return {}


def _make_set(arguments: tuple[Any, ...]) -> set[str]:
    values = arguments[0] if len(arguments) == 1 else None
    if type(values) is not list or any(type(value) is not str for value in values):
        raise RefusedError("it makes a set in an unknown way")
    return set(values)


def _refuse(_: tuple[Any, ...]) -> Any:
    raise RefusedError("it makes an array in an unknown way")


def _make_dtype(arguments: tuple[Any, ...]) -> NumpyDtype:
    code = arguments[0] if arguments else None
    if type(code) is not str or code not in DTYPES:
        raise RefusedError("an array has a type that no network needs")
    return NumpyDtype(code)


def _make_scalar(arguments: tuple[Any, ...]) -> int | float | bool:
    if len(arguments) != 2 or type(arguments[0]) is not NumpyDtype:
        raise RefusedError("a number has no type")
    dtype, data = arguments[0].dtype, arguments[1]
    if type(data) is not memoryview or len(data) != dtype.itemsize:
        raise RefusedError("a number has no value")
    value: int | float | bool = np.frombuffer(data, dtype)[0].item()
    return value


def _make_array(arguments: tuple[Any, ...]) -> NumpyArray:
    kind = arguments[0] if arguments else None
    if type(kind) is not Global or kind.name != "numpy.ndarray":
        raise RefusedError("it makes an array in an unknown way")
    return NumpyArray()


def _make_array_from_buffer(arguments: tuple[Any, ...]) -> NumpyArray:
    """`_frombuffer(bytes, type, shape, order)`."""
    if len(arguments) != 4 or type(arguments[1]) is not NumpyDtype or type(arguments[3]) is not str:
        raise RefusedError("it makes an array in an unknown way")
    data, kind, shape, order = arguments
    array = NumpyArray()
    array.build((1, shape, kind, order == "F", data))
    return array


def _make_module(arguments: tuple[Any, ...]) -> OfficialModule:
    description = arguments[0] if len(arguments) == 1 else None
    if type(description) is not dict:
        raise RefusedError("a module is not described as an official file describes it")
    kind, name, state = (description.get(key) for key in ("type", "class_name", "state"))
    if type(kind) is not str or kind != "class" or type(name) is not str or type(state) is not dict:
        raise RefusedError("a module is not described as an official file describes it")
    if name not in CLASSES:
        raise RefusedError(
            f"it holds a module of the class {ascii(name)[1:-1]:.64}, which is unknown"
        )
    return OfficialModule(name, state)
