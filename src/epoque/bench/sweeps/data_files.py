"""The user's files that settings name: what other machines need to have, or are sent.

A sweep that sends its files keeps copies of them in its folder, which all machines see, by their
digest: `files/SHA-256/NAME`. Its JSON file tells which copy stands for which path, so that it goes
on wherever its folder is.
"""

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..config import Config
from ..errors import UsageError
from ..files.atomic import draft_path, explain_write_errors
from ..files.path_list import join_paths, split_paths
from ..limits import MAX_SHIPPED_BYTES
from ..runs.manifest import digest_file
from ..setting_info import collect_settings
from ..setting_paths import flatten
from .columns import Columns
from .grid import Axis

__all__ = [
    "absolute_path",
    "copies_of",
    "find_files",
    "plan_copies",
    "replace_columns",
    "replace_paths",
    "send",
]

FOLDER = "files"


def find_files(base: Config, axes: Sequence[Axis] = ()) -> dict[str, str]:
    """Return the files and folders of this machine that the points of a grid name.

    Args:
        base: the config that every point starts from.
        axes: the fields and their values.

    Returns:
        Each path as typed, to the setting that names it.
    """
    swept = {axis.field: axis.values for axis in axes}
    values = flatten(base.model_dump())
    found: dict[str, str] = {}
    for path in _file_settings(type(base)):
        for value in swept.get(path, (values.get(path),)):
            found |= {name: path for name in _parts(value) if name and os.path.exists(_full(name))}
    return found


def absolute_path(name: str) -> str:
    """Return the path of a file that a setting names, as it is from any folder."""
    return os.path.abspath(_full(name))


def plan_copies(files: Mapping[str, str]) -> dict[str, str]:
    """Return which copies a sweep will keep of files.

    Args:
        files: paths as typed, to the setting that names each.

    Returns:
        Each path to that of its copy, from the sweep's folder.

    Raises:
        UsageError: if one is a folder, or too large.
    """
    copies = {}
    for name, setting in files.items():
        path = Path(absolute_path(name))
        if path.is_dir():
            raise UsageError(
                f"{setting}: --ship copies files, and {name} is a folder; all machines need it "
                "under one path."
            )
        if (size := path.stat().st_size) > MAX_SHIPPED_BYTES:
            raise UsageError(
                f"{setting}: {name} has {size / 1e6:.0f} MB, and --ship copies files of up to "
                f"{MAX_SHIPPED_BYTES / 1e6:.0f} MB; all machines need it under one path."
            )
        copies[name] = f"{FOLDER}/{digest_file(path)}/{path.name}"
    return copies


def send(folder: Path, copies: Mapping[str, str]) -> None:
    """Copy files into a sweep's folder, those that are not there yet.

    Args:
        folder: of the sweep.
        copies: see `plan_copies`.

    Raises:
        RunWriteError: if the system refuses, or a file is no longer there.
    """
    for name, copy in copies.items():
        path = folder / copy
        if path.exists():
            continue
        with explain_write_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            draft = draft_path(path)
            shutil.copyfile(absolute_path(name), draft)
            draft.replace(path)


def copies_of(folder: Path, copies: Mapping[str, str]) -> dict[str, str]:
    """Return paths as typed, to the absolute ones of their copies."""
    return {name: str((folder / copy).absolute()) for name, copy in copies.items()}


def replace_paths(config: Config, copies: Mapping[str, str]) -> Config:
    """Return a config that names copies in place of the files themselves."""
    if not copies:
        return config
    values = flatten(config.model_dump())
    changed = {
        path: new
        for path in _file_settings(type(config))
        if (new := _replace(values.get(path), copies)) != values.get(path)
    }
    return config.at_point(changed) if changed else config


def replace_columns(
    config: type[Config], points: Columns, copies: Mapping[str, str]
) -> dict[str, Sequence[Any]]:
    """Return those columns of points whose values name files, with copies in their place."""
    return {
        path: [_replace(value, copies) for value in points[path]]
        for path in _file_settings(config)
        if copies and path in points
    }


def _file_settings(config: type[Config]) -> Iterator[str]:
    return (info.path for info in collect_settings(config) if info.file is not None)


def _full(name: str) -> str:
    return os.path.expanduser(name)


def _parts(value: object) -> Sequence[str]:
    """Return the paths that a value names, as typed: of a text first of all itself."""
    if isinstance(value, str):
        return [value] if os.path.exists(_full(value)) else split_paths(value)
    return [str(part) for part in value] if isinstance(value, tuple | list) else []


def _replace(value: Any, copies: Mapping[str, str]) -> Any:
    if isinstance(value, tuple | list):
        return [copies.get(str(part), part) for part in value]
    if not isinstance(value, str) or value in copies:
        return copies.get(value, value) if isinstance(value, str) else value
    parts = split_paths(value)
    return join_paths(copies.get(p, p) for p in parts) if copies.keys() & set(parts) else value
