"""Writing files so that they are whole or not there, and saying clearly when they cannot be."""

import errno
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic_core import to_json

from .errors import DamagedRunError, RunWriteError

__all__ = [
    "json_line",
    "read_json",
    "refusal",
    "told_write_errors",
    "write_atomic",
    "write_json",
]

_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the file would be larger than the system allows",
    errno.EROFS: "the folder is read-only",
    errno.EACCES: "there is no permission to write there",
    errno.EPERM: "there is no permission to write there",
    errno.ENOTDIR: "a part of the path is a file, not a folder",
    errno.ENOENT: "the folder does not exist",
    errno.EEXIST: "a file stands where a folder should be",
    errno.EISDIR: "it is a folder",
}


@contextmanager
def told_write_errors(path: Path) -> Iterator[None]:
    """Turn an `OSError` of the block into one sentence that names the path and the reason.

    Raises:
        RunWriteError: for any `OSError`.
    """
    try:
        yield
    except OSError as error:
        told = f"Cannot write {path}: {refusal(error)}. What was there is whole."
        raise RunWriteError(told) from error


def refusal(error: OSError) -> str:
    """Return why the system refused, as the end of a sentence."""
    return _REASONS.get(error.errno or 0, error.strerror or str(error))


def write_atomic(path: Path, data: bytes, *, durable: bool = False) -> None:
    """Write a file under a temporary name and rename it: readers see all of it or nothing.

    Args:
        path: where it shall be.
        data: its whole content.
        durable: also wait until the disk has it (for checkpoints; a power cut loses nothing).

    Raises:
        RunWriteError: if the system refuses; a file of that name is then as it was.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with told_write_errors(path):
        try:
            with temporary.open("wb") as file:
                file.write(data)
                if durable:
                    file.flush()
                    os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def write_json(path: Path, value: Any, *, durable: bool = False) -> None:
    """Write a value as indented JSON, whole or not at all (see `write_atomic`)."""
    text = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    # A path with bytes that are no UTF-8 holds lone surrogates; as \\udcxx they are valid JSON.
    write_atomic(path, text.encode(errors="backslashreplace"), durable=durable)


def json_line(row: Mapping[str, float]) -> bytes:
    """Return numbers as one line of JSON; JSON has no NaN: an undefined number becomes null.

    Pydantic's encoder writes floats, to the last bit, nine times as fast as Python's own.
    """
    return to_json(row, inf_nan_mode="null")


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        DamagedRunError: if the file is missing, cannot be read or holds no JSON object.
    """
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise DamagedRunError(f"{path} is damaged or missing: {_first_line(error)}.") from None
    if not isinstance(value, dict):
        raise DamagedRunError(f"{path} is damaged: it holds no JSON object.")
    return value


def _first_line(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or "it cannot be read"
    return (str(error).splitlines() or ["it cannot be read"])[0]
