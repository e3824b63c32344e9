"""Hostile and damaged files, over every reader: a sentence or data, and nothing else happens.

150 of them by default; `EPOQUE_TEST_FUZZ=2000` reads so many, `EPOQUE_TEST_FUZZ_SEED` others.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SHARED = HERE.parent / "stylegan3" / "official"  # whose module puts official files together

ALONE = {
    "OMP_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "MALLOC_ARENA_MAX": "2",  # a thread's arena takes 64 MB of addresses that nobody uses
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "PYTHONWARNINGS": "ignore",
}


@pytest.mark.skipif(sys.platform == "win32", reason="processes are limited as POSIX does it")
def test_nothing_hangs_executes_fills_the_memory_or_ends_in_a_traceback(tmp_path: Path) -> None:
    count = os.environ.get("EPOQUE_TEST_FUZZ", "150")
    seed = os.environ.get("EPOQUE_TEST_FUZZ_SEED", "0")
    folders = {"EPOQUE_RUNS": str(tmp_path / "runs"), "EPOQUE_CACHE": str(tmp_path / "cache")}
    command = [sys.executable, "worker.py", count, seed]
    environment = os.environ | ALONE | folders | {"PYTHONPATH": str(SHARED)}
    done = subprocess.run(command, capture_output=True, text=True, cwd=HERE, env=environment)
    assert done.returncode == 0, done.stderr[-3000:]
    failures = json.loads(done.stdout.splitlines()[-1])
    told = "\n".join(f"{n}, {reader}, {way}: {'; '.join(t)}" for n, reader, way, t in failures)
    assert not failures, f"`python worker.py {count} {seed} --only N` repeats one of these:\n{told}"


def test_the_watch_sees_what_it_looks_for() -> None:
    """A reader that executes, hangs, fills the memory, fails or leaves something is found."""
    command = [sys.executable, "watched.py"]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=HERE, env=os.environ | ALONE, check=True
    )
    found = {name: " ".join(told) for _, name, _, told in json.loads(done.stdout)}
    told = {
        "executes": "executed: os.system",
        "hangs": "the process ended: more than 1 s of the processor",
        "fills the memory": "MemoryError",
        "fails": "ZeroDivisionError",
        "leaves a file": "left case/b",
        "says nothing": "no sentence",
    }
    assert found.keys() == told.keys()
    for name, sentence in told.items():
        assert sentence in found[name]
