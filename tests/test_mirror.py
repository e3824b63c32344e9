"""Tests mirror the source: a module's tests are found where the module is."""

from pathlib import Path

import pytest

import epoque

TESTS = Path(__file__).parent
SOURCE = Path(epoque.__file__).parent
OF_ALL = {"cli", "fuzz", "kill", "shared"}
"""Folders whose tests are about commands, readers and processes of the whole product."""
ROOMS = [
    path.relative_to(TESTS)
    for path in sorted(TESTS.rglob("test_*.py"))
    if path.parent != TESTS and path.relative_to(TESTS).parts[0] not in OF_ALL
]


@pytest.mark.parametrize("path", ROOMS, ids=str)
def test_a_test_has_its_module(path: Path) -> None:
    """`tests/ROOM/test_NAME.py` and `test_NAME_ASPECT.py` are about the module or room NAME."""
    name = path.stem.removeprefix("test_")
    folder = SOURCE / path.parent
    assert folder.is_dir(), f"there is no room {path.parent}"
    twins = {entry.stem for entry in folder.iterdir() if entry.suffix in ("", ".py")}
    assert any(name == twin or name.startswith(f"{twin}_") for twin in twins), (
        f"{path} is about no module of {path.parent}"
    )
