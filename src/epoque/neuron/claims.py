"""What only the claims on one neuron are measured by."""

from collections.abc import Mapping, Sequence
from typing import Any

from epoque.bench.evidence import Evidence

__all__ = ["no_separating_line"]

TOLERANCE = 1e-9


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
