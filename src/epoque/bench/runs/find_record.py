"""Finding what a folder of runs holds by name: runs, sweeps and searches."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from ..errors import DamagedRunError, UsageError
from ..sweeps.search import Search
from ..sweeps.sweep import Sweep
from .lookup import LAST, find_by_name, iter_records, sort_newest_first
from .record import Record
from .run import Run

__all__ = ["AnyRecord", "find_lab_record", "find_record", "iter_studies", "lab_records"]

R = TypeVar("R", bound=Record[Any])

AnyRecord = Run | Sweep | Search
KINDS: tuple[type[AnyRecord], ...] = (Run, Sweep, Search)


def iter_studies(root: Path) -> Iterator[Sweep | Search]:
    """Yield the sweeps and the searches of a folder, oldest first."""
    kinds: tuple[type[Sweep | Search], ...] = (Sweep, Search)
    yield from reversed(sort_newest_first(iter_records(root, *kinds)))


def find_record(root: Path, name: str, *, whole: bool = False) -> AnyRecord:
    """Return a run, a sweep or a search (see `find_by_name`).

    Raises:
        UnknownNameError: if none, or more than one, answers to `name`.
        UsageError: if the folder may not be read, or is a file.
    """
    return find_by_name(root, name, *KINDS, whole=whole)


def lab_records(root: Path, lab: str, *kinds: type[R]) -> list[R]:
    """Return the records of a lab, oldest first.

    Args:
        root: the folder of runs.
        lab: whose records.
        kinds: such as `Run[NeuronConfig]`.

    Raises:
        UsageError: if the folder may not be read, or is a file.
    """
    newest = sort_newest_first(iter_records(root, *kinds))
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
        name: see `find_by_name`; but `last` is the newest of that lab that is usable, or else the
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
    record = find_by_name(root, name, *kinds)
    if record.lab_name != lab:
        whose = f"a {record.kind} of the lab {record.lab_name}"
        raise UsageError(f"{record.id} is {whose}, not of {lab}.")
    return record


def _is_of(record: Record[Any], lab: str) -> bool:
    try:
        return record.lab_name == lab
    except DamagedRunError:
        return False
