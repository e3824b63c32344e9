"""Real runs and sweeps of everything that the first chapter reads, over fewer seeds."""

from dataclasses import replace
from pathlib import Path

import pytest
from own_book import own_book, own_runs

from epoque.report import needs as needs_module
from epoque.report.needs import Need, chapter_needs

__all__ = ["own_book", "own_runs"]

MAP = {"learning_rate": "0.01:10:log:7", "iterations": "10:1000:log:7", "seed": "0:4"}


def fewer(need: Need) -> Need:
    """Return a need with the same axes and fewer values."""
    if need.name == "learning-rate-map":
        return replace(need, axes=MAP)
    return replace(need, axes={**need.axes, "seed": "0:40"}) if need.axes else need


NEEDS = tuple(map(fewer, chapter_needs("neuron")))


@pytest.fixture(scope="session")
def made_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train and sweep once a session."""
    from epoque.bench.lab import find_lab
    from epoque.bench.runs import execute as runner
    from epoque.bench.sweeps.grid import parse_axes
    from epoque.bench.sweeps.run_sweep import run_sweep

    runs = tmp_path_factory.mktemp("report") / "runs"
    for need in NEEDS:
        config, lab = need.config(), find_lab("neuron")
        if need.axes:
            axes = parse_axes(config, [f"{name}={text}" for name, text in need.axes.items()])
            run_sweep(lab, need.recipe, config, axes, runs, figures=False)
        else:
            runner.execute(runner.start(lab, config, need.recipe, runs), draw=False)
    return runs


@pytest.fixture
def runs(made_runs: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The runs, and a book that asks for no more than them."""
    from epoque.report import book

    for module in (needs_module, book):
        monkeypatch.setattr(module, "chapter_names", lambda: ("neuron",))
    monkeypatch.setattr(needs_module, "chapter_needs", lambda _lab: NEEDS)
    return made_runs
