"""What only the claims on StyleGAN3 are measured by: numbers of one analysis of networks."""

from collections.abc import Mapping
from math import inf, nan
from typing import Any

from epoque.bench.evidence import Comparison, Evidence, Interval, Values

__all__ = ["certainty_margin", "decibels", "portrait_distance"]


def portrait_distance(evidence: Evidence, run: str, seed: int) -> Values:
    """Measure how far a seed's image is from drawn portraits, in their reach."""
    return _single(_image(evidence, run, seed).get("distance"))


def certainty_margin(evidence: Evidence, run: str, seed: int) -> Values:
    """Measure how much surer the reader is of a seed's image than of drawn portraits.

    Of the least sure twentieth of them, that is.
    """
    image = _image(evidence, run, seed)
    certainty, least = image.get("certainty"), image.get("least_certainty")
    return _single(None if certainty is None or least is None else certainty - least)


def decibels(evidence: Evidence, run: str, name: str, level: float) -> Comparison:
    """Measure an equivariance of the network, in dB with its interval, against a level."""
    results = evidence.results(run)
    return Comparison(_interval(results["network"][name]), (level,) * 3, results["moved"])


def _image(evidence: Evidence, run: str, seed: int) -> Mapping[str, Any]:
    """Return what was found of a seed's image."""
    image: Mapping[str, Any] = evidence.results(run)["seeds"][str(seed)]
    return image


def _interval(measured: Mapping[str, float | None]) -> Interval:
    """Return decibels; what has none is without any error."""
    value, low, high = (measured[name] for name in ("db", "low", "high"))
    return _or_inf(value), _or_inf(low), _or_inf(high)


def _or_inf(value: float | None) -> float:
    return inf if value is None else value


def _single(value: float | None) -> Values:
    import pandas as pd

    return pd.Series([nan if value is None else value])
