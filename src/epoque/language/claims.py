"""What only the claims on transformers are measured by: losses of runs, and what they saved."""

from collections.abc import Sequence
from itertools import pairwise
from math import isnan, nan

from epoque.bench.evidence import Evidence, Values
from epoque.bench.runs.history import value_at

__all__ = ["gap_at_equal_seconds", "least_fall", "saved_all_files"]

FILES = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "README.md")
"""What a push of a model must send."""


def gap_at_equal_seconds(evidence: Evidence, runs: Sequence[str], name: str) -> Values:
    """Measure a metric of a first run less that of a second after equal seconds of training.

    The moment is the end of the shorter training.
    """
    histories = [evidence.metrics(run) for run in runs]
    if any("seconds" not in metrics for metrics in histories):
        return _single(nan)
    moment = min(float(metrics["seconds"].max()) for metrics in histories)
    first, second = (value_at(metrics, name, "seconds", moment) for metrics in histories)
    return _single(first - second)


def least_fall(evidence: Evidence, run: str, names: Sequence[str], epochs: int) -> Values:
    """Measure the smallest fall of some losses from one epoch to the next, of so many epochs."""
    metrics = evidence.metrics(run)
    falls = []
    for name in names:
        losses = [value_at(metrics, name, "epoch", n) for n in range(1, epochs + 1)]
        falls += [before - after for before, after in pairwise(losses)]
    return _single(nan if any(map(isnan, falls)) else min(falls))


def saved_all_files(evidence: Evidence, runs: Sequence[str]) -> bool:
    """Return whether each run's push would send the model, the tokenizer and the card."""
    return all(set(FILES) <= set(evidence.results(run).get("saved_files", ())) for run in runs)


def _single(value: float) -> Values:
    import pandas as pd

    return pd.Series([value])
