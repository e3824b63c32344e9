"""How far a training is, from its last whole row."""

from pathlib import Path

import pytest

from epoque.bench.lab import find_lab
from epoque.bench.runs.execute import start
from epoque.studio.run_progress import find_progress


@pytest.mark.parametrize(
    ("rows", "done"),
    [
        ("", 0),
        ('{"step":1,"error":1}\n', 1),
        ('{"step":1,"error":1}\n{"step":2,"error":null}\n{"step":3,"err', 2),
        ('{"step":4,"error":1}\nnonsense\n', 4),
        ("nonsense\n" + "x" * 70_000 + '\n{"step":7}\n', 7),
    ],
)
def test_the_last_whole_row_says_how_far(tmp_path: Path, rows: str, done: int) -> None:
    lab = find_lab("neuron")
    run = start(lab, lab.config_class(iterations=9), "neuron/and", tmp_path)
    (run.path / "metrics.jsonl").write_text(rows)
    progress = find_progress(run)
    assert (progress.done, progress.total) == (done, 9)
    (run.path / "metrics.jsonl").unlink()
    assert find_progress(run).done == 0
