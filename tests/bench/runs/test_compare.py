"""Comparing runs: which metric is drawn where nobody says."""

from pathlib import Path

import pytest

from epoque.bench.errors import UsageError
from epoque.bench.runs.compare import choose_metric
from epoque.bench.runs.run import Run


def make_run(path: Path, *rows: str) -> Run:
    path.mkdir()
    (path / "metrics.jsonl").write_text("".join(f"{row}\n" for row in rows))
    return Run(path)


def test_the_first_metric_that_all_have_is_drawn(tmp_path: Path) -> None:
    one = make_run(tmp_path / "one", '{"step":1,"loss":1.0}', '{"step":2,"rate":1.0,"loss":1.0}')
    two = make_run(tmp_path / "two", '{"step":1,"rate":1.0,"error":1.0}')
    assert choose_metric([one, one]) == "loss"
    assert choose_metric([one, two]) == "rate"
    with pytest.raises(UsageError, match="no metric in common"):
        choose_metric([two, make_run(tmp_path / "none")])
