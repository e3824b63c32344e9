"""What a page shows of what lies in the trash; what cannot be read is left out."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from epoque.bench.errors import DamagedRunError
from epoque.bench.files.atomic import read_json
from epoque.bench.runs.creation_time import read_time
from epoque.bench.runs.record_folder import find_given_name
from epoque.bench.runs.trash import TrashEntry

from .run_models import TrashedRun

__all__ = ["describe_entry"]

METADATA = ("config.json", "sweep.json", "search.json")
"""What tells a run, a sweep or a search what it was begun with."""


def describe_entry(entry: TrashEntry) -> TrashedRun:
    """Return what a page shows of one of them."""
    metadata = _read_metadata(entry.path)
    recipe = metadata.get("recipe")
    recipe = recipe if isinstance(recipe, str) else None
    lab = metadata.get("lab")
    moment = read_time(entry.moment)
    return TrashedRun(
        id=entry.id,
        moment=entry.moment,
        deleted=moment.isoformat() if moment else "",
        lab=lab if isinstance(lab, str) else None,
        recipe=recipe,
        name=find_given_name(entry.id, recipe),
        bytes=_measure(entry.path),
    )


def _read_metadata(path: Path) -> dict[str, Any]:
    for name in METADATA:
        with suppress(DamagedRunError):
            return dict(read_json(path / name))
    return {}


def _measure(path: Path) -> int:
    """Return the bytes of a folder's files; links are not followed."""
    total = 0
    for folder, _folders, names in os.walk(path):
        for name in names:
            with suppress(OSError):  # gone meanwhile
                total += Path(folder, name).lstat().st_size
    return total
