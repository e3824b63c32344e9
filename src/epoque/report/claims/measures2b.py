"""What the claims of practical 2b are measured by: numbers of one examination."""

from collections.abc import Callable, Mapping
from math import inf, nan
from typing import TYPE_CHECKING, Any

from .rules import Evidence

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["EXAMINED", "beside", "certainty_left", "distance", "told"]

EXAMINED = "stylegan3/seeds"

Interval = tuple[float, float, float]


def distance(seed: int) -> Callable[[Evidence], "pd.Series"]:
    """Return what measures how far a seed's image is from drawn portraits, in their reach."""
    return lambda evidence: _one(_seed(evidence, seed).get("distance"))


def certainty_left(seed: int) -> Callable[[Evidence], "pd.Series"]:
    """Return what measures how much surer the reader is of an image than of drawn portraits.

    Of the least sure twentieth of them, that is.
    """

    def measure(evidence: Evidence) -> "pd.Series":
        found = _seed(evidence, seed)
        sure, least = found.get("certainty"), found.get("least_certainty")
        return _one(None if sure is None or least is None else sure - least)

    return measure


def told(name: str) -> Callable[[Evidence], bool]:
    """Return what tells whether something was found true."""
    return lambda evidence: evidence.results(EXAMINED)[name] is True


def beside(name: str) -> Callable[[Evidence], tuple[Interval, Interval, int]]:
    """Return what measures both networks, each with its interval, and over how many images."""

    def measure(evidence: Evidence) -> tuple[Interval, Interval, int]:
        results = evidence.results(EXAMINED)
        one, other = (_interval(results[role][name]) for role in ("network", "against"))
        return one, other, results["moved"]

    return measure


def _seed(evidence: Evidence, seed: int) -> Mapping[str, Any]:
    found: Mapping[str, Any] = evidence.results(EXAMINED)["seeds"][str(seed)]
    return found


def _interval(measured: Mapping[str, float | None]) -> Interval:
    """Return decibels; what has none is without any error."""

    def end(name: str) -> float:
        value = measured[name]
        return inf if value is None else value

    return end("db"), end("low"), end("high")


def _one(value: float | None) -> "pd.Series":
    import pandas as pd

    return pd.Series([nan if value is None else value])
