"""What runs, sweeps and searches share on disk.

A record is a folder that appears whole, says how it stands, and is written by one process at a
time.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout

from .drafts import draft_folder, drafts_below, remove, remove_abandoned
from .environment import environment
from .errors import DamagedRunError, EpoqueError, NameTakenError, RunLockedError, RunWriteError
from .files import read_json, told_write_errors, write_json
from .order import stamp
from .timings import Course

__all__ = [
    "State",
    "Status",
    "StatusFile",
    "create_record",
    "is_locked",
    "lock_record",
    "note_environment",
    "read_status",
    "remove_drafts",
    "stamped",
    "work_on",
]

LOCK_SECONDS = 0.5  # a reader that looks whether the folder is locked holds it for a moment

State = Literal["running", "finished", "failed", "interrupted"]


@dataclass(frozen=True, slots=True)
class Status:
    """How a run, a sweep or a search stands.

    Attributes:
        state: running, finished, failed or interrupted.
        reason: why it failed, else "".
        started: ISO 8601 time in UTC; after those of all records made before in that folder.
        seconds: time spent so far, over all resumptions.
        timings: what else the clock told.
    """

    state: State
    reason: str = ""
    started: str = ""
    seconds: float = 0.0
    timings: Course = field(default_factory=Course)


def stamped(recipe: str, kind: str = "", moment: datetime | None = None) -> str:
    """Return a folder name that sorts by time and names the recipe.

    Args:
        recipe: the recipe's name.
        kind: what else the name says.
        moment: when, in UTC; by default now.
    """
    return f"{stamp(moment or datetime.now(UTC))}-{recipe.replace('/', '-')}{kind}"


def create_record(
    root: Path,
    name: str,
    seed: int,
    fill: Callable[[Path], None],
    moment: datetime | None = None,
    *,
    only: bool = False,
) -> Path:
    """Make a new folder, whole or not at all, and return its path.

    Args:
        root: where; made if it is missing.
        name: the folder's name; if it is taken, `-2`, `-3`, … is added.
        seed: noted in environment.json.
        fill: writes into the new folder what is its own.
        moment: when, in UTC, as `next_moment` gives it; by default now.
        only: whether it must be that name and no other.

    Raises:
        NameTakenError: if it must and cannot.
        RunWriteError: if the system refuses.
    """
    started = (moment or datetime.now(UTC)).isoformat(timespec="milliseconds")
    with told_write_errors(root):
        root.mkdir(parents=True, exist_ok=True)
        remove_abandoned(root)
        with draft_folder(root / name) as draft:
            (draft / ".lock").touch()
            (draft / "figures").mkdir()
            write_json(draft / "environment.json", {**environment(), "seed": seed})
            _write_status(draft, Status("interrupted", "not started", started))
            fill(draft)
            return _rename_free(draft, root, name, 1 if only else 10_000)


def note_environment(path: Path, **found: Any) -> None:
    """Write into environment.json what is known only once a training has begun, as its device.

    A damaged environment.json stays as it is: no reason to stop.

    Raises:
        RunWriteError: if the system refuses.
    """
    with suppress(DamagedRunError):
        told = read_json(path / "environment.json")
        if {**told, **found} != told:
            write_json(path / "environment.json", {**told, **found})


def _rename_free(draft: Path, root: Path, name: str, tries: int) -> Path:
    """Rename to the first free one of name, name-2, name-3, …: rename never replaces a run."""
    for attempt in range(1, tries + 1):
        path = root / (name if attempt == 1 else f"{name}-{attempt}")
        try:
            draft.rename(path)
        except OSError:
            if not path.exists():
                raise
        else:
            return path
    raise NameTakenError(f"There is a folder {root / name} already.")


@contextmanager
def lock_record(path: Path) -> Iterator[None]:
    """Hold a folder for writing; the operating system lets go if the process dies.

    Raises:
        RunLockedError: if another process holds it.
        RunWriteError: if the folder cannot be written.
    """
    lock = FileLock(path / ".lock", timeout=LOCK_SECONDS)
    with told_write_errors(path):
        try:
            lock.acquire()
        except Timeout:
            raise RunLockedError(f"Another process is writing {path}.") from None
    try:
        yield
    finally:
        lock.release()


def is_locked(path: Path) -> bool:
    """Return whether a process is writing this folder now."""
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


def read_status(path: Path) -> Status:
    """Return how a folder stands now; if the process that wrote it died, it is interrupted.

    Raises:
        DamagedRunError: if its status.json cannot be read.
    """
    told = read_json(path / "status.json")
    try:
        status = Status(
            told["state"],
            str(told["reason"]),
            str(told["started"]),
            float(told["seconds"]),
            Course.from_json(told.get("timings", {})),
        )
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError):
        raise DamagedRunError(f"{path / 'status.json'} is damaged.") from None
    if status.state not in ("running", "finished", "failed", "interrupted"):
        raise DamagedRunError(f"{path / 'status.json'} is damaged: unknown state.")
    if status.state == "running" and not is_locked(path):
        return replace(status, state="interrupted", reason="its process ended")
    return status


class StatusFile:
    """Writes status.json, and counts the seconds over all resumptions; use it under the lock.

    Attributes:
        timings: what the clock told of the training so far.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._before = read_status(path)
        self._clock = time.monotonic()
        self.timings = self._before.timings

    def write(self, state: State, reason: str = "") -> None:
        """Say how the folder stands.

        Raises:
            RunWriteError: if the system refuses.
        """
        seconds = self._before.seconds + time.monotonic() - self._clock
        started = self._before.started
        _write_status(self._path, Status(state, reason, started, seconds, self.timings))


@contextmanager
def work_on(path: Path) -> Iterator[None]:
    """Hold a folder for writing, and say in its status how the block ended.

    Raises:
        RunLockedError: if another process holds it.
        RunWriteError: if the folder cannot be written.
    """
    with lock_record(path):
        remove_drafts(path)
        status = StatusFile(path)
        status.write("running")
        try:
            yield
        except BaseException as error:
            with suppress(RunWriteError):  # a full disk already raised once
                status.write(*_how_it_ended(error))
            raise
        status.write("finished")


def _how_it_ended(error: BaseException) -> tuple[State, str]:
    if isinstance(error, KeyboardInterrupt | GeneratorExit):
        return "interrupted", str(error) or "stopped by the user"
    told = str(error) if isinstance(error, EpoqueError) else f"{type(error).__name__}: {error}"
    return "failed", told


def remove_drafts(path: Path) -> None:
    """Remove what processes left that were killed while they wrote; use it under the lock."""
    for draft in drafts_below(path):
        remove(draft.path)


def _write_status(path: Path, status: Status) -> None:
    told: dict[str, Any] = {
        "state": status.state,
        "reason": status.reason,
        "started": status.started,
        "seconds": round(status.seconds, 3),
    }
    if timings := status.timings.to_json():
        told["timings"] = timings
    write_json(path / "status.json", told)
