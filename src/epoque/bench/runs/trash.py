"""The trash of a folder of runs: what was deleted, until it is emptied.

```
runs/
  .trash/
    20261130T145500.123/                the moment of the deletion
      20261130T101500.123-neuron-and/   the folder as it was
```

A hidden folder is no run's, so nothing that reads runs sees what lies in it. Moving there and back
is one rename: a run is here or there, whole.
"""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ..errors import NameTakenError, UnknownNameError, UsageError
from ..files.atomic import explain_write_errors, sync_folder
from .creation_time import format_time
from .lock import hold_lock

__all__ = ["TRASH", "Trash", "TrashEntry", "check_deletable"]

TRASH = ".trash"
RECORD_FILES = ("status.json", "metrics.jsonl")
"""One of these tells a record from any folder that happens to hold a config.json."""


@dataclass(frozen=True, slots=True)
class TrashEntry:
    """A run, a sweep or a search that was deleted.

    Attributes:
        id: the name of its folder.
        path: where it lies now.
        moment: when it was deleted, in UTC, as `20261130T145500.123`.
    """

    id: str
    path: Path
    moment: str


class Trash:
    """What was deleted from one folder of runs."""

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root)
        self.path = self.root / TRASH

    def __iter__(self) -> Iterator[TrashEntry]:
        """Yield what lies in it, in the order in which it was deleted."""
        for moment in _names(self.path):
            for name in _names(self.path / moment):
                if (self.path / moment / name).is_dir():
                    yield TrashEntry(name, self.path / moment / name, moment)

    def find(self, name: str) -> TrashEntry:
        """Return what was deleted under a name, the last time.

        Raises:
            UnknownNameError: if nothing of that name lies in it.
        """
        entries = {entry.id: entry for entry in self}
        if name not in entries:
            hint = "" if entries else f" The trash of {self.root} is empty."
            raise UnknownNameError("run in the trash named", name, entries, hint)
        return entries[name]

    def put(self, path: Path) -> TrashEntry:
        """Move a run, a sweep or a search here.

        Args:
            path: its folder, directly in the folder of runs.

        Raises:
            UsageError: if it is none, or lies elsewhere.
            RunLockedError: if a process is writing it.
            RunWriteError: if the system refuses; it is then where it was.
        """
        check_deletable(path)
        if not os.path.samefile(path.absolute().parent, self.root):
            raise UsageError(f"{path} is not in {self.root}; nothing was deleted.")
        refusal = f"{path.name} is being written; nothing was deleted."
        with hold_lock(path, refusal), explain_write_errors(path):
            there = self._make_place() / path.name
            try:
                path.rename(there)
            except OSError:
                there.parent.rmdir()
                raise
            _sync(there.parent, self.path, self.root)
        return TrashEntry(path.name, there, there.parent.name)

    def _make_place(self) -> Path:
        """Make a folder that is named after this moment, and no other deletion's."""
        self.path.mkdir(exist_ok=True)
        moment = format_time(datetime.now(UTC))
        for attempt in range(1, 10_000):
            place = self.path / (moment if attempt == 1 else f"{moment}-{attempt}")
            with suppress(FileExistsError):
                place.mkdir()
                return place
        raise FileExistsError(None, "too many deletions in one moment")

    def restore(self, name: str, new_name: str | None = None) -> Path:
        """Move what was deleted back, and return its folder.

        Args:
            name: of its folder; of two of that name the one that was deleted last.
            new_name: another name for it there.

        Raises:
            UnknownNameError: if nothing of that name was deleted.
            NameTakenError: if there is a folder of that name again.
            RunWriteError: if the system refuses; it is then where it was.
        """
        return self.restore_entry(self.find(name), new_name)

    def restore_entry(self, entry: TrashEntry, new_name: str | None = None) -> Path:
        """Move one of several back that may have been deleted under one name (see `restore`).

        Raises:
            NameTakenError: if there is a folder of that name again.
            RunWriteError: if the system refuses; it is then where it was.
        """
        path = self.root / (new_name or entry.id)
        taken = f"There is a folder {path} again; restore {entry.id} under another name."
        if os.path.lexists(path):
            raise NameTakenError(taken)
        with explain_write_errors(path):
            try:
                entry.path.rename(path)
            except OSError:
                if os.path.lexists(path):
                    raise NameTakenError(taken) from None
                raise
            with suppress(OSError):
                entry.path.parent.rmdir()
            _sync(self.root)
        return path

    def empty(self, entries: Sequence[TrashEntry] | None = None) -> int:
        """Delete what lies here for good; return how many.

        Args:
            entries: only these; None for all.

        Raises:
            RunWriteError: if the system refuses; what is left lies there still.
        """
        doomed = list(self) if entries is None else list(entries)
        with explain_write_errors(self.path):
            for entry in doomed:
                if entry.path.is_symlink():
                    entry.path.unlink()
                else:
                    shutil.rmtree(entry.path)
            for moment in _names(self.path):
                with suppress(OSError):
                    (self.path / moment).rmdir()
            with suppress(OSError):
                self.path.rmdir()
        return len(doomed)


def check_deletable(path: Path) -> None:
    """Refuse a folder that is no record, or lies in the trash already.

    Raises:
        UsageError: if it must not be moved.
    """
    if not any((path / name).is_file() for name in RECORD_FILES):
        raise UsageError(f"{path} is no run folder; nothing was deleted.")
    if TRASH in path.absolute().parts[:-1]:
        raise UsageError(f"{path} is in the trash already; nothing was deleted.")


def _names(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []


def _sync(*folders: Path) -> None:
    """Let a power cut leave the run in one of the two places, as far as the disk can be asked."""
    for folder in folders:
        with suppress(OSError):
            sync_folder(folder)
