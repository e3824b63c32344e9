"""Which record of a folder a name means."""

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from ..errors import UnknownNameError
from .creation_time import iter_record_folders, read_creation_time
from .record import Record

__all__ = ["LAST", "find_by_name", "iter_records", "sort_newest_first"]

R = TypeVar("R", bound=Record)

LAST = "last"
"""The name of the newest."""


def iter_records(root: Path, *kinds: type[R]) -> Iterator[R]:
    """Yield the records of some kinds in a folder, by name.

    Raises:
        UsageError: if the folder may not be read, or is a file.
    """
    by_file = {kind.metadata_file: kind for kind in kinds}
    for path, name in iter_record_folders(root, *by_file):
        yield by_file[name](path)


def sort_newest_first(records: Iterable[R]) -> list[R]:
    """Return records in the order they were made in, the last one first."""
    return sorted(
        records, key=lambda record: (read_creation_time(record.path), record.id), reverse=True
    )


def find_by_name(root: Path, name: str, *kinds: type[R], whole: bool = False) -> R:
    """Return the record of some kinds that a name means.

    Args:
        root: the folder of runs.
        name: its id, its path, `last` for the newest, or a part of its id that no other has.
        kinds: what may be meant.
        whole: whether a part does not count, for what cannot be undone.

    Raises:
        UnknownNameError: if none, or more than one, answers to `name`.
        UsageError: if the folder may not be read, or is a file.
    """
    records = list(iter_records(root, *kinds))
    if name == LAST and records:
        return sort_newest_first(records)[0]
    ids = {record.id: record for record in records}
    match = ids.get(name) or _open_at(name, kinds)
    if match is not None:
        return match
    near = [record for key, record in ids.items() if name and name in key]
    if len(near) == 1 and not whole:
        return near[0]
    raise _name_error(root, name, list(ids), [record.id for record in near], whole=whole)


def _open_at(path: str, kinds: Sequence[type[R]]) -> R | None:
    """Return the record whose folder is at a path; `.` and `..` have names, too."""
    for kind in kinds:
        # Unlike Path.is_file, this is never an error, however odd the name.
        if path and os.path.isfile(os.path.join(path, kind.metadata_file)):
            plain = Path(path).name not in ("", "..")
            return kind(Path(path) if plain else Path(os.path.abspath(path)))
    return None


def _name_error(
    root: Path, name: str, ids: list[str], near: list[str], *, whole: bool
) -> UnknownNameError:
    """Return what to say where a name means nothing, or too much."""
    latest = ", ".join(near[-3:])
    if near and whole:
        hint = f" A whole id, `{LAST}` or a path is wanted here, and this is a part of {latest}."
        return UnknownNameError("run", name, (), hint)
    if near:
        hint = f" {len(near)} runs are named like that: {latest}."
        return UnknownNameError("single run", name, (), hint)
    there = f" `epoque runs list` shows {root}."
    hint = there if root.is_dir() else f" There is no folder {root}."
    return UnknownNameError("run", name, ids[::-1], hint)
