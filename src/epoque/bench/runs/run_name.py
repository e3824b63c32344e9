"""Runs that the user names: the same command goes on with the run that it began.

A launcher that starts a killed training again (torchrun's `--max-restarts`, a requeued SLURM job, a
teacher's script) has only the command line to say it with.
"""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..config import Config
from ..errors import ConfigError, DamagedRunError, Problem, UsageError
from ..lab import C, Lab
from ..limits import MAX_NAME_BYTES
from .lookup import LAST
from .resume_point import find_resume_point
from .run import Run

__all__ = ["check_name", "find_named_run"]

_ALLOWED = re.compile(r"[^\W_][\w.-]*", re.ASCII)
_WINDOWS = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?")
"""Its devices, which no file can be named after, whatever the ending."""


def check_name(name: str) -> None:
    """Check that a run may be named so: its folder has this name on every system.

    Raises:
        ConfigError: if it may not.
    """
    if _ALLOWED.fullmatch(name) and not name.endswith(".") and len(name) <= MAX_NAME_BYTES:
        if why := _describe_reserved_name(name.lower()):
            raise ConfigError([Problem("name", f"{name} is not allowed; it {why}.")])
        return
    takes = f"letters a to z, digits, `.`, `_` and `-`, at most {MAX_NAME_BYTES} of them"
    message = f"{name!r} is not allowed; it takes {takes}, and begins with a letter or a digit."
    raise ConfigError([Problem("name", message)])


def _describe_reserved_name(name: str) -> str:
    """Return what a name in small letters, as some file systems see it, means already; else ""."""
    if name == LAST:
        return "means the newest run"
    return "is a device of Windows" if _WINDOWS.fullmatch(name) else ""


def find_named_run(lab: Lab[C], config: C, root: Path, name: str) -> Run[C] | None:
    """Return the run of that name if it is there and has this config.

    Args:
        lab: whose run it must be.
        config: what it must have been begun with.
        root: the folder of runs.
        name: the run's.

    Raises:
        ConfigError: if it has other settings; all that differ are listed. Or if a run may not be
            named so.
        UsageError: if it is no run, or another lab's.
        DamagedRunError: if it cannot be read what it was begun with.
    """
    check_name(name)
    path = root / name
    if not os.path.lexists(path):
        return None
    if not (path / "config.json").is_file():
        raise UsageError(f"{path} is there and is no run; another name makes a new one.")
    run: Run[C] = Run(path)
    metadata = _read_metadata(run)
    if (its := metadata["lab"]) != lab.name:
        raise UsageError(f"{path} is a run of the lab {its}, not of {lab.name}; take another name.")
    if problems := list(
        _find_differences(lab.config_class.from_record(metadata["config"]), config)
    ):
        raise ConfigError(problems)
    return run


def _read_metadata(run: Run) -> Mapping[str, Any]:
    """Return what config.json holds; if it is damaged, what the checkpoints know of it."""
    try:
        return run.metadata
    except DamagedRunError:
        return find_resume_point(run).metadata


def _find_differences(its: Config, wish: Config) -> Iterator[Problem]:
    for path, value in wish.flatten().items():
        if (current := its.get(path)) != value:
            message = f"{value} is asked for, but the run of that name has {current}"
            yield Problem(path, f"{message}, and keeps it; another name makes a new run.")
