"""Who writes a record, told beside its lock: for those who cannot see the lock.

A lock is seen by the processes of one machine, and over some network file systems. In a folder that
another machine shares without locks, or in a copy of one that is being written, it is not; there
`.owner` tells the machine, and when it was last heard of.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from ..errors import DamagedRunError, RunWriteError
from ..files.atomic import host_name, read_json, write_json
from ..limits import MAX_WRITER_SILENCE

__all__ = ["BEAT_SECONDS", "OWNER", "Owner", "announce_owner", "other_owner"]

OWNER = ".owner"
BEAT_SECONDS = 60.0
"""How often a writer says that it lives."""


@dataclass(frozen=True, slots=True)
class Owner:
    """A process of another machine that writes a record.

    Attributes:
        host: its machine's name.
        pid: its number there.
        seconds: how long ago it was last heard of.
    """

    host: str
    pid: int
    seconds: float


def other_owner(path: Path) -> Owner | None:
    """Return who writes a folder on another machine; None if that is nobody, or dead.

    A writer of this machine is told by the lock, and is dead if the machine was started anew.
    """
    try:
        content = read_json(path / OWNER)
        if content["boot"] == _boot_id() or content["host"] == host_name():
            return None
        silent = datetime.now(UTC) - datetime.fromisoformat(content["heard"])
        owner = Owner(str(content["host"]), int(content["pid"]), silent.total_seconds())
    except (DamagedRunError, KeyError, TypeError, ValueError, OverflowError):
        return None
    return owner if owner.seconds < MAX_WRITER_SILENCE else None


@contextmanager
def announce_owner(path: Path) -> Iterator[None]:
    """Say, as long as the block lasts, that this process writes a folder.

    Raises:
        RunWriteError: if the folder cannot be written.
    """
    over = threading.Event()
    _write_owner(path)
    beat = threading.Thread(target=_repeat, args=(path, over), daemon=True)
    beat.start()
    try:
        yield
    finally:
        over.set()
        beat.join()
        with suppress(OSError):
            (path / OWNER).unlink()


def _repeat(path: Path, over: threading.Event) -> None:
    while not over.wait(BEAT_SECONDS):
        with suppress(RunWriteError):  # a full disk is told by those who write results
            _write_owner(path)


def _write_owner(path: Path) -> None:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    owner = {"host": host_name(), "boot": _boot_id(), "pid": os.getpid(), "heard": now}
    write_json(path / OWNER, owner)


@cache
def _boot_id() -> str:
    """Return what names this start of this machine; of containers on it, the same."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return f"a start of {host_name()}"
