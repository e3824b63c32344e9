"""Finding what a folder of runs holds by name: runs, sweeps and searches."""

from collections.abc import Iterator
from pathlib import Path

from .errors import UnknownNameError
from .run import Run, Runs
from .search import Search, Searches
from .sweep import Sweep, Sweeps

__all__ = ["Record", "find_record", "studies"]

Record = Run | Sweep | Search


def studies(root: Path) -> Iterator[Sweep | Search]:
    """Yield the sweeps and the searches of a folder, oldest first."""
    yield from sorted([*Sweeps(root), *Searches(root)], key=lambda study: study.id)


def find_record(root: Path, name: str) -> Record:
    """Return a run, or else a sweep or search, by its id, a part of its id, or its path.

    Raises:
        UnknownNameError: if none, or more than one, answers to `name`.
    """
    ids = {study.id: study for study in studies(root)}
    if Path(name).name in ids and (name in ids or Path(name).resolve().parent == root.resolve()):
        return ids[Path(name).name]
    try:
        return Runs(root).find(name)
    except UnknownNameError:
        matches = [study for key, study in ids.items() if name and name in key]
        if len(matches) == 1:
            return matches[0]
        if not matches:
            raise
        told = f" {len(matches)} are named like that: {', '.join(m.id for m in matches[-3:])}."
        raise UnknownNameError("single sweep or search", name, (), told) from None
