"""The benchmarks can be run: each opens, and what a process of its own computes works."""

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MODULES = sorted(path.stem for path in (ROOT / "benchmarks").glob("[!_]*.py"))


@pytest.mark.parametrize("name", MODULES)
def test_a_module_opens(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))
    assert import_module(f"benchmarks.{name}").__doc__


def test_the_runs_of_a_process_of_its_own_are_measured(tmp_path: Path) -> None:
    short = "from benchmarks import repeated_runs as r; r.RUNS, r.WARM = 2, 1; r.main(r'{}')"
    process = subprocess.run(
        [sys.executable, "-c", short.format(tmp_path)],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    seconds = json.loads(process.stdout)
    assert seconds.keys() == {"anew", "kept"}
    assert all(value > 0 for value in seconds.values())
    assert len(list((tmp_path / "anew").iterdir())) >= 2


def test_metric_lines_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))
    logging = import_module("benchmarks.logging")
    monkeypatch.setattr(logging, "LINES", 100)
    (row,) = logging.rows()
    assert float(row["measured"].replace(",", "")) > 0
