"""Compiled programs are kept, and change nothing but the time."""

import os
import subprocess
import sys
from pathlib import Path

from epoque.bench.system.compilation_cache import _processor, _remove_halves

WORDS = ("run", "neuron/and-short", "--no-figures", "--quiet")
LEFT_OUT = ("environment.json", "status.json", "manifest.json", ".lock")


def train(place: Path, name: str, **env: str) -> dict[str, bytes]:
    """Train in a process of its own; return the files of its run that hold no times."""
    usual = {k: v for k, v in os.environ.items() if not k.startswith("JAX_")}
    usual |= {"EPOQUE_RUNS": str(place / name), "EPOQUE_CACHE": str(place / "cache")}
    command = [sys.executable, "-m", "epoque", *WORDS]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=usual | env)
    assert (done.returncode, done.stderr) == (0, "")
    (run,) = (place / name).iterdir()
    files = (path for path in run.rglob("*") if path.is_file() and path.name not in LEFT_OUT)
    return {str(path.relative_to(run)): path.read_bytes() for path in files}


def keep(place: Path) -> dict[str, int]:
    found = place.glob("cache/compiled/*/*-cache")
    return {path.name: path.stat().st_mtime_ns for path in found}


def test_with_and_without_the_bytes_are_the_same(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    nowhere = train(tmp_path, "nowhere", EPOQUE_CACHE=str(tmp_path / "file"))  # cannot be written
    assert keep(tmp_path) == {}
    cold = train(tmp_path, "cold")
    programs = keep(tmp_path)
    assert programs
    warm = train(tmp_path, "warm")
    assert keep(tmp_path) == programs  # taken from there, and not compiled again
    assert len(nowhere) > 3
    assert nowhere == cold == warm


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    for name in ("whole-cache", "whole-atime", "half-cache"):
        (tmp_path / name).write_text("x")
    _remove_halves(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"whole-cache", "whole-atime", ".lockfile"}


def test_another_processor_has_its_own() -> None:
    assert _processor() == _processor()
    assert len(_processor()) > 5
