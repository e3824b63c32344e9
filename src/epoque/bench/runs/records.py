"""Finding what a folder of runs holds by name: runs, sweeps and searches."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from ..errors import DamagedRunError, UsageError
from ..sweeps.search import Search
from ..sweeps.sweep import Sweep
from .named import LAST, find_named, newest_first, records_in
from .reader import Recorded
from .run import Run

__all__ = ["Record", "find_of", "find_record", "find_run", "studies"]

R = TypeVar("R", bound=Recorded)

Record = Run | Sweep | Search
KINDS: tuple[type[Record], ...] = (Run, Sweep, Search)


def studies(root: Path) -> Iterator[Sweep | Search]:
    """Yield the sweeps and the searches of a folder, oldest first."""
    kinds: tuple[type[Sweep | Search], ...] = (Sweep, Search)
    yield from reversed(newest_first(records_in(root, *kinds)))


def find_record(root: Path, name: str, *, whole: bool = False) -> Record:
    """Return a run, a sweep or a search (see `find_named`).

    Raises:
        UnknownNameError: if none, or more than one, answers to `name`.
        UsageError: if the folder may not be read, or is a file.
    """
    return find_named(root, name, *KINDS, whole=whole)


def find_run(
    root: Path, name: str, lab: str, usable: Callable[[Run], bool] = lambda _: True
) -> Run:
    """Return a run of one lab (see `find_of`)."""
    return find_of(root, name, lab, Run, usable=usable)


def find_of(
    root: Path,
    name: str,
    lab: str,
    *kinds: type[R],
    usable: Callable[[R], bool] = lambda _: True,
) -> R:
    """Return a record of one lab.

    Args:
        root: the folder of runs.
        name: see `find_named`; but `last` is the newest of that lab that is usable, or else the
            newest of that lab.
        lab: whose record it must be.
        kinds: what may be meant.
        usable: whether a record has what it is wanted for.

    Raises:
        UnknownNameError: if none, or more than one, answers to `name`.
        UsageError: if it is another lab's, or the folder may not be read, or is a file.
        DamagedRunError: if it cannot be read whose it is.
    """
    ours: list[R] = []
    if name == LAST:
        ours = [record for record in newest_first(records_in(root, *kinds)) if _is_of(record, lab)]
    if ours:
        return next((record for record in ours if usable(record)), ours[0])
    found = find_named(root, name, *kinds)
    if found.manifest["lab"] != lab:
        its = found.manifest["lab"]
        raise UsageError(f"{found.id} is a {found.kind} of the lab {its}, not of {lab}.")
    return found


def _is_of(record: Recorded, lab: str) -> bool:
    try:
        return bool(record.manifest["lab"] == lab)
    except DamagedRunError:
        return False
