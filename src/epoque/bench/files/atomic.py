"""Writing files so that they are whole or not there, and saying clearly when they cannot be.

What is being written stands under a draft's name, `.NAME.HOST-PID-START-RANDOM.tmp`, until it is
whole: hidden, in the folder where it will be, and telling who may still be at work on it.
"""

import errno
import json
import os
import re
import socket
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import DamagedRunError, DataError, RunWriteError, first_line
from ..i18n import mark
from ..plain_values import to_plain
from .input_files import open_regular

__all__ = [
    "DraftOwner",
    "describe_refusal",
    "draft_owner",
    "draft_path",
    "encode_json",
    "encode_json_line",
    "explain_write_errors",
    "host_name",
    "leave_unsynced",
    "parse_json_object",
    "process_start",
    "read_file",
    "read_json",
    "sync_files",
    "sync_folder",
    "sync_tree",
    "write_atomic",
    "write_json",
]

_REASONS = {
    errno.ENOSPC: mark("the disk is full"),
    errno.EDQUOT: mark("the disk quota is used up"),
    errno.EFBIG: mark("the file would be larger than the system allows"),
    errno.EROFS: mark("the folder is read-only"),
    errno.EACCES: mark("there is no permission to write there"),
    errno.EPERM: mark("there is no permission to write there"),
    errno.ENOTDIR: mark("a part of the path is a file, not a folder"),
    errno.ENOENT: mark("the folder does not exist"),
    errno.EEXIST: mark("a file stands where a folder should be"),
    errno.EISDIR: mark("it is a folder"),
}

_DRAFT = re.compile(
    r"\..+\.(?P<host>[A-Za-z0-9_-]+)-(?P<pid>[0-9]+)-(?P<started>[0-9]+)-[0-9a-f]{8}\.tmp",
    re.DOTALL,
)
SYNCED_TOGETHER = 8
"""Files that wait for the disk side by side: a hundred take 10 ms so, and 160 to 310 in turn."""

_LONGEST_NAME = 255
"""Bytes of a file's name: what the file systems of Linux, macOS and Windows take."""


class DraftOwner(NamedTuple):
    """Who writes, or wrote, a draft.

    Attributes:
        host: as `host_name` gives it.
        pid: of the process.
        started: when the process began (see `process_start`); a later one may have its number.
    """

    host: str
    pid: int
    started: int


@cache
def host_name() -> str:
    """Return this machine's name, as drafts carry it: letters, digits, `_` and `-`."""
    return re.sub(r"[^A-Za-z0-9_-]", "-", socket.gethostname().partition(".")[0])[:40] or "host"


def draft_path(path: Path) -> Path:
    """Return where to write a file or folder until it is whole: `.NAME.HOST-PID-START-RANDOM.tmp`.

    Each call gives another name, so that no two writers of one path meet. A name that would be
    too long for the file system loses its end.
    """
    pid = os.getpid()
    owner = f".{host_name()}-{pid}-{_own_start(pid)}-{os.urandom(4).hex()}.tmp"
    name = os.fsencode(f".{path.name}")[: _LONGEST_NAME - len(owner)]
    return path.with_name(_whole_letters(name) + owner)


def _whole_letters(name: bytes) -> str:
    """Return a name without the letter that a cut may have halved."""
    try:
        name.decode()
    except UnicodeDecodeError as error:
        if error.end == len(name) and error.reason == "unexpected end of data":
            name = name[: error.start]
    return os.fsdecode(name)


def draft_owner(path: Path) -> DraftOwner | None:
    """Return who made a draft, or None if the name is not one that `draft_path` gives."""
    match = _DRAFT.fullmatch(path.name)
    return DraftOwner(match["host"], int(match["pid"]), int(match["started"])) if match else None


@cache
def _own_start(pid: int) -> int:  # of the process: a fork has another number
    return process_start(pid) or 0


def process_start(pid: int) -> int | None:
    """Return when a process began, or None if it has ended.

    Returns:
        On Linux the ticks of the clock since the machine started, which no other process of that
        number has; elsewhere 0 for one that lives, or may.
    """
    if sys.platform == "win32":
        return 0  # os.kill would end it
    if os.path.isdir("/proc/self"):
        return _ticks(pid)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except OSError:  # it is another user's
        return 0
    return 0


def _ticks(pid: int) -> int | None:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()  # a command's name may hold anything
    except OSError:
        return None
    return None if fields[0] in (b"Z", b"X") else int(fields[19])


@contextmanager
def explain_write_errors(path: Path) -> Iterator[None]:
    """Turn an `OSError` of the block into one sentence that names the path and the reason.

    Raises:
        RunWriteError: for any `OSError`.
    """
    try:
        yield
    except OSError as error:
        message = f"Cannot write {path}: {describe_refusal(error)}. What was there is whole."
        raise RunWriteError(message) from error


def describe_refusal(error: OSError) -> str:
    """Return why the system refused, as the end of a sentence."""
    return _REASONS.get(error.errno or 0, error.strerror or str(error))


def write_atomic(path: Path, data: bytes, *, durable: bool = False) -> None:
    """Write a file under a temporary name and rename it: readers see all of it or nothing.

    Args:
        path: where it shall be.
        data: its whole content.
        durable: also wait until the disk has it under its name: a power cut then loses nothing.

    Raises:
        RunWriteError: if the system refuses; a file of that name is then as it was.
    """
    temporary = draft_path(path)
    with explain_write_errors(path):
        try:
            with temporary.open("wb") as file:
                file.write(data)
                if durable and not _is_sync_left():
                    file.flush()
                    os.fsync(file.fileno())
            temporary.replace(path)
            if durable:
                sync_folder(path.parent)
        finally:
            temporary.unlink(missing_ok=True)


def sync_folder(path: Path) -> None:
    """Wait until the disk has a folder's entries: a file is synced, its name is not.

    Windows knows no such thing; some network file systems refuse it: nothing more can be done.

    Raises:
        OSError: if the disk reports an error.
    """
    if os.name == "nt" or _is_sync_left():
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EBADF):
            raise
    finally:
        os.close(handle)


@contextmanager
def leave_unsynced() -> Iterator[None]:
    """Let nothing inside wait for the disk: a power cut may take all that is written there.

    For short work that can be made again, by one who syncs it afterwards; in this thread only.
    """
    before, _sync_here.is_left = getattr(_sync_here, "is_left", False), True
    try:
        yield
    finally:
        _sync_here.is_left = before


_sync_here = threading.local()


def _is_sync_left() -> bool:
    return bool(getattr(_sync_here, "is_left", False))


def sync_tree(folders: Iterable[Path]) -> None:
    """Wait until the disk has folders with all that is in them, and their own names.

    Raises:
        RunWriteError: if the disk reports an error.
    """
    paths: dict[Path, None] = {}
    for folder in folders:
        if folder.is_dir():
            paths |= dict.fromkeys((folder.parent, folder, *folder.rglob("*")))
    sync_files(path for path in paths if path.exists())


def sync_files(paths: Iterable[Path]) -> None:
    """Wait until the disk has files and folders.

    All together: the disk takes many at once in little more time than one.

    Raises:
        RunWriteError: if one is not there, or the disk reports an error.
    """
    if _is_sync_left():
        return
    with ThreadPoolExecutor(SYNCED_TOGETHER) as pool:
        for _ in pool.map(_sync, dict.fromkeys(paths)):
            pass


def _sync(path: Path) -> None:
    with explain_write_errors(path):
        if path.is_dir():
            sync_folder(path)
        else:
            with path.open("r+b") as file:  # Windows flushes only what is open for writing
                os.fsync(file.fileno())


def write_json(path: Path, value: object, *, durable: bool = False) -> None:
    """Write a value as indented JSON, whole or not at all (see `write_atomic`)."""
    write_atomic(path, encode_json(value), durable=durable)


def encode_json(value: object) -> bytes:
    """Return a value as `write_json` writes it."""
    text = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    # A path with bytes that are no UTF-8 holds lone surrogates; as \\udcxx they are valid JSON.
    return text.encode(errors="backslashreplace")


def encode_json_line(row: Mapping[str, float]) -> bytes:
    """Return numbers as one line of JSON; JSON has no NaN: an undefined number becomes null.

    Pydantic's encoder writes floats, to the last bit, nine times as fast as Python's own.

    Raises:
        UsageError: if a value is an array with axes, which no metric is.
    """
    try:
        return _encoder()(row, inf_nan_mode="null")
    except ValueError:  # it knows no scalars but Python's; they are rare, and looking for them slow
        plain = {name: to_plain(value, f"metric {name!r}") for name, value in row.items()}
        return _encoder()(plain, inf_nan_mode="null")


@cache
def _encoder() -> Callable[..., bytes]:
    from pydantic_core import to_json  # here, since `epoque --help` writes nothing

    return to_json


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        DamagedRunError: if the file is missing, cannot be read or holds no JSON object.
    """
    try:
        data = read_file(path)
    except DamagedRunError as error:
        reason = str(error).removeprefix(f"{path} cannot be read: ")
        raise DamagedRunError(f"{path} is damaged or missing: {reason}") from None
    return parse_json_object(path, data)


def read_file(path: Path) -> bytes:
    """Return the content of a file of a run, which may be anybody's: a FIFO is not waited for.

    Raises:
        DamagedRunError: if it is missing, cannot be read or is no regular file.
    """
    try:
        with open_regular(path) as file:
            return file.read()
    except DataError as error:
        reason = str(error).removeprefix(str(path)).removeprefix(" cannot be read").lstrip(": ")
        raise DamagedRunError(f"{path} cannot be read: {reason}") from None
    except OSError as error:
        raise DamagedRunError(f"{path} cannot be read: {first_line(error)}.") from None


def parse_json_object(path: Path, data: bytes) -> dict[str, Any]:
    """Return the JSON object that a file's bytes hold.

    Raises:
        DamagedRunError: if they hold none.
    """
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise DamagedRunError(f"{path} is damaged or missing: {first_line(error)}.") from None
    if not isinstance(value, dict):
        raise DamagedRunError(f"{path} is damaged: it holds no JSON object.")
    return value
