"""Every metric and result of this lab has a learner's words."""

from collections.abc import Callable
from pathlib import Path

from unlabeled import find_unlabeled

from epoque.bench.runs.run import Run


def test_its_metrics_and_results_have_words(train_run: Callable[..., Run], tmp_path: Path) -> None:
    path = tmp_path / "points.csv"
    path.write_text("x,y\n" + "\n".join(f"{0.1 * (k % 9)},{0.02 * k}" for k in range(40)))
    for run in (train_run(), train_run(data="csv", csv=str(path))):
        assert find_unlabeled(run) == []
