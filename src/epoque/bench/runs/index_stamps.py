"""How a run's folder tells that it is not as it was: time stamps, compared and never ordered."""

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

__all__ = ["are_recent", "stamp_files", "stamp_folder", "stamp_root"]

FILES = ("config.json", "status.json", "results.json", "manifest.json", "environment.json")
"""What a row is read from."""
SETTLED_SECONDS = 2.0
"""Of a stamp's age: no file system's clock ticks slower."""


def stamp_folder(path: Path) -> str:
    """Return what tells a run's folder as it is from what it was or will be; "" if it is gone."""
    try:
        stat = os.stat(path)
    except OSError:
        return ""
    return f"{stat.st_mtime_ns}:{stat.st_ino}"


def stamp_files(path: Path) -> str:
    """Return what tells the files that a row is read from as they are from what they will be."""
    stats = _stats(path, *FILES)
    return " ".join(f"{stat.st_mtime_ns}:{stat.st_size}:{stat.st_ino}" for stat in stats)


def stamp_root(path: Path) -> str | None:
    """Return what tells a folder of runs; None if it changed just now, and may again untold."""
    stamp = stamp_folder(path)
    return None if are_recent(stamp) else stamp


def are_recent(*stamps: str) -> bool:
    """Return whether what was stamped may have changed twice within one tick of the clock."""
    now = time.time()
    times = (int(one.partition(":")[0]) for stamp in stamps for one in stamp.split())
    return any(abs(now - nanoseconds / 1e9) < SETTLED_SECONDS for nanoseconds in times)


def _stats(path: Path, *names: str) -> Iterator[os.stat_result]:
    for name in names:
        with suppress(OSError):
            yield os.stat(os.path.join(path, name))
