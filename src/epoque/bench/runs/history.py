"""What a run had measured by some moment of its training."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["first_below", "rows_with", "value_at"]

NAN = float("nan")
SLACK = 1e-9  # of an epoch that is a sum of batches


def rows_with(metrics: "pd.DataFrame", name: str) -> "pd.DataFrame":
    """Return the rows in which a metric was measured; none if it never was."""
    return metrics.dropna(subset=[name]) if name in metrics else metrics.iloc[:0]


def value_at(metrics: "pd.DataFrame", name: str, clock: str, moment: float) -> float:
    """Return a metric as it was last measured by a moment; NaN if the run ended before it.

    Args:
        metrics: the run's.
        name: of the metric.
        clock: the column that counts: "epoch", "seconds" or "tokens".
        moment: in its unit.
    """
    if clock not in metrics or metrics[clock].max() < moment - SLACK:
        return NAN
    rows = rows_with(metrics, name)
    rows = rows[rows[clock] <= moment + SLACK]
    return float(rows[name].iloc[-1]) if len(rows) else NAN


def first_below(metrics: "pd.DataFrame", name: str, bound: float, clock: str) -> float:
    """Return when a metric was first measured below a bound; NaN if it never was."""
    if name not in metrics or clock not in metrics:
        return NAN
    below = metrics[metrics[name] < bound]
    return float(below[clock].iloc[0]) if len(below) else NAN
