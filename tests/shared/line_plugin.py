"""The small lab `tests/bench/line_lab.py` as a package of its own, here and in child processes."""

import os
from pathlib import Path

import pytest

from epoque.bench.plugins import find_entry_points
from epoque.bench.recipes import recipe_names

__all__ = ["install_line_lab"]

BENCH = Path(__file__).resolve().parent.parent / "bench"


def install_line_lab(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Install the line lab until `monkeypatch` is undone; `forget_labs` is called then too.

    Args:
        monkeypatch: the test's.
        folder: an empty one, where the package's metadata is written.
    """
    metadata = folder / "line-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: line\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[epoque.labs]\nline = line_lab:LAB\n")
    for path in (str(folder), str(BENCH)):
        monkeypatch.syspath_prepend(path)
    paths = [str(folder), str(BENCH), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
    forget_labs()


def forget_labs() -> None:
    """Have the installed labs be looked for anew."""
    find_entry_points.cache_clear()
    recipe_names.cache_clear()
