"""Messages of the websocket: 16 bytes that say what follows, then JSON or arrays.

```
byte  0   uint16   magic, 0x4550 ("PE" in this order of bytes)
      2   uint8    version of this format
      3   uint8    kind
      4   uint32   number of the layout; 0: none
      8   uint32   step: iterations done
     12   uint32   milliseconds of computing
```

All numbers are little-endian. The kinds:

| kind | from | after the header |
| --- | --- | --- |
| 1 `JSON` | both | UTF-8: one object, an event of the server or a command of the page |
| 2 `LAYOUT` | server | UTF-8: the names and shapes of the arrays of a number's frames, sent once |
| 3 `FRAME` | server | float32 arrays in the order of the layout, nothing between them |
| 4 `ACK` | page | nothing: the frame of this layout and step was received |

In a layout at most one dimension of the last array is null: the frame's length tells it. So a frame
carries as many rows of metrics as there are. A step in a row is relative to the header's, so that
float32 holds it exactly.
"""

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from math import prod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "HEADER",
    "MAGIC",
    "VERSION",
    "ArraySpec",
    "FrameError",
    "Kind",
    "Layout",
    "Message",
    "pack_frame",
    "pack_json",
    "read_message",
    "unpack_arrays",
]

MAGIC = 0x4550
VERSION = 1
HEADER = struct.Struct("<HBBIII")
"""Magic, version, kind, layout number, step, milliseconds."""
MAX_MESSAGE_BYTES = 2**20
"""Of a message of a page: settings with a drawing."""


class FrameError(ValueError):
    """A message that is not of this format; its text says why."""


class Kind(IntEnum):
    """What follows the header."""

    JSON = 1
    LAYOUT = 2
    FRAME = 3
    ACK = 4


@dataclass(frozen=True, slots=True)
class ArraySpec:
    """One array of a layout.

    Attributes:
        name: as in the snapshots of the lab's runs.
        shape: its dimensions; None is the one that a frame's length tells.
    """

    name: str
    shape: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """What the frames of a number hold.

    Attributes:
        number: from 1, of one connection.
        arrays: in the order that they follow the header.
        about: what else the page is told of it: whose frames they are, the names of metrics.
    """

    number: int
    arrays: tuple[ArraySpec, ...]
    about: Mapping[str, Any]

    def pack(self) -> bytes:
        """Return the message that tells a page this layout."""
        arrays = [{"name": a.name, "shape": list(a.shape)} for a in self.arrays]
        text = {**self.about, "layout": self.number, "arrays": arrays}
        return _pack(Kind.LAYOUT, self.number, 0, 0, _encode(text))


@dataclass(frozen=True, slots=True)
class Message:
    """A message, its body not yet looked at."""

    kind: Kind
    layout: int
    step: int
    milliseconds: int
    body: bytes

    def json(self) -> dict[str, Any]:
        """Return the object that the body holds.

        Raises:
            FrameError: if it holds none.
        """
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            raise FrameError("its body is no JSON") from None
        if not isinstance(value, dict):
            raise FrameError("its body is no JSON object")
        return value


def pack_json(value: Mapping[str, Any], step: int = 0) -> bytes:
    """Return a message with an object."""
    return _pack(Kind.JSON, 0, step, 0, _encode(value))


def pack_frame(
    layout: int, step: int, milliseconds: float, arrays: "Sequence[NDArray[np.float32]]"
) -> bytes:
    """Return a frame.

    Args:
        layout: the number of its layout, whose order the arrays have.
        step: iterations done.
        milliseconds: of computing, since the training began.
        arrays: of any shape, converted to little-endian float32.
    """
    body = b"".join(array.astype("<f4", order="C", copy=False).tobytes() for array in arrays)
    return _pack(Kind.FRAME, layout, step, int(milliseconds), body)


def _pack(kind: Kind, layout: int, step: int, milliseconds: int, body: bytes) -> bytes:
    last = 2**32 - 1
    return (
        HEADER.pack(MAGIC, VERSION, kind, layout, min(step, last), min(milliseconds, last)) + body
    )


def _encode(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode()


def read_message(data: bytes) -> Message:
    """Return a message.

    Raises:
        FrameError: if it is cut short, or of another format or version.
    """
    if len(data) < HEADER.size:
        raise FrameError(f"it has {len(data)} bytes, fewer than a header's {HEADER.size}")
    magic, version, kind, layout, step, milliseconds = HEADER.unpack_from(data)
    if magic != MAGIC:
        raise FrameError("it does not begin as a message of the studio does")
    if version != VERSION:
        raise FrameError(f"it is of version {version}; this studio speaks version {VERSION}")
    try:
        known = Kind(kind)
    except ValueError:
        raise FrameError(f"its kind is {kind}, which there is not") from None
    return Message(known, layout, step, milliseconds, data[HEADER.size :])


def unpack_arrays(layout: Layout, body: bytes) -> "dict[str, NDArray[np.float32]]":
    """Return the arrays of a frame by name.

    Raises:
        FrameError: if its length is not that of its layout.
    """
    import numpy as np

    values = np.frombuffer(body, dtype="<f4") if len(body) % 4 == 0 else None
    if values is None:
        raise FrameError("its length is no multiple of 4")
    arrays, start = {}, 0
    for spec in layout.arrays:
        known = prod(size for size in spec.shape if size is not None)
        is_open = None in spec.shape
        rest = len(values) - start
        if is_open and (known == 0 or rest % known):
            raise FrameError(f"its array {spec.name} is cut short")
        free = rest // known if is_open else 0
        shape = tuple(free if size is None else size for size in spec.shape)
        end = start + prod(shape)
        if end > len(values):
            raise FrameError(f"its array {spec.name} is cut short")
        arrays[spec.name] = values[start:end].reshape(shape)
        start = end
    if start != len(values):
        raise FrameError("it is longer than its layout")
    return arrays
