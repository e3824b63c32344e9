"""A few real runs and sweeps of one neuron, and a book of a reader's own beside them."""

from pathlib import Path

import pytest

__all__ = ["CLAIMS", "NEEDS", "own_book", "own_runs"]

NEEDS = """\
sweeps:
  short: {recipe: neuron/and, axes: {iterations: "5,20", seed: "0:6"}}
  absent: {recipe: neuron/or, axes: {seed: "0:3"}}
"""
CLAIMS = """\
- id: mine-1
  statement: The error falls.
  sweeps: [short]
  lines:
    - rule: statement
      id: fall
      quantity: {en: fall of the error, fr: baisse de l’erreur}
      reported: {en: falls, fr: baisse}
      above: 0
      measure:
        difference:
          - column: {sweep: short, name: final_error, at: {iterations: 5}}
          - column: {sweep: short, name: final_error, at: {iterations: 20}}
- id: mine-2
  statement: {en: The run ends below 2., fr: L’exécution finit au-dessous de 2.}
  runs: [neuron/and]
  lines:
    - rule: statement
      quantity: {en: final error, fr: erreur finale}
      reported: {en: below 2, fr: moins de 2}
      above: 0
      below: 2
      measure:
        result: {run: neuron/and, name: final_error}
- id: mine-3
  statement: OR is learned.
  sweeps: [absent]
  lines:
    - rule: number
      quantity: error of OR
      reported: "0.1"
      measure:
        column: {sweep: absent, name: final_error}
- id: mine-4
  statement: All starts are right.
  sweeps: [short]
  lines:
    - rule: share
      id: right
      quantity: starts that are right
      reported: all of them
      above: 0.5
      measure:
        column: {sweep: short, name: accuracy, at: {iterations: 20}}
"""


@pytest.fixture(scope="session")
def own_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train a neuron once, and sweep it twice."""
    from epoque.bench.lab import find_lab
    from epoque.bench.runs import execute as runner
    from epoque.bench.sweeps.grid import parse_axes
    from epoque.bench.sweeps.run_sweep import run_sweep
    from epoque.report.needs import Need

    runs, lab = tmp_path_factory.mktemp("own") / "runs", find_lab("neuron")
    config = Need("neuron/and", "neuron/and").config()
    short = config.replace(iterations=20)
    runner.execute(runner.start(lab, short, "neuron/and", runs), draw=False)
    for axes in (["iterations=5,20", "seed=0:6"], ["learning_rate=0.5,2", "seed=0:6"]):
        base = config if "iterations" in axes[0] else short
        run_sweep(lab, "neuron/and", base, parse_axes(base, axes), runs, figures=False)
    return runs


@pytest.fixture
def own_book(tmp_path: Path) -> Path:
    """A folder with claims of its own, and what they read."""
    folder = tmp_path / "book"
    folder.mkdir()
    (folder / "claims.yaml").write_text(CLAIMS)
    (folder / "needs.yaml").write_text(NEEDS)
    return folder
