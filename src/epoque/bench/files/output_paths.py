"""Places: where runs are, and where results go, looked at before the work begins.

A place is a path on this machine. An address such as `s3://lab/runs` would be one, too, of a folder
`s3:` that nobody wants, so it is refused.
"""

import os
import re
from contextlib import suppress
from pathlib import Path

from ..errors import UsageError
from .atomic import describe_refusal, draft_path, explain_write_errors
from .drafts import remove_abandoned

__all__ = [
    "check_file",
    "check_folder",
    "check_runs_folder",
    "make_parent_folder",
    "new_runs_folder",
    "refuse_address",
    "runs_folder",
]

_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/")
"""Two letters or more: `C:/` is a drive. One slash is enough: a `Path` keeps no more."""


def refuse_address(place: str | Path, *schemes: str) -> None:
    """Refuse an address where the path of a file or folder is wanted.

    Args:
        place: as typed, or as a path.
        schemes: the schemes that are taken, such as `https`.

    Raises:
        ValueError: with the end of a sentence that begins with the place.
    """
    if "\0" in str(place):
        raise ValueError("is not allowed; no path holds a NUL character.")
    match = _ADDRESS.match(str(place))
    if match and match[1].lower() not in schemes:
        also = "".join(f" or an {scheme}:// address" for scheme in schemes)
        raise ValueError(
            f"is an address ({match[1]}://); a path on this machine{also} is taken here."
        )


def runs_folder(path: str | Path | None = None) -> Path:
    """Return where runs go: what was told, else the variable EPOQUE_RUNS, else ./runs.

    `~` is the home folder: shells leave it in `--runs=~/a`, and files of variables, too.

    Raises:
        UsageError: if it is an address.
    """
    place = path or os.environ.get("EPOQUE_RUNS") or "runs"
    try:
        refuse_address(place)
    except ValueError as error:
        raise UsageError(f"The folder of runs: {place} {error}") from None
    return Path(os.path.expanduser(place))  # Path's own raises where there is no such user


def new_runs_folder(path: str | Path | None = None) -> Path:
    """Return where new runs go (see `runs_folder`), once that can be a folder.

    Raises:
        UsageError: if it is an address, a file, or below one.
    """
    root = runs_folder(path)
    if not os.path.isdir(root):
        check_folder("--runs" if path else "EPOQUE_RUNS", root)
    return root


def check_runs_folder(root: Path, option: Path | None) -> None:
    """Refuse a folder of runs that was named and is not there; the usual one comes with a run.

    Args:
        root: as `runs_folder` gives it.
        option: as the option `--runs` was, which the variable EPOQUE_RUNS stands in for.

    Raises:
        UsageError: if it is not there.
    """
    if option is not None and root != runs_folder() and not os.path.lexists(root):
        raise UsageError(f"--runs: there is no folder {root}.")


def check_file(option: str, path: Path | None, *endings: str) -> None:
    """Refuse a file that could not be written; nothing is left behind by looking.

    Folders that are not there are made when there is something to write (see `make_parent_folder`).

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
    files = [path.with_name(f"{path.name}{ending}") for ending in endings or ("",)]
    for file in files:
        if os.path.isdir(file):
            raise UsageError(f"{option}: {file} is not allowed; there is a folder of that name.")
    _check(option, path, path.parent, *files)


def check_folder(option: str, path: Path | None) -> None:
    """Refuse a folder that could not be made or written into; nothing is left behind by looking.

    Args:
        option: as typed.
        path: of the folder; None is none.

    Raises:
        UsageError: naming the option, the path, and why not.
    """
    if path is not None:
        _check(option, path, path, path)


def make_parent_folder(path: Path) -> None:
    """Make the folder of a file that is about to be written.

    Raises:
        RunWriteError: if the system refuses.
    """
    with explain_write_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)


def _check(option: str, path: Path, folder: Path, *targets: Path) -> None:
    """Write an empty file where the first folder would be made, or the files, and remove it.

    Its name is short: whether those of `targets` can be had is asked of the system.
    """
    try:
        refuse_address(path)
    except ValueError as error:
        raise UsageError(f"{option}: {path} {error}") from None
    if path.parts[:1] == ("~",):
        message = "the shell did not put the home folder in place of ~"
        raise UsageError(f"{option}: {path} is not allowed; {message}. `{option} {path}` lets it.")
    remove_abandoned(path.parent, path.name)
    try:
        for target in targets:
            with suppress(FileNotFoundError):
                target.lstat()
        probe = draft_path(_nearest(folder) / path.name)
        probe.touch()
        probe.unlink()
    except OSError as error:
        message = f"{option}: {path} cannot be written: {describe_refusal(error)}"
        raise UsageError(f"{message}; give another place.") from None


def _nearest(folder: Path) -> Path:
    """Return a folder, or the nearest above it that is there."""
    for above in folder.parents:
        try:
            folder.stat()
            break
        except FileNotFoundError:
            folder = above
    return folder
