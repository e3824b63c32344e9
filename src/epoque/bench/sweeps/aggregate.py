"""What a table of a sweep says over its seeds: median and 95 % interval."""

from collections.abc import Iterable, Sequence
from math import comb
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["aggregate_runs", "median_confidence_interval", "wilson_interval"]

N = TypeVar("N", float, "pd.Series[float]")

QUANTILES = {"median": 0.5, "low": 0.025, "high": 0.975}


def aggregate_runs(
    table: "pd.DataFrame",
    axes: Iterable[str],
    columns: Sequence[str],
    over: str = "seed",
    *,
    proportion: bool = False,
) -> "pd.DataFrame":
    """Return the median and the central 95 % of results over the seeds, for each other setting.

    Args:
        table: axis columns, then results; one row a run.
        axes: the fields that were swept.
        columns: the results to look at.
        over: the axis to aggregate over; without it in `axes`, each row stands for itself.
        proportion: whether the results are 0 or 1: `…_median` is then the proportion of ones,
            and `…_low` and `…_high` are the ends of Wilson's 95 % interval.

    Returns:
        One row for each combination of the other axes, in the table's order: these axes, `runs`
        (how many), `undefined` (how many of these have no number of the first result, such as
        trainings that diverged; only where one has none), and for each result `…_median`,
        `…_low` and `…_high` (the 2.5 and 97.5 percentiles of the runs, undefined numbers left
        out).
    """
    import pandas as pd

    fields = [field for field in axes if field != over]
    keys = [table[field] for field in fields] or [pd.Series(0, index=table.index)]
    groups = table.groupby(keys, sort=False, dropna=False)
    results = {"runs": groups.size()}
    if columns and not proportion and table[columns[0]].isna().any():
        results["undefined"] = results["runs"] - groups[columns[0]].count()
    for column in columns:
        numbers = groups[column]
        if proportion:
            interval = wilson_interval(numbers.sum(), numbers.count())
            results |= {f"{column}_{n}": v for n, v in zip(QUANTILES, interval, strict=True)}
            continue
        for name, quantile in QUANTILES.items():
            results[f"{column}_{name}"] = numbers.quantile(quantile)
    frame = pd.DataFrame(results)
    return frame.reset_index() if fields else frame.reset_index(drop=True)


def median_confidence_interval(values: object) -> tuple[float, float, float]:
    """Return the median of some numbers, and the two of them between which the true one lies.

    Two order statistics hold it with a probability of at least 95 %, whatever the distribution
    (Conover, "Practical nonparametric statistics", 3rd ed. 1999, section 3.2). NaNs are left out;
    the interval is infinite for fewer than 6 numbers, and without numbers all three are NaN.
    """
    import numpy as np

    ordered = np.sort(np.asarray(values, dtype=float))
    ordered = ordered[~np.isnan(ordered)]
    n = len(ordered)
    if n == 0:
        return float("nan"), float("nan"), float("nan")
    tail, rank = 1, 0  # rank: the most with P(B < rank) ≤ 2.5 % for B binomial(n, ½)
    while 40 * tail <= 2**n:
        tail, rank = tail + comb(n, rank + 1), rank + 1
    if rank == 0:
        return float(np.median(ordered)), float("-inf"), float("inf")
    return float(np.median(ordered)), float(ordered[rank - 1]), float(ordered[n - rank])


def wilson_interval(successes: N, trials: N) -> tuple[N, N, N]:
    """Return a proportion and the ends of its 95 % interval, of numbers or of columns of numbers.

    Without a trial all three are NaN.

    Source: Wilson, "Probable inference, the law of succession, and statistical inference",
    J. Am. Stat. Assoc. 22 (1927), 209-212.
    """
    if isinstance(trials, int) and not trials:  # columns give NaN by themselves
        return (float("nan"),) * 3
    z, proportion = 1.959964, successes / trials
    center = (proportion + z**2 / (2 * trials)) / (1 + z**2 / trials)
    half = z * (proportion * (1 - proportion) / trials + (z / (2 * trials)) ** 2) ** 0.5
    half /= 1 + z**2 / trials
    low, high = center - half, center + half
    return proportion, low * (low > 0), high * (high < 1) + 1.0 * (high >= 1)
