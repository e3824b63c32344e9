"""Runs that the user names: the same command goes on with the run that it began.

A launcher that starts a killed training again (torchrun's `--max-restarts`, a requeued SLURM job, a
teacher's script) has only the command line to say it with.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .config import Config
from .errors import ConfigError, Problem, UsageError
from .lab import Lab
from .limits import MAX_NAME_BYTES
from .run import Run

__all__ = ["check_name", "find_named_run"]

_ALLOWED = re.compile(r"[^\W_][\w.-]*", re.ASCII)
_TAKEN = ("last",)


def check_name(name: str) -> None:
    """Check that a run may be named so: its folder has this name on every system.

    Raises:
        ConfigError: if it may not.
    """
    if _ALLOWED.fullmatch(name) and not name.endswith(".") and len(name) <= MAX_NAME_BYTES:
        if name not in _TAKEN:
            return
        raise ConfigError([Problem("name", f"{name} is not allowed; it means the newest run.")])
    takes = f"letters a to z, digits, `.`, `_` and `-`, at most {MAX_NAME_BYTES} of them"
    told = f"{name!r} is not allowed; it takes {takes}, and begins with a letter or a digit."
    raise ConfigError([Problem("name", told)])


def find_named_run(lab: Lab[Any], config: Config, root: Path, name: str) -> Run | None:
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
    if not path.exists():
        return None
    if not (path / "config.json").is_file():
        raise UsageError(f"{path} is there and is no run; another name makes a new one.")
    run = Run(path)
    if (its := run.manifest["lab"]) != lab.name:
        raise UsageError(f"{path} is a run of the lab {its}, not of {lab.name}; take another name.")
    if problems := list(_differences(run.config, config)):
        raise ConfigError(problems)
    return run


def _differences(its: Config, asked: Config) -> Iterator[Problem]:
    for field, value in asked:
        if (known := getattr(its, field)) != value:
            told = f"{value} is asked for, but the run of that name has {known}"
            yield Problem(field, f"{told}, and keeps it; another name makes a new run.")
