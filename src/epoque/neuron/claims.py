"""What only the claims on one neuron are measured by."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from epoque.bench.evidence import Evidence, Values

if TYPE_CHECKING:
    from .data import Dataset

__all__ = [
    "demands",
    "no_separating_line",
    "pass_span",
    "reversed_error",
    "wrong_patterns",
]

TOLERANCE = 1e-9
PATTERNS = ("00", "01", "10", "11")


def no_separating_line(evidence: Evidence, run: str) -> bool:
    """Return whether there is a proof that no line separates XOR's classes.

    It is checked here again: a point that is a weighted mean of each class cannot lie strictly on
    one side for the one and on the other side for the other.
    """
    certificate = evidence.results(run)["certificate"]
    if certificate is None:
        return False
    ones, zeros = (certificate[name] for name in ("ones", "zeros"))
    in_ones = all(point["x"] in ([0, 1], [1, 0]) for point in ones)
    in_zeros = all(point["x"] in ([0, 0], [1, 1]) for point in zeros)
    gap = max(abs(a - b) for a, b in zip(_mean(ones), _mean(zeros), strict=True))
    return in_ones and in_zeros and gap < TOLERANCE


def _mean(points: Sequence[Mapping[str, Any]]) -> list[float]:
    """Return the mean of points with weights; NaN if these are no weights."""
    total = sum(point["weight"] for point in points)
    if abs(total - 1) > TOLERANCE or any(point["weight"] < 0 for point in points):
        return [float("nan")] * 2
    return [sum(point["weight"] * point["x"][i] for point in points) for i in range(2)]


def demands(evidence: Evidence, run: str, pattern: str, output: int) -> bool:
    """Return whether a run's proof that no line separates its classes has a pattern in a class.

    Args:
        evidence: what is measured on.
        run: as the chapter calls it.
        pattern: its two inputs, "01".
        output: what the neuron is to answer to it, 0 or 1.
    """
    certificate = evidence.results(run)["certificate"]
    if certificate is None:
        return False
    points = certificate["ones" if output else "zeros"]
    return any(point["x"] == [*map(int, pattern)] for point in points)


def wrong_patterns(evidence: Evidence, sweep: str, gate: str, at: Mapping[str, Any] = {}) -> Values:
    """Measure how many of a gate's four patterns lie on the wrong side of the line.

    A pattern whose sum y is 0 to within 1e-9 lies on the line, and on neither side.
    """
    rows = evidence.table(sweep, **at)
    d = _gate(gate).d
    y = rows[[f"y_{pattern}" for pattern in PATTERNS]]
    wrong = ((2 * d - 1) * y < -TOLERANCE).sum(axis=1).astype(float)
    return wrong.where(y.notna().all(axis=1))


def pass_span(
    evidence: Evidence,
    sweep: str,
    weight: int,
    *,
    gate: str,
    learning_rate: float,
    at: Mapping[str, Any] = {},
) -> Values:
    """Measure the distance between the ends of a weight's way through one more pass.

    The pass begins where the sweep ended; its beginning is on the way too.
    """
    import pandas as pd

    rows = evidence.table(sweep, **at)
    way = _go_through_pass(_weights(rows), gate, learning_rate)[..., weight]
    return pd.Series(way.max(axis=0) - way.min(axis=0), index=rows.index)


def reversed_error(
    evidence: Evidence, sweep: str, gate: str, learning_rate: float, at: Mapping[str, Any] = {}
) -> Values:
    """Measure by how much a pass of the rule with o − d in the place of d − o changes the error.

    The error is the mean of |d − o| over the patterns, after the pass and before it.
    """
    import pandas as pd

    rows = evidence.table(sweep, **at)
    first, *_, last = _go_through_pass(_weights(rows), gate, -learning_rate)
    change = _mean_error(last, gate) - _mean_error(first, gate)
    return pd.Series(change, index=rows.index)


def _weights(rows: Any) -> NDArray[np.float64]:
    """Return the weights of the seeds, [S, 3]."""
    weights: NDArray[np.float64] = rows[["w0", "w1", "w2"]].to_numpy(float)
    return weights


def _gate(gate: str) -> "Dataset":
    from .config import GATES, NeuronConfig
    from .data import load

    return load(NeuronConfig(truth_table=GATES[gate]))


def _go_through_pass(
    w: NDArray[np.float64], gate: str, learning_rate: float
) -> NDArray[np.float64]:
    """Return the weights before a pass and after each of its patterns, [5, S, 3]."""
    from .decision_boundary import present_patterns

    return np.concatenate([w[None], present_patterns(w, _gate(gate), learning_rate)])


def _mean_error(w: NDArray[np.float64], gate: str) -> NDArray[np.float64]:
    """Return the mean of |d − o| over the patterns, [S]."""
    from .mlp.network import sigmoid

    data = _gate(gate)
    o = sigmoid(w[:, 1:] @ data.x.T - w[:, :1])
    error: NDArray[np.float64] = np.abs(data.d - o).mean(axis=1)
    return error
