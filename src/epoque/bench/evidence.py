"""What claims are measured on: the runs and sweeps that a chapter reads.

A measure is a function that takes evidence and arguments and returns one number a seed (`Values`),
a truth (`bool`), or two numbers with their intervals (`Comparison`). What it returns stands in its
annotation, so that a file of claims can be checked before anything is measured. Measures of any lab
are in `epoque.report.claims.measures`; a lab brings its own in `Lab.claim_measures`.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Comparison", "Evidence", "Interval", "Measure", "Values"]

Values = Annotated["pd.Series", "one number a seed"]
"""One number for each seed, with the seed as index; a single run gives one number."""
Interval = tuple[float, float, float]
"""A number and the ends of its 95 % interval."""


class Comparison(NamedTuple):
    """Two numbers that are each known with an interval.

    Attributes:
        first: the one said to be higher.
        second: the other.
        trials: from how many measurements they are.
    """

    first: Interval
    second: Interval
    trials: int


class Evidence(Protocol):
    """Where measurements come from."""

    def table(self, name: str, **at: object) -> "pd.DataFrame":
        """Return a sweep's results, one row a seed (the index), where the other axes are `at`."""

    def results(self, recipe: str) -> Mapping[str, Any]:
        """Return the results of the run of a recipe."""

    def metrics(self, recipe: str) -> "pd.DataFrame":
        """Return what the run of a recipe measured on its way, one row a step."""


Measure = Callable[..., "Values | bool | Comparison"]
"""Takes what it needs of `evidence`, values measured by others, and plain arguments."""
