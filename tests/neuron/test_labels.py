"""Every metric and result of this lab has a learner's words."""

from pathlib import Path
from typing import Any

import pytest
from unlabeled import find_unlabeled

from epoque.bench.runs.execute import execute, start
from epoque.neuron.config import NeuronConfig
from epoque.neuron.lab import LAB


@pytest.mark.parametrize(
    "settings",
    [
        {"rule": "step", "data": "gaussian", "train_share": 0.7},
        {"data": "csv", "scale": "standard"},
        {"model": "mlp", "data": "circle", "train_share": 0.7},
        {"model": "mlp", "truth_table": "0110"},
    ],
    ids=str,
)
def test_its_metrics_and_results_have_words(tmp_path: Path, settings: dict[str, Any]) -> None:
    table = tmp_path / "points.csv"
    table.write_text("a,b,class\n" + "\n".join(f"{k},{k * k % 7},{k % 2}" for k in range(20)))
    own = {"csv": str(table)} if settings.get("data") == "csv" else {}
    config = NeuronConfig.parse({"iterations": 3, **settings, **own})
    run = execute(start(LAB, config, "neuron/test", tmp_path / "runs"), draw=False)
    assert find_unlabeled(run) == []
