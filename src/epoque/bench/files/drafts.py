"""Drafts: what is being written and not whole yet. Each has an owner, and goes when that is dead.

A draft's name tells who writes it (see `epoque.bench.files.atomic.draft_path`): the machine, the
process and when that began. What a killed process left is removed by the next one that writes
there, and `epoque runs clean` tells and removes the rest.
"""

import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from .atomic import draft_owner, draft_path, host_name, process_start

__all__ = ["Draft", "draft_folder", "iter_drafts", "remove_abandoned", "remove_draft"]

ALIEN_SECONDS = 24 * 3600.0
"""How long another machine's draft stays untouched before it counts as abandoned: no write pauses
that long, and clocks differ by less."""
_OLD_KINDS = (".new-*", ".epoque-*")
"""What earlier versions called their drafts of folders, which have no owner."""
_OLD_FILE = re.compile(r"\..+\.\d+\.tmp")
"""What they called those of files; other programs' `.x.tmp` are not ours to remove."""


@dataclass(frozen=True, slots=True)
class Draft:
    """Something that was left half-written.

    Attributes:
        path: a file or a folder.
        whose: who left it, in words.
        bytes: its size.
    """

    path: Path
    whose: str
    bytes: int


@contextmanager
def draft_folder(path: Path, *, all_beside: bool = False) -> Iterator[Path]:
    """Give an empty folder beside the place of a file or folder; it is removed at the end.

    Args:
        path: of the file or folder.
        all_beside: whether the abandoned drafts of others that belong beside it go, too.

    Raises:
        OSError: if the system refuses.
    """
    remove_abandoned(path.parent, None if all_beside else path.name)
    draft = draft_path(path)
    draft.mkdir()
    try:
        yield draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def remove_abandoned(folder: Path, name: str | None = None) -> None:
    """Remove the drafts in a folder whose owners are dead, as far as the system lets.

    Args:
        folder: not those below it.
        name: only the drafts of this file or folder.
    """
    start = "." if name is None else f".{name}."
    with suppress(OSError):
        for entry in os.listdir(folder):
            if entry.startswith(start) and _is_abandoned(folder / entry):
                remove_draft(folder / entry)


def remove_draft(path: Path) -> None:
    """Remove a draft, a file or a folder, as far as the system lets."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()


def iter_drafts(folder: Path, *, downloads: bool = False) -> Iterator[Draft]:
    """Yield what was left half-written in and under a folder, by name; not what is being written.

    Args:
        folder: where it is looked for.
        downloads: also those that were begun; only in the cache folder are they ours.

    Raises:
        OSError: if a folder cannot be read.
    """
    kinds = (".*.tmp", *_OLD_KINDS, *["*.partial"] * downloads)
    paths = {path for kind in kinds for path in folder.rglob(kind)}
    for path in sorted(paths):
        if not any(above in paths for above in path.parents) and (whose := _whose(path)):
            yield Draft(path, whose, _size(path))


def _whose(path: Path) -> str | None:
    """Return who left a draft, in words; None if its owner may still be at work."""
    owner = draft_owner(path)
    if path.suffix == ".partial":
        return None if _is_fetched(path) else "a download that was cut off"
    if owner is None:
        ours = path.suffix != ".tmp" or _OLD_FILE.fullmatch(path.name)
        return "an earlier version" if ours else None
    if owner.host != host_name():
        return f"process {owner.pid} on {owner.host}" if _age(path) > ALIEN_SECONDS else None
    return f"process {owner.pid}, which ended" if _is_abandoned(path) else None


def _is_abandoned(path: Path) -> bool:
    """Return whether a draft's owner was a process of this machine that is dead."""
    owner = draft_owner(path)
    if owner is None or owner.host != host_name():
        return False
    started = process_start(owner.pid)
    return started is None or started != owner.started


def _is_fetched(path: Path) -> bool:
    """Return whether a process holds the lock beside a download."""
    if not (path.parent / "lock").exists():
        return False
    try:
        with FileLock(path.parent / "lock", timeout=0):
            return False
    except Timeout:
        return True
    except OSError:
        return False


def _age(path: Path) -> float:
    with suppress(OSError):
        return time.time() - path.stat().st_mtime
    return 0.0


def _size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    total = 0
    for file in files:
        with suppress(OSError):
            total += file.lstat().st_size
    return total
