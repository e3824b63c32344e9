"""What the claims of practical 1 are measured by: quantities of its sweeps, seed by seed."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from epoque.bench.i18n import mark

from .rules import Evidence, Number

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "apart",
    "at",
    "difference",
    "largest_input_weight",
    "no_line",
    "ratio",
    "share_of_rise",
    "smallest_input_weight",
    "sums",
    "swing",
    "weights",
]

Measure = Callable[[Evidence], "pd.Series"]

LEARNING_RATE = 0.7
TOLERANCE = 1e-9


def at(sweep: str, column: str, iterations: int | None = None) -> Measure:
    """Return what measures one column of a sweep, after some iterations where it varies them."""

    def measure(evidence: Evidence) -> "pd.Series":
        where = {} if iterations is None else {"iterations": iterations}
        return evidence.table(sweep, **where)[column]

    return measure


def difference(first: Measure, second: Measure) -> Measure:
    """Return what measures the first quantity less the second, seed by seed."""
    return lambda evidence: first(evidence) - second(evidence)


def ratio(first: Measure, second: Measure) -> Measure:
    """Return what measures the first quantity over the second, seed by seed."""
    return lambda evidence: first(evidence) / second(evidence)


def scaled(measure: Measure, factor: float) -> Measure:
    """Return what measures a quantity times a factor."""
    return lambda evidence: measure(evidence) * factor


def apart(sweep: str, iterations: int) -> Measure:
    """Return what measures how far w1 and w2 are apart, as a share of w1."""
    w1, w2 = at(sweep, "w1", iterations), at(sweep, "w2", iterations)
    return ratio(lambda e: difference(w1, w2)(e).abs(), w1)


def largest_input_weight(sweep: str, iterations: int) -> Measure:
    """Return what measures the greater of w1 and w2."""
    return lambda e: e.table(sweep, iterations=iterations)[["w1", "w2"]].max(axis=1)


def smallest_input_weight(sweep: str, iterations: int) -> Measure:
    """Return what measures the lesser of w1 and w2."""
    return lambda e: e.table(sweep, iterations=iterations)[["w1", "w2"]].min(axis=1)


def share_of_rise(evidence: Evidence) -> "pd.Series":
    """Measure the share of AND's rise of w0 from iteration 1 to 1000 that is done by 200."""
    w0 = [at("and", "w0", iterations)(evidence) for iterations in (1, 200, 1000)]
    return (w0[1] - w0[0]) / (w0[2] - w0[0])


def swing(sweep: str, iterations: int | None = None) -> Measure:
    """Return what measures how far w0 falls at the last pattern of a pass.

    The rule moves w0 by −coeff · error there; it rose by about as much at the patterns before.
    """
    return scaled(at(sweep, "final_error", iterations), LEARNING_RATE)


def no_line(evidence: Evidence) -> bool:
    """Return whether there is a proof that no line separates XOR's classes.

    It is checked here again: a point that is a weighted mean of each class cannot lie strictly on
    one side for the one and on the other side for the other.
    """
    certificate = evidence.results("neuron/xor")["certificate"]
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


def weights(
    sweep: str, iterations: int | None, *reported: str, about: bool = False
) -> tuple[Number, ...]:
    """Return a line for each of w0, w1 and w2."""
    names = (mark("final w0"), mark("final w1"), mark("final w2"))
    return tuple(
        Number(quantity=name, reported=value, about=about, measure=at(sweep, f"w{i}", iterations))
        for i, (name, value) in enumerate(zip(names, reported, strict=True))
    )


def sums(sweep: str, none: str, one: str, both: str) -> tuple[Number, ...]:
    """Return a line for y at each of the four patterns."""
    named = {
        "00": (mark("y for 00"), none),
        "01": (mark("y for 01"), one),
        "10": (mark("y for 10"), one),
        "11": (mark("y for 11"), both),
    }
    return tuple(
        Number(quantity=name, reported=value, measure=at(sweep, f"y_{pattern}", 1000))
        for pattern, (name, value) in named.items()
    )
