import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for line_lab, here and in child processes

import line_lab

from epoque.bench.runs.execute import execute, start
from epoque.bench.runs.run import Run


@pytest.fixture(autouse=True)
def _the_lab_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("epoque.bench.plugins.find_entry_points", line_lab.installed_too)


@pytest.fixture
def started(tmp_path: Path) -> Callable[..., Run]:
    """Make a run of the line lab that is not trained yet."""

    def make(**settings: Any) -> Run:
        return start(line_lab.LAB, line_lab.LineConfig(**settings), "line/fit", tmp_path / "runs")

    return make


@pytest.fixture
def trained(started: Callable[..., Run]) -> Callable[..., Run]:
    """Train a run of the line lab."""

    def make(*sinks: Any, **settings: Any) -> Run:
        return execute(started(**settings), sinks, draw=False)

    return make
