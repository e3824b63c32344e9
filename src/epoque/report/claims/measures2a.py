"""What the claims of practical 2a are measured by: quantities of its sweeps, seed by seed."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from .effects import differences
from .rules import Evidence

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "accuracy",
    "at",
    "column",
    "fall_back",
    "lost",
    "match",
    "more",
]

Quantity = Callable[["pd.DataFrame"], "pd.Series"]
"""A sweep's rows at one setting, one a seed, to a number for each."""
Measure = Callable[[Evidence], "pd.Series"]

STOPPED = 0.01
"""The norm of the gradient below which the generator no longer learns: it is about 1 while it
does, and 0.1 to 0.3 at the start."""


def at(sweep: str, quantity: Quantity, **where: Any) -> Measure:
    """Return what measures a quantity of a sweep at one setting."""
    return lambda evidence: quantity(evidence.table(sweep, **where))


def more(
    sweep: str, quantity: Quantity, first: Mapping[str, Any], second: Mapping[str, Any]
) -> Measure:
    """Return what measures how much more of a quantity a first setting gives than a second."""
    high, low = at(sweep, quantity, **first), at(sweep, quantity, **second)
    return lambda evidence: differences(high(evidence), low(evidence))


def column(name: str, *, diverged: float) -> Quantity:
    """Return a result as a quantity.

    Args:
        name: of the result.
        diverged: what counts where there is none: for a run whose numbers became infinite, or an
            event that never came.
    """
    return lambda rows: rows[name].fillna(diverged)


def match(rows: "pd.DataFrame") -> "pd.Series":
    """Measure how well the shapes match at the end, 0 to 1.

    It is the harmonic mean of coverage and precision (of recall and precision, an F score): 0
    where both are, and where the training diverged.
    """
    covered, precise = (rows[f"final_{name}"].fillna(0.0) for name in ("coverage", "precision"))
    both = covered + precise
    return (2 * covered * precise / both.where(both > 0)).where(both > 0, 0.0)


def accuracy(rows: "pd.DataFrame") -> "pd.Series":
    """Measure which share of real and generated points the discriminator tells right."""
    return (rows["late_accuracy_real"] + rows["late_accuracy_fake"]) / 2


def fall_back(rows: "pd.DataFrame") -> "pd.Series":
    """Measure how far the end lies above the best divergence on the way.

    Where a training had diverged both are 1, the most there is: that is what became of it.
    """
    return rows["final_js"].fillna(1.0) - rows["best_js"].fillna(1.0)


def lost(rows: "pd.DataFrame") -> "pd.Series":
    """Measure whether the generator gets no gradient any more, or gives a single output: 1 or 0."""
    stopped = ~(rows["late_grad_norm_g"] >= STOPPED)
    return (stopped | (rows["collapsed"] == 1) | (rows["diverged"] == 1)).astype(float)
