"""What a table of a sweep says over its seeds: median and 95 % interval."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["summary"]

QUANTILES = {"median": 0.5, "low": 0.025, "high": 0.975}


def summary(
    table: "pd.DataFrame", axes: Iterable[str], columns: Sequence[str], over: str = "seed"
) -> "pd.DataFrame":
    """Return the median and the central 95 % of results over the seeds, for each other setting.

    Args:
        table: axis columns, then results; one row a run.
        axes: the fields that were swept.
        columns: the results to look at.
        over: the axis to summarise over; without it in `axes`, each row stands for itself.

    Returns:
        One row for each combination of the other axes, in the table's order: these axes, `runs`
        (how many), and for each result `…_median`, `…_low` and `…_high` (the 2.5 and 97.5
        percentiles of the runs, undefined numbers left out).
    """
    import pandas as pd

    rest = [field for field in axes if field != over]
    keys = [table[field] for field in rest] or [pd.Series(0, index=table.index)]
    groups = table.groupby(keys, sort=False, dropna=False)
    told = {"runs": groups.size()}
    for column in columns:
        numbers = groups[column]
        for name, quantile in QUANTILES.items():
            told[f"{column}_{name}"] = numbers.quantile(quantile)
    frame = pd.DataFrame(told)
    return frame.reset_index() if rest else frame.reset_index(drop=True)
