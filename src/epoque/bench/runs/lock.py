"""One process writes a record at a time, here or on another machine that shares the disk."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from ..errors import RunLockedError
from ..files.atomic import explain_write_errors
from ..limits import MAX_WRITER_SILENCE
from .lock_owner import OWNER, Owner, announce_owner, other_owner

__all__ = ["hold_lock", "is_locked", "lock_record"]

LOCK_SECONDS = 0.5  # a reader that looks whether the folder is locked holds it for a moment


@contextmanager
def lock_record(path: Path) -> Iterator[None]:
    """Hold a folder for writing; the operating system lets go if the process dies.

    Raises:
        RunLockedError: if another process holds it, here or on another machine.
        RunWriteError: if the folder cannot be written.
    """
    lock = FileLock(path / ".lock", timeout=LOCK_SECONDS)
    with explain_write_errors(path):
        try:
            lock.acquire()
        except Timeout:
            raise RunLockedError(f"Another process is writing {path}.") from None
    try:
        if other := other_owner(path):
            raise RunLockedError(_explain_other_writer(path, other))
        with announce_owner(path):
            yield
    finally:
        lock.release()


@contextmanager
def hold_lock(path: Path, refusal: str) -> Iterator[None]:
    """Keep others from beginning to write a folder; nothing in it tells who does.

    Args:
        path: the folder, which may be moved meanwhile.
        refusal: what is said if a process is writing it.

    Raises:
        RunLockedError: if a process is writing it, here or on another machine.
    """
    if other_owner(path):
        raise RunLockedError(refusal)
    lock = FileLock(path / ".lock", timeout=0)
    try:
        # A folder that cannot be locked cannot be written either.
        with suppress(OSError, Timeout):
            lock.acquire()
        if not lock.is_locked and is_locked(path):
            raise RunLockedError(refusal)
        yield
    finally:
        lock.release()


def _explain_other_writer(path: Path, other: Owner) -> str:
    return (
        f"{path} is being written by process {other.pid} of {other.host}, heard of "
        f"{max(0, round(other.seconds))} s ago. If it is not, as in a copy, delete "
        f"{path / OWNER} and try again; after {MAX_WRITER_SILENCE / 60:.0f} silent minutes that is "
        "not needed."
    )


def is_locked(path: Path) -> bool:
    """Return whether a process is writing this folder now, here or on another machine."""
    if other_owner(path):
        return True
    lock_path = path / ".lock"
    if not lock_path.exists():
        return False
    try:
        with FileLock(lock_path, timeout=0):
            return False
    except Timeout:
        return True
    except OSError:
        return False  # a folder that cannot be locked cannot be written either
