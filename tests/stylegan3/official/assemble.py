"""Writing pickles instruction by instruction: good ones, and any evil one."""

import io
import pickle
import struct
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAGIC = 0x1950A86A20F9469CFC6C
FACTS = {
    "protocol_version": 1001,
    "little_endian": True,
    "type_sizes": {"short": 2, "int": 4, "long": 4},
}


@dataclass
class Call:
    """A call of a global name, and what its state is set to."""

    name: str
    arguments: Any = ()
    state: Any = None


@dataclass
class Name:
    """A global name."""

    name: str


@dataclass
class Persistent:
    """A persistent id."""

    told: Any


@dataclass
class Raw:
    """Instructions as they are."""

    code: bytes
    arguments: tuple[Any, ...] = field(default_factory=tuple)


def dump(value: Any) -> bytes:
    """Return a pickle of version 4."""
    return b"\x80\x04" + code(value) + b"."


def code(value: Any) -> bytes:
    match value:
        case Raw():
            return b"".join(map(code, value.arguments)) + value.code
        case Name():
            module, _, name = value.name.rpartition(".")
            return code(module) + code(name) + b"\x93"
        case Call():
            built = b"" if value.state is None else code(value.state) + b"b"
            return code(Name(value.name)) + code(value.arguments) + b"R" + built
        case Persistent():
            return code(value.told) + b"Q"
        case dict():
            parts = b"".join(code(key) + code(part) for key, part in value.items())
            return b"}(" + parts + b"u"
        case list():
            return b"](" + b"".join(map(code, value)) + b"e"
        case tuple():
            return b"(" + b"".join(map(code, value)) + b"t"
        case _:  # constants
            whole = pickle.dumps(value, 4)
            return whole[11 if whole[2:3] == b"\x95" else 2 : -1]  # without the frame


def stream(
    values: NDArray[Any],
    *,
    kind: str = "FloatStorage",
    magic: Any = MAGIC,
    facts: Any = None,
    told: Any = None,
    count: int | None = None,
    key: str = "94",
) -> bytes:
    """Return a storage as `torch.save` wrote it, or not quite."""
    number = len(values) if count is None else count
    if told is None:
        told = ("storage", Name(f"torch.{kind}"), "94", "cpu", number, None)
    parts = [magic, 1001, FACTS if facts is None else facts, Persistent(told), [key]]
    file = io.BytesIO()
    for part in parts:
        file.write(dump(part))
    return file.getvalue() + struct.pack("<q", number) + values.tobytes()


def tensor(
    values: NDArray[Any],
    size: tuple[int, ...] | None = None,
    stride: tuple[int, ...] | None = None,
    offset: int = 0,
    **storage: Any,
) -> Call:
    """Return a tensor of float32 numbers, or not quite."""
    steps = tuple(step // values.itemsize for step in values.strides)
    flat = np.ascontiguousarray(values, np.float32).ravel()
    storage = stream(flat, **storage)
    arguments = (
        Call("torch.storage._load_from_bytes", (storage,)),
        offset,
        values.shape if size is None else size,
        steps if stride is None else stride,
        False,
        Call("collections.OrderedDict"),
    )
    return Call("torch._utils._rebuild_tensor_v2", arguments)


def module(name: str = "Generator", **state: Any) -> Call:
    """Return a module of a network."""
    whole = {
        "_parameters": {},
        "_buffers": {},
        "_modules": {},
        "_non_persistent_buffers_set": Raw(b"\x8f"),
        "_init_args": (),
        "_init_kwargs": {},
    } | state
    told = {
        "type": "class",
        "version": 6,
        "module_src": "raise SystemExit('never executed')\n" * 100,
        "class_name": name,
        "state": whole,
    }
    return Call("torch_utils.persistence._reconstruct_persistent_obj", (told,))


def snapshot(network: Any = None, **more: Any) -> bytes:
    """Return a snapshot with one network."""
    return dump({"G_ema": module() if network is None else network} | more)
