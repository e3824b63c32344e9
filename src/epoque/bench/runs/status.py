"""How a run, a sweep or a search stands: its status.json, and its end.

The disk has all its files before it is finished.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import inf
from pathlib import Path
from typing import Any, Literal, get_args

from ..errors import ClusterError, DamagedRunError, EpoqueError
from ..files.atomic import explain_write_errors, read_json, sync_folder, write_json
from ..i18n import mark
from .lock import is_locked
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
    "describe_end",
    "find_status_differences",
    "read_status",
    "unseal",
    "write_status",
]


LOST = mark("its status.json is damaged or missing")
PROCESS_ENDED = mark("its process ended")
STOPPED_BY_USER = mark("stopped by the user")

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
        return replace(status, state="interrupted", reason=PROCESS_ENDED)
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
        reason, started = content["reason"], content["started"]
        if not (isinstance(reason, str) and isinstance(started, str)):
            return None  # another's, or damaged: as text it might be of any length
        timings = StepTimings.from_json(content.get("timings", {}))
        return Status(state, reason, started, seconds, timings)
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
        write_status(self._path, self._now(state, reason))

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
        write_status(self._path, self._now("finished", ""), files=bound)

    def _now(self, state: State, reason: str) -> Status:
        seconds = self._before.seconds + time.monotonic() - self._clock
        seconds = round(seconds, 3)
        return Status(state, reason, self._before.started, seconds, self.timings)


def describe_end(error: BaseException) -> tuple[State, str]:
    """Return the state of a record whose work an exception stopped, and the reason."""
    if isinstance(error, KeyboardInterrupt | GeneratorExit | ClusterError):
        return "interrupted", str(error) or STOPPED_BY_USER
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


def write_status(path: Path, status: Status, **more: object) -> None:
    """Write status.json.

    Args:
        path: the record's folder.
        status: how it stands.
        more: what a finished record is bound to.

    Raises:
        RunWriteError: if the system refuses.
    """
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
