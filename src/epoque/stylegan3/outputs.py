"""Where results go: looked at before the work begins, which may take hours."""

import os
from pathlib import Path

from epoque.bench.errors import UsageError
from epoque.bench.files import refusal, told_write_errors

__all__ = ["check_file", "check_folder", "folder_of"]


def check_file(option: str, path: Path | None, *endings: str) -> None:
    """Refuse a file that could not be written; nothing is left behind by looking.

    Folders that are not there are made when there is something to write (see `folder_of`).

    Args:
        option: as typed.
        path: of the file; None is none.
        endings: what is added to its name; each makes a file.

    Raises:
        UsageError: naming the option, the path, and why not.
    """
    if path is None:
        return
    if not path.name:
        raise UsageError(f"{option}: {path} is not allowed; it is a folder, not a file's name.")
    for ending in endings or ("",):
        file = path.with_name(f"{path.name}{ending}")
        if file.is_dir():
            raise UsageError(f"{option}: {file} is not allowed; there is a folder of that name.")
    _check(option, path, path.parent)


def check_folder(option: str, path: Path | None) -> None:
    """Refuse a folder that could not be made or written into; nothing is left behind by looking.

    Args:
        option: as typed.
        path: of the folder; None is none.

    Raises:
        UsageError: naming the option, the path, and why not.
    """
    if path is not None:
        _check(option, path, path)


def folder_of(path: Path) -> None:
    """Make the folder of a file that is about to be written.

    Raises:
        RunWriteError: if the system refuses.
    """
    with told_write_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)


def _check(option: str, path: Path, folder: Path) -> None:
    """Write an empty file where the first folder would be made, or the files, and remove it."""
    try:
        probe = _nearest(folder) / f".{path.name}.{os.getpid()}.tmp"
        probe.touch()
        probe.unlink()
    except OSError as error:
        told = f"{option}: {path} cannot be written: {refusal(error)}"
        raise UsageError(f"{told}; give another place.") from None


def _nearest(folder: Path) -> Path:
    """Return a folder, or the nearest above it that is there."""
    for above in folder.parents:
        try:
            folder.stat()
            break
        except FileNotFoundError:
            folder = above
    return folder
