"""In which order the runs, sweeps and searches of a folder were made, also if the clock went back.

A record is made at a moment after all that are there (a hybrid logical clock: Kulkarni et al.,
"Logical physical clocks", 2014): the time of day, or a millisecond after the newest record where
the clock stands before that. Its name and its status tell the moment; the status is believed first,
since names may be chosen and folders renamed.
"""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ..errors import DamagedRunError, UsageError
from ..files.atomic import describe_refusal, read_json

__all__ = [
    "format_time",
    "iter_record_folders",
    "list_names",
    "next_creation_time",
    "read_creation_time",
    "read_time",
]

_STAMP = re.compile(r"(\d{8}T\d{6}\.\d{3})-.+", re.DOTALL)
_FORMAT = "%Y%m%dT%H%M%S.%f"
_STEP = timedelta(milliseconds=1)


def format_time(moment: datetime) -> str:
    """Return a moment as the beginning of a folder's name, to the millisecond."""
    return moment.strftime(_FORMAT)[:-3]


def read_time(name: str) -> datetime | None:
    """Return the moment, in UTC, that a name begins with (see `format_time`); else None."""
    return _read_stamp(name.partition("-")[0])


def next_creation_time(root: Path) -> datetime:
    """Return the moment, in UTC, of a record that is made now: after those that are there."""
    now, names = datetime.now(UTC), list[str]()
    with suppress(OSError):  # whoever writes there will say it
        names = _names(root)
    stamps = [match[1] for name in names if (match := _STAMP.fullmatch(name))]
    newest = _read_stamp(max(stamps, default=""))
    return now if newest is None or newest < now else newest + _STEP


def read_creation_time(path: Path) -> datetime:
    """Return when a record was made, in UTC: as its status, its name, or its folder tells."""
    with suppress(DamagedRunError, KeyError, TypeError, ValueError):
        started = datetime.fromisoformat(read_json(path / "status.json")["started"])
        return started if started.tzinfo else started.replace(tzinfo=UTC)
    match = _STAMP.fullmatch(path.name)
    moment = _read_stamp(match[1]) if match else None
    with suppress(OSError):  # deleted meanwhile
        moment = moment or datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return moment or datetime.min.replace(tzinfo=UTC)


def iter_record_folders(root: Path, *kinds: str) -> Iterator[tuple[Path, str]]:
    """Yield the folders in `root` that hold one of these files, and that file's name, by name.

    Args:
        root: a folder of runs; one that is not there holds none.
        kinds: names of files, each of which makes a folder a record.

    Raises:
        UsageError: if it may not be read, or is a file.
    """
    for name in sorted(list_names(root)):
        for kind in kinds:
            # Unlike Path.is_file, this is never an error, however odd the name.
            if os.path.isfile(os.path.join(root, name, kind)):
                yield root / name, kind
                break


def list_names(root: Path) -> list[str]:
    """Return the names of what stands in a folder of runs, but hidden files, in no order.

    Raises:
        UsageError: if it may not be read, or is a file.
    """
    try:
        return _names(root)
    except OSError as error:
        raise UsageError(
            f"The folder of runs {root} cannot be read: {describe_refusal(error)}."
        ) from None


def _names(root: Path) -> list[str]:
    try:
        return [name for name in os.listdir(root) if not name.startswith(".")]
    except FileNotFoundError:
        return []


def _read_stamp(text: str) -> datetime | None:
    with suppress(ValueError):  # thirteen months, for instance
        return datetime.strptime(text, _FORMAT).replace(tzinfo=UTC)
    return None
