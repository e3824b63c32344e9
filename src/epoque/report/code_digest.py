"""The version of the code that draws: a digest of its source, so that a change of it is seen."""

import hashlib
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from importlib.resources.abc import Traversable

from epoque.bench.lab import lab_folder, lab_names

__all__ = ["digest_code"]

PACKAGES = ("matplotlib", "numpy", "pandas", "pillow")
"""Whose versions count too: they decide how a figure looks."""
ENDINGS = (".py", ".mo")
"""Of files that decide what is drawn: the code, and the words of its languages."""


@cache
def digest_code() -> str:
    """Return 64 hexadecimal digits that change with Epoque's code, a lab's, or what they draw by.

    It is computed once a process.
    """
    digest = hashlib.sha256(" ".join(map(version, PACKAGES)).encode())
    folders = {str(folder): folder for folder in (files("epoque"), *map(lab_folder, lab_names()))
               if folder is not None}  # fmt: skip
    own = str(files("epoque"))
    for name in sorted(folders):
        if name == own or not name.startswith(own):  # the house's labs lie inside it
            _add(digest, folders[name], "")
    return digest.hexdigest()


def _add(digest: "hashlib._Hash", folder: Traversable, path: str) -> None:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        name = f"{path}/{entry.name}"
        if entry.is_dir() and entry.name not in ("__pycache__", "recorded", "client"):
            _add(digest, entry, name)
        elif entry.name.endswith(ENDINGS):
            digest.update(name.encode())
            digest.update(entry.read_bytes())
