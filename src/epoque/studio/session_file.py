"""A training that a page steers, as one file: it outlives its worker, its page and the server.

The first line is JSON: lab, config, where it stands, and the SHA-256 of what follows, the arrays of
its checkpoint as safetensors. The file is whole or not there.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from epoque.bench.errors import DamagedRunError
from epoque.bench.events import Checkpoint
from epoque.bench.files.atomic import parse_json_object, read_file, write_atomic

__all__ = ["SessionRecord", "read_header", "read_session", "session_path", "write_session"]

ENDING = ".session"


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """What is kept of a training.

    Attributes:
        lab: the lab's name.
        values: the config that it began with, path of a setting to plain value.
        step: iterations done.
        milliseconds: of computing so far.
        checkpoint: where it goes on; None: at its beginning.
    """

    lab: str
    values: Mapping[str, Any]
    step: int = 0
    milliseconds: float = 0.0
    checkpoint: Checkpoint | None = None


def session_path(folder: Path, session: str) -> Path:
    """Return the path of the file of a session, whose id is of hexadecimal digits."""
    assert session.isalnum(), session
    return folder / f"{session}{ENDING}"


def write_session(path: Path, record: SessionRecord) -> None:
    """Write a file of a session.

    Raises:
        RunWriteError: if the system refuses.
    """
    from safetensors.numpy import save

    checkpoint, data = record.checkpoint, b""
    if checkpoint is not None:
        import numpy as np

        arrays = checkpoint.arrays.items()
        data = save({name: np.array(array, order="C") for name, array in arrays})
    header = {
        "lab": record.lab,
        "values": dict(record.values),
        "step": record.step,
        "milliseconds": record.milliseconds,
        "state": None if checkpoint is None else dict(checkpoint.state),
        "sha256": hashlib.sha256(data).hexdigest(),
    }
    line = json.dumps(header, separators=(",", ":")).encode()
    write_atomic(path, line + b"\n" + data)


def read_header(path: Path) -> SessionRecord:
    """Return what a file of a session says, without its arrays.

    Raises:
        DamagedRunError: if it is missing, or is none.
    """
    return _parse(path, _split(path)[0], None)


def read_session(path: Path) -> SessionRecord:
    """Return what a file of a session holds.

    Raises:
        DamagedRunError: if it is missing, cut short or changed.
    """
    line, data = _split(path)
    return _parse(path, line, data)


def _split(path: Path) -> tuple[bytes, bytes]:
    line, _, data = read_file(path).partition(b"\n")
    return line, data


def _parse(path: Path, line: bytes, data: bytes | None) -> SessionRecord:
    header = parse_json_object(path, line)
    try:
        state, step = header["state"], int(header["step"])
        checkpoint = None
        if data is not None and state is not None:
            checkpoint = Checkpoint(step, _unpack(path, header["sha256"], data), state)
        return SessionRecord(
            str(header["lab"]),
            dict(header["values"]),
            step,
            float(header["milliseconds"]),
            checkpoint,
        )
    except (KeyError, TypeError, ValueError):
        raise DamagedRunError(f"{path} is damaged: it keeps no training.") from None


def _unpack(path: Path, digest: str, data: bytes) -> dict[str, Any]:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    if hashlib.sha256(data).hexdigest() != digest:
        raise DamagedRunError(f"{path} is damaged: it is not what was saved.")
    try:
        return load(data)
    except SafetensorError:
        raise DamagedRunError(f"{path} is damaged: it holds no arrays.") from None
