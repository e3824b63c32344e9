"""Which metrics and results of a run its lab has no words for."""

from epoque.bench.lab import lab_of
from epoque.bench.result_labels import find_label
from epoque.bench.runs.run import Run

__all__ = ["find_unlabeled"]


def find_unlabeled(run: Run) -> list[str]:
    """Return the names of a finished run's metrics and results that a page would show raw."""
    names = {*map(str, run.metrics), *run.results} - {"not_measured"}
    labels = lab_of(run).result_labels
    return sorted(name for name in names if find_label(labels, name) is None)
