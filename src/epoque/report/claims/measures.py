"""Measures that a claim of any lab may use, by their names in its file of claims.

A parameter named `evidence` is given by the book; one annotated `Values` is another measure; the
others are plain arguments, as written:

```yaml
measure:
  difference:
    - column: {sweep: and, name: w0, at: {iterations: 1000}}
    - column: {sweep: and, name: w0, at: {iterations: 900}}
```
"""

from collections.abc import Mapping, Sequence
from math import nan
from typing import Any

from epoque.bench.errors import UnknownNameError
from epoque.bench.evidence import Evidence, Measure, Values
from epoque.bench.runs.history import value_at

from .effects import paired_differences

__all__ = ["MEASURES"]


def column(
    evidence: Evidence,
    sweep: str,
    name: str,
    at: Mapping[str, Any] = {},
    never: float | None = None,
) -> Values:
    """Measure a result of a sweep.

    Args:
        evidence: what is measured on.
        sweep: as the chapter calls it.
        name: of the result.
        at: the values of the axes other than the seed.
        never: what counts where there is no number because the event that it times never came;
            of a training that diverged there is none still.

    Raises:
        UnknownNameError: if the sweep has no such column.
    """
    table = evidence.table(sweep, **at)
    if name not in table:
        raise UnknownNameError(f"column of the sweep {sweep} named", name, table)
    values = table[name]
    if never is None:
        return values
    counted = values.fillna(never)
    return counted.where(table["diverged"] != 1) if "diverged" in table else counted


def result(evidence: Evidence, run: str, name: str) -> Values:
    """Measure a result of a run; NaN if it could not be computed.

    Raises:
        UnknownNameError: if the run has no such result.
    """
    value = _find_result(evidence, run, name)
    return constant(nan if value is None else float(value))


def _find_result(evidence: Evidence, run: str, name: str) -> Any:
    results = evidence.results(run)
    if name not in results:
        raise UnknownNameError(f"result of the run {run} named", name, results)
    return results[name]


def metric(evidence: Evidence, run: str, name: str, by: float, clock: str = "epoch") -> Values:
    """Measure a metric of a run as it was at a moment; NaN if the run ended before it.

    Args:
        evidence: what is measured on.
        run: as the chapter calls it.
        name: of the metric.
        by: the moment, in units of the clock.
        clock: what counts: epoch, seconds or tokens.

    Raises:
        UnknownNameError: if the run has no such metric.
    """
    metrics = evidence.metrics(run)
    if len(metrics) and name not in metrics:
        raise UnknownNameError(f"metric of the run {run} named", name, metrics)
    return constant(value_at(metrics, name, clock, by))


def constant(value: float) -> Values:
    """Measure nothing: a number that the report gives itself."""
    import pandas as pd

    return pd.Series([value])


def difference(first: Values, second: Values) -> Values:
    """Measure first − second, seed by seed."""
    return paired_differences(first, second)


def ratio(first: Values, second: Values) -> Values:
    """Measure first / second, seed by seed."""
    return first / second


def product(of: Values, factor: float) -> Values:
    """Measure a quantity times a factor."""
    return of * factor


def total(of: Sequence[Values]) -> Values:
    """Measure the sum of several quantities, seed by seed; NaN if one has no number."""
    import pandas as pd

    return pd.concat(of, axis=1).sum(axis=1, skipna=False)


def absolute(of: Values) -> Values:
    """Measure the absolute value of a quantity."""
    return of.abs()


def exp(of: Values) -> Values:
    """Measure exp of a quantity: the perplexity of a loss in nats."""
    import numpy as np

    return np.exp(of)


def maximum(of: Sequence[Values]) -> Values:
    """Measure the largest of several quantities, seed by seed; NaN if one has no number."""
    import pandas as pd

    return pd.concat(of, axis=1).max(axis=1, skipna=False)


def minimum(of: Sequence[Values]) -> Values:
    """Measure the smallest of several quantities, seed by seed; NaN if one has no number."""
    import pandas as pd

    return pd.concat(of, axis=1).min(axis=1, skipna=False)


def any_seed(of: Values, equals: float) -> bool:
    """Return whether a quantity has a value for one of the seeds."""
    return bool((of == equals).any())


def is_true(evidence: Evidence, runs: Sequence[str], name: str) -> bool:
    """Return whether a result of each run is true.

    Raises:
        UnknownNameError: if a run has no such result.
    """
    return all(_find_result(evidence, run, name) is True for run in runs)


def is_equal(evidence: Evidence, run: str, name: str, value: float) -> bool:
    """Return whether a result of a run is a number.

    Raises:
        UnknownNameError: if the run has no such result.
    """
    return bool(_find_result(evidence, run, name) == value)


_ALL: tuple[Measure, ...] = (
    column, result, metric, constant,
    difference, ratio, product, total, absolute, exp, maximum, minimum,
    any_seed, is_true, is_equal,
)  # fmt: skip
MEASURES: Mapping[str, Measure] = {measure.__name__: measure for measure in _ALL}
"""Name to measure."""
