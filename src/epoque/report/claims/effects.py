"""How large a difference between two settings is, over seeds that both were run with."""

from math import nan, sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["cliffs_delta", "paired_differences"]

Z = 1.959964
"""The standard normal distribution's 97.5 % quantile."""


def paired_differences(first: "pd.Series", second: "pd.Series") -> "pd.Series":
    """Return first − second for the seeds that both have.

    Infinite values are allowed (an event that never came); where both are infinite the difference
    is 0: none can be told. Where one is NaN it was not measured, and neither is the difference.
    """
    first, second = first.align(second, join="inner")
    first, second = first.astype(float), second.astype(float)
    return (first - second).mask(first == second, 0.0)


def cliffs_delta(differences: "pd.Series") -> tuple[float, float, float]:
    """Return Cliff's delta for pairs and the ends of its 95 % interval.

    It is the share of the pairs in which the first is greater less the share in which it is
    smaller: 1 if it always is greater, −1 if it never is, 0 if that is even (Cliff, "Dominance
    statistics: ordinal analyses to answer ordinal questions", Psychological Bulletin 114 (1993),
    494-509: d_w). The interval is that of a difference of paired shares with half an observation
    added to each of the four cells (Agresti and Min, "Simple improved confidence intervals for
    comparing matched proportions", Statistics in Medicine 24 (2005), 729-740). NaNs are left
    out; without any other number all three are NaN.
    """
    differences = differences.dropna()
    if differences.empty:
        return nan, nan, nan
    wins, losses = int((differences > 0).sum()), int((differences < 0).sum())
    n = len(differences)
    shifted = (wins - losses) / (n + 2)
    half = Z * sqrt(((wins + losses + 1) / (n + 2) - shifted**2) / (n + 2))
    return (wins - losses) / n, max(shifted - half, -1.0), min(shifted + half, 1.0)
