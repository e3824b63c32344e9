"""What runs, sweeps and searches share on disk.

A record is a folder that appears whole, says how it stands, and is written by one process at a
time. The disk has it before its work begins, and all its files before it is finished.
"""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from math import inf
from pathlib import Path
from typing import Any, Literal, get_args

from filelock import FileLock, Timeout

from ..errors import DamagedRunError, EpoqueError, NameTakenError, RunLockedError
from ..files.atomic import explain_write_errors, read_json, sync_files, sync_folder, write_json
from ..files.drafts import draft_folder, iter_drafts, remove_draft
from ..limits import MAX_WRITER_SILENCE
from ..system.environment import describe_environment
from .creation_time import format_time
from .lock_owner import OWNER, Owner, announce_owner, other_owner
from .manifest import (
    MANIFEST,
    digest_file,
    digest_files,
    digest_json,
    read_manifest,
    write_manifest,
)
from .timings import StepTimings

__all__ = [
    "State",
    "Status",
    "StatusFile",
    "create_record",
    "describe_end",
    "find_status_differences",
    "is_locked",
    "lock_record",
    "make_record_name",
    "read_status",
    "remove_drafts",
    "sign_environment",
    "unseal",
]

LOCK_SECONDS = 0.5  # a reader that looks whether the folder is locked holds it for a moment

LOST = "its status.json is damaged or missing"

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
    timings: StepTimings = field(default_factory=StepTimings)


def make_record_name(recipe: str, kind: str = "", moment: datetime | None = None) -> str:
    """Return a folder name that sorts by time and names the recipe.

    Args:
        recipe: the recipe's name.
        kind: what else the name says.
        moment: when, in UTC; by default now.
    """
    return f"{format_time(moment or datetime.now(UTC))}-{recipe.replace('/', '-')}{kind}"


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
        moment: when, in UTC, as `next_creation_time` gives it; by default now.
        only: whether it must be that name and no other.

    Raises:
        NameTakenError: if it must and cannot.
        RunWriteError: if the system refuses.
    """
    started = (moment or datetime.now(UTC)).isoformat(timespec="milliseconds")
    with explain_write_errors(root):
        root.mkdir(parents=True, exist_ok=True)
        with draft_folder(root / name, all_beside=True) as draft:
            (draft / ".lock").touch()
            (draft / "figures").mkdir()
            write_json(draft / "environment.json", {**describe_environment(), "seed": seed})
            _write_status(draft, Status("interrupted", "not started", started))
            fill(draft)
            sync_files([*draft.iterdir(), draft])
            path = _rename_free(draft, root, name, 1 if only else 10_000)
            sync_folder(root)
            return path


def sign_environment(
    path: Path,
    of: str,
    seed: int,
    device: str | None = None,
    threads: int | None = None,
    *,
    begins: bool,
) -> None:
    """Complete the environment.json of a record; it is of the first process.

    It is signed with the digest of what is trained. One that is damaged, missing or of another
    record is written anew, as of this process.

    Args:
        path: the record's folder.
        of: the digest of what is trained.
        seed: noted in it.
        device: known only once a training has begun; None leaves it.
        threads: known at a checkpoint only; None leaves it.
        begins: whether what is there may be unsigned, and of another device.

    Raises:
        RunWriteError: if the system refuses.
    """
    content: dict[str, Any] | None = None
    with suppress(DamagedRunError):
        content = read_json(path / "environment.json")
    signed = content.pop("sha256", None) if content else None
    if not content or signed != _signature(content, of):
        if not (content and signed is None and begins):
            content = {**describe_environment(), "seed": seed}
        signed = None
    if device is not None and (begins or signed is None):
        content["device"] = device
    if threads is not None:
        content["threads"] = threads
    if signed != (signature := _signature(content, of)):
        write_json(path / "environment.json", content | {"sha256": signature})


def _signature(content: Mapping[str, object], of: str) -> str:
    return digest_json({**content, "of": of})


def _rename_free(draft: Path, root: Path, name: str, tries: int) -> Path:
    """Rename to the first free one of name, name-2, name-3, …: rename never replaces a run."""
    for attempt in range(1, tries + 1):
        path = root / (name if attempt == 1 else f"{name}-{attempt}")
        try:
            draft.rename(path)
        except OSError:
            if not os.path.lexists(path):
                raise
        else:
            return path
    raise NameTakenError(f"There is a folder {root / name} already.")


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
            raise RunLockedError(_written_elsewhere(path, other))
        with announce_owner(path):
            yield
    finally:
        lock.release()


def _written_elsewhere(path: Path, other: Owner) -> str:
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


def read_status(path: Path) -> Status:
    """Return how a folder stands now; if the process that wrote it died, it is interrupted.

    A status.json that is missing, damaged or another's does not matter much: a record with a
    manifest is finished, and one that is neither finished nor locked is interrupted.
    """
    status = _read_status_file(path)
    if (status is None or status.state == "running") and is_locked(path):
        return status or Status("running", LOST)
    if _has_manifest(path):
        wrong = any(name.startswith("status.json") for name in find_status_differences(path))
        return Status("finished") if status is None or wrong else status
    if status is None:
        return Status("interrupted", LOST)
    if status.state == "running":
        return replace(status, state="interrupted", reason="its process ended")
    return status


def find_status_differences(path: Path) -> list[str]:
    """Return what is wrong with status.json and environment.json of a finished record.

    Each is the end of a sentence, as `epoque.bench.runs.manifest.find_differences` tells the other
    files.
    """
    wrong = [f"{name} is not what was saved" for name in ("status.json", "environment.json")]
    try:
        content = read_json(path / "status.json")
        if _parse_status(content) is None or content["files"][MANIFEST] != digest_file(
            path / MANIFEST
        ):
            return wrong[:1]
    except (DamagedRunError, KeyError, TypeError):
        return wrong[:1]
    try:
        same = content["files"]["environment.json"] == digest_file(path / "environment.json")
    except (DamagedRunError, KeyError):
        same = False
    return [] if same else wrong[1:]


def _has_manifest(path: Path) -> bool:
    try:
        return read_manifest(path) is not None
    except DamagedRunError:
        return False


def _read_status_file(path: Path) -> Status | None:
    try:
        return _parse_status(read_json(path / "status.json"))
    except DamagedRunError:
        return None


def _parse_status(content: Mapping[str, Any]) -> Status | None:
    """Return a status out of JSON, or None if it is none, or not what was written."""
    try:
        rest = {name: value for name, value in content.items() if name != "sha256"}
        if content.get("sha256", digest_json(rest)) != digest_json(rest):
            return None
        seconds, state = float(content["seconds"]), content["state"]
        if state not in get_args(State) or not 0 <= seconds < inf:
            return None
        timings = StepTimings.from_json(content.get("timings", {}))
        return Status(state, str(content["reason"]), str(content["started"]), seconds, timings)
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError):
        return None


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
        _write_status(self._path, self._now(state, reason))

    def seal(self, files: Mapping[str, str]) -> None:
        """Say that the folder is finished, and what it is made of: the manifest, then the status.

        Args:
            files: name to SHA-256; the disk must have them already.

        Raises:
            RunWriteError: if the system refuses.
        """
        write_manifest(self._path, files)
        names = (MANIFEST, "environment.json")
        bound = digest_files(self._path, [self._path / name for name in names])
        _write_status(self._path, self._now("finished", ""), files=bound)

    def _now(self, state: State, reason: str) -> Status:
        seconds = self._before.seconds + time.monotonic() - self._clock
        seconds = round(seconds, 3)
        return Status(state, reason, self._before.started, seconds, self.timings)


def describe_end(error: BaseException) -> tuple[State, str]:
    """Return the state of a record whose work an exception stopped, and the reason."""
    if isinstance(error, KeyboardInterrupt | GeneratorExit):
        return "interrupted", str(error) or "stopped by the user"
    reason = str(error) if isinstance(error, EpoqueError) else f"{type(error).__name__}: {error}"
    return "failed", reason


def unseal(path: Path) -> None:
    """Take away a record's manifest: from now on, and after a power cut, it is not finished.

    Raises:
        RunWriteError: if the system refuses.
    """
    with explain_write_errors(path):
        if (path / MANIFEST).exists():
            (path / MANIFEST).unlink()
            sync_folder(path)


def remove_drafts(path: Path) -> None:
    """Remove what processes left that were killed while they wrote; use it under the lock."""
    for draft in iter_drafts(path):
        remove_draft(draft.path)


def _write_status(path: Path, status: Status, **more: object) -> None:
    content: dict[str, Any] = {
        "state": status.state,
        "reason": status.reason,
        "started": status.started,
        "seconds": status.seconds,
        **more,
    }
    if timings := status.timings.to_json():
        content["timings"] = timings
    signed = {"sha256": digest_json(content)} if status.state == "finished" else {}
    write_json(path / "status.json", content | signed)
