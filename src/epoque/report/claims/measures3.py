"""What the claims of practical 3 are measured by: losses of single runs, and what they saved."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import exp, isnan, nan
from typing import TYPE_CHECKING

from epoque.report.course import measured_by

from .rules import Evidence

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "all_files",
    "as_perplexity",
    "at_end",
    "at_equal_time",
    "difference",
    "fixed",
    "largest",
    "least_fall",
    "loss_after",
    "once",
    "perplexity_after",
    "same_tokens",
]

Value = Callable[[Evidence], float]
Measure = Callable[[Evidence], "pd.Series"]

FILES = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "README.md")
"""What a push of a model must send."""


def once(value: Value) -> Measure:
    """Return what measures a number of single runs: one seed."""

    def measure(evidence: Evidence) -> "pd.Series":
        import pandas as pd

        return pd.Series([value(evidence)])

    return measure


def fixed(number: float) -> Value:
    """Return a number that the report gives itself."""
    return lambda _: number


def at_end(recipe: str, name: str) -> Value:
    """Return a result of a recipe's run; NaN if it has none."""

    def value(evidence: Evidence) -> float:
        found = evidence.results(recipe).get(name)
        return nan if found is None else float(found)

    return value


def loss_after(recipe: str, epochs: float, name: str = "valid_loss") -> Value:
    """Return a loss of a recipe's run after so many epochs; NaN if it had fewer."""
    return lambda evidence: measured_by(evidence.metrics(recipe), name, "epoch", epochs)


def perplexity_after(recipe: str, epochs: float) -> Value:
    """Return exp of the validation loss after so many epochs."""
    loss = loss_after(recipe, epochs)
    return lambda evidence: exp(loss(evidence))


def as_perplexity(loss: float) -> Value:
    """Return the perplexity that a reported loss amounts to."""
    return fixed(exp(loss))


def difference(first: Value, second: Value) -> Measure:
    """Return what measures the first number less the second."""
    return once(lambda evidence: first(evidence) - second(evidence))


def at_equal_time(first: str, second: str) -> Measure:
    """Return what measures how much higher the first recipe's perplexity is after equal seconds.

    The moment is the end of the shorter training.
    """

    def value(evidence: Evidence) -> float:
        runs = [evidence.metrics(recipe) for recipe in (first, second)]
        if any("seconds" not in metrics for metrics in runs):
            return nan
        moment = min(float(metrics["seconds"].max()) for metrics in runs)
        high, low = (measured_by(m, "valid_perplexity", "seconds", moment) for m in runs)
        return high - low

    return once(value)


def least_fall(recipe: str, epochs: int, *names: str) -> Measure:
    """Return what measures the smallest fall of some losses from one epoch to the next."""

    def value(evidence: Evidence) -> float:
        metrics = evidence.metrics(recipe)
        falls = []
        for name in names:
            losses = [measured_by(metrics, name, "epoch", n) for n in range(1, epochs + 1)]
            falls += [before - after for before, after in pairwise(losses)]
        return nan if any(map(isnan, falls)) else min(falls)

    return once(value)


def largest(recipes: Sequence[str], name: str) -> Measure:
    """Return what measures the largest of a result over some runs; NaN if one has none."""

    def value(evidence: Evidence) -> float:
        found = [at_end(recipe, name)(evidence) for recipe in recipes]
        return nan if any(map(isnan, found)) else max(found)

    return once(value)


def all_files(recipes: Sequence[str]) -> Callable[[Evidence], bool]:
    """Return what tells whether each run's push would send the model, tokenizer and card."""
    return lambda evidence: all(
        set(FILES) <= set(evidence.results(recipe).get("saved_files", ())) for recipe in recipes
    )


def same_tokens(recipes: Sequence[str]) -> Callable[[Evidence], bool]:
    """Return what tells whether each saved tokenizer cuts its text as it did in training."""
    return lambda evidence: all(
        evidence.results(recipe).get("reopened_tokens") is True for recipe in recipes
    )
