"""Who writes a record, told beside its lock: for those who cannot see the lock.

A lock is seen by the processes of one machine, and over some network file systems. In a folder that
another machine shares without locks, or in a copy of one that is being written, it is not; there
`.owner` tells the machine, and when it was last heard of. It is a lease: who finds that it has not
been renewed may take it, and who finds that it was taken writes nothing more. Who takes it makes a
new file; who renews it writes into the file that is its own, so that no sign of life, however late
it arrives, lands on a successor's word.
"""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from ..errors import DamagedRunError, RunLockedError
from ..files.atomic import encode_json, host_name, read_json, write_atomic
from ..limits import MAX_WRITER_SILENCE

__all__ = [
    "BEAT_SECONDS",
    "OWNER",
    "SILENT_SECONDS",
    "Owner",
    "announce_owner",
    "check_owner",
    "is_owner",
    "other_owner",
    "take_from_silent_owner",
]

OWNER = ".owner"
BEAT_SECONDS = 10.0
"""How often a writer says that it lives."""

SILENT_SECONDS = 4 * BEAT_SECONDS
"""After so long without a word, by the clock of who listens, a writer may be taken for dead."""


@dataclass(frozen=True, slots=True)
class Owner:
    """A process of another machine that writes a record.

    Attributes:
        host: its machine's name.
        pid: its number there.
        seconds: how long ago it was last heard of, if the clocks of the machines agree.
        word: what it said; another one each time.
    """

    host: str
    pid: int
    seconds: float
    word: str = ""


def other_owner(path: Path) -> Owner | None:
    """Return who writes a folder on another machine; None if that is nobody, or dead.

    A writer of this machine is told by the lock, and is dead if the machine was started anew.
    """
    try:
        content = read_json(path / OWNER)
        if content["boot"] == _boot_id() or content["host"] == host_name():
            return None
        silent = datetime.now(UTC) - datetime.fromisoformat(content["heard"])
        said = f"{content.get('token')} {content['heard']}"
        owner = Owner(str(content["host"]), int(content["pid"]), silent.total_seconds(), said)
    except (DamagedRunError, KeyError, TypeError, ValueError, OverflowError):
        return None
    return owner if owner.seconds < MAX_WRITER_SILENCE else None


@contextmanager
def announce_owner(path: Path) -> Iterator[None]:
    """Say, as long as the block lasts, that this process writes a folder.

    Raises:
        RunWriteError: if the folder cannot be written.
    """
    over, token = threading.Event(), os.urandom(8).hex()
    write_atomic(path / OWNER, _describe_owner(token))
    _tokens[path] = token
    beat = threading.Thread(target=_repeat, args=(path, token, over), daemon=True)
    beat.start()
    try:
        yield
    finally:
        over.set()
        beat.join()
        if is_owner(path):
            with suppress(OSError):
                (path / OWNER).unlink()
        del _tokens[path]


_tokens: dict[Path, str] = {}
"""Of the folders that this process writes, by what it knows its own word again."""


def is_owner(path: Path) -> bool:
    """Return whether nobody has taken a folder from this process, which writes it."""
    try:
        token, said = _tokens[path].encode(), (path / OWNER).read_bytes()
    except (KeyError, OSError):  # nobody has said anything
        return True
    return not said or token in said  # empty: this process is saying it again


def check_owner(path: Path) -> None:
    """Check, before something is written, that a folder is still this process's.

    Raises:
        RunLockedError: if another has taken it; what that one wrote is to stay.
    """
    if not is_owner(path):
        raise RunLockedError(
            f"Another process has taken {path}, since nothing was heard of this one; it writes "
            "nothing more."
        )


def take_from_silent_owner(path: Path) -> None:
    """Wait as long as another machine writes a folder and says so; leave it to nobody if it stops.

    It is listened to for `SILENT_SECONDS` by this machine's clock: the other's may be wrong. If it
    was only cut off, it finds out before it writes again.
    """
    owner = other_owner(path)
    heard = time.monotonic()
    while owner is not None and time.monotonic() - heard < SILENT_SECONDS:
        time.sleep(min(1.0, SILENT_SECONDS / 4))
        before, owner = owner, other_owner(path)
        if owner is not None and owner.word != before.word:
            heard = time.monotonic()
    if owner is not None:
        with suppress(OSError):
            (path / OWNER).unlink()


def _repeat(path: Path, token: str, over: threading.Event) -> None:
    while not over.wait(BEAT_SECONDS) and is_owner(path):
        _renew_owner(path, token)


def _renew_owner(path: Path, token: str) -> None:
    """Say again that this process writes a folder, unless another has taken it.

    What is read and what is written are one file, whatever stands under its name meanwhile: had it
    been replaced in between, the successor's word would be lost, and both would write. All that is
    said again is as long as it was. A word that somebody deleted is only said where there is none.
    """
    with (
        suppress(OSError),  # a full disk is told by those who write results
        open(path / OWNER, "r+b", opener=_open_or_make) as file,
    ):
        said = file.read()
        if not said or token.encode() in said:
            file.seek(0)
            file.write(_describe_owner(token))


def _open_or_make(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CREAT, 0o666)


def _describe_owner(token: str) -> bytes:
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    owner = {"host": host_name(), "boot": _boot_id(), "pid": os.getpid(), "heard": now}
    return encode_json(owner | {"token": token})


@cache
def _boot_id() -> str:
    """Return what names this start of this machine; of containers on it, the same."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return f"a start of {host_name()}"
