"""Making the folder of a run, a sweep or a search.

It appears whole under its name, and the disk has it before its work begins.
"""

import os
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..errors import DamagedRunError, NameTakenError
from ..files.atomic import explain_write_errors, read_json, sync_files, sync_folder, write_json
from ..files.drafts import draft_folder, iter_drafts, remove_draft
from ..system.environment import describe_environment
from .creation_time import format_time
from .manifest import digest_json
from .status import Status, write_status

__all__ = [
    "create_record",
    "find_given_name",
    "make_record_name",
    "remove_drafts",
    "sign_environment",
]

_MADE = re.compile(r"\d{8}T\d{6}\.\d{3}-(.+)", re.DOTALL)


def make_record_name(recipe: str, kind: str = "", moment: datetime | None = None) -> str:
    """Return a folder name that sorts by time and names the recipe.

    Args:
        recipe: the recipe's name.
        kind: what else the name says.
        moment: when, in UTC; by default now.
    """
    return f"{format_time(moment or datetime.now(UTC))}-{recipe.replace('/', '-')}{kind}"


def find_given_name(folder: str, recipe: str | None) -> str | None:
    """Return the name that somebody gave a record; None where time and recipe made it.

    Args:
        folder: the name of its folder.
        recipe: the recipe's name; None of a record that cannot be read.
    """
    match = _MADE.fullmatch(folder)
    if match is None:
        return folder
    its = None if recipe is None else recipe.replace("/", "-")
    # What follows tells apart what was made at once, and sweeps and searches.
    return None if its is None or match[1].startswith(its) else folder


def create_record(
    root: Path,
    name: str,
    seed: int,
    fill: Callable[[Path], None],
    moment: datetime | None = None,
    *,
    only: bool = False,
) -> Path:
    """Make a new folder, whole or not at all, and return its path.

    Args:
        root: where; made if it is missing.
        name: the folder's name; if it is taken, `-2`, `-3`, … is added.
        seed: noted in environment.json.
        fill: writes into the new folder what is its own.
        moment: when, in UTC, as `next_creation_time` gives it; by default now.
        only: whether it must be that name and no other.

    Raises:
        NameTakenError: if it must and cannot.
        RunWriteError: if the system refuses.
    """
    started = (moment or datetime.now(UTC)).isoformat(timespec="milliseconds")
    with explain_write_errors(root):
        root.mkdir(parents=True, exist_ok=True)
        with draft_folder(root / name, all_beside=True) as draft:
            (draft / ".lock").touch()
            (draft / "figures").mkdir()
            write_json(draft / "environment.json", {**describe_environment(), "seed": seed})
            write_status(draft, Status("interrupted", "not started", started))
            fill(draft)
            sync_files([*draft.iterdir(), draft])
            path = _rename_free(draft, root, name, 1 if only else 10_000)
            sync_folder(root)
            return path


def sign_environment(
    path: Path,
    of: str,
    seed: int,
    computed_by: Mapping[str, Any] | None = None,
    threads: int | None = None,
    *,
    begins: bool,
) -> None:
    """Complete the environment.json of a record; it is of the first process.

    It is signed with the digest of what is trained. One that is damaged, missing or of another
    record is written anew, as of this process.

    Args:
        path: the record's folder.
        of: the digest of what is trained.
        seed: noted in it.
        computed_by: `device`, and what the lab tells of its engine: known only once a training has
            begun; None leaves it.
        threads: known at a checkpoint only; None leaves it.
        begins: whether what is there may be unsigned, and of another device.

    Raises:
        RunWriteError: if the system refuses.
    """
    content: dict[str, Any] | None = None
    with suppress(DamagedRunError):
        content = read_json(path / "environment.json")
    signed = content.pop("sha256", None) if content else None
    if not content or signed != _signature(content, of):
        if not (content and signed is None and begins):
            content = {**describe_environment(), "seed": seed}
        signed = None
    if computed_by is not None and (begins or signed is None):
        content |= computed_by
    if threads is not None:
        content["threads"] = threads
    if signed != (signature := _signature(content, of)):
        write_json(path / "environment.json", content | {"sha256": signature})


def _signature(content: Mapping[str, object], of: str) -> str:
    return digest_json({**content, "of": of})


def _rename_free(draft: Path, root: Path, name: str, tries: int) -> Path:
    """Rename to the first free one of name, name-2, name-3, …: rename never replaces a run."""
    for attempt in range(1, tries + 1):
        path = root / (name if attempt == 1 else f"{name}-{attempt}")
        try:
            draft.rename(path)
        except OSError:
            if not os.path.lexists(path):
                raise
        else:
            return path
    raise NameTakenError(f"There is a folder {root / name} already.")


def remove_drafts(path: Path) -> None:
    """Remove what processes left that were killed while they wrote; use it under the lock."""
    for draft in iter_drafts(path):
        remove_draft(draft.path)
