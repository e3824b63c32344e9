"""Finding what a folder of runs holds by name: runs, sweeps and searches."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from ..errors import DamagedRunError, UsageError
from ..sweeps.search import Search
from ..sweeps.sweep import Sweep
from .lookup import LAST, find_named, newest_first, records_in
from .record import Recorded
from .run import Run

__all__ = ["Record", "find_lab_record", "find_record", "lab_records", "studies"]

R = TypeVar("R", bound=Recorded[Any])

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


def lab_records(root: Path, lab: str, *kinds: type[R]) -> list[R]:
    """Return the records of a lab, oldest first.

    Args:
        root: the folder of runs.
        lab: whose records.
        kinds: such as `Run[NeuronConfig]`.

    Raises:
        UsageError: if the folder may not be read, or is a file.
    """
    newest = newest_first(records_in(root, *kinds))
    return [record for record in reversed(newest) if _is_of(record, lab)]


def find_lab_record(
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
        kinds: what may be meant, such as `Run[NeuronConfig]`.
        usable: whether a record has what it is wanted for.

    Raises:
        UnknownNameError: if none, or more than one, answers to `name`.
        UsageError: if it is another lab's, or the folder may not be read, or is a file.
        DamagedRunError: if it cannot be read whose it is.
    """
    if name == LAST and (records := lab_records(root, lab, *kinds)[::-1]):
        return next((record for record in records if usable(record)), records[0])
    record = find_named(root, name, *kinds)
    if record.lab_name != lab:
        whose = f"a {record.kind} of the lab {record.lab_name}"
        raise UsageError(f"{record.id} is {whose}, not of {lab}.")
    return record


def _is_of(record: Recorded[Any], lab: str) -> bool:
    try:
        return record.lab_name == lab
    except DamagedRunError:
        return False
