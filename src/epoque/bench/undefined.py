"""Numbers that are none: NaN, of what was computed from nothing, and the infinities."""

from collections.abc import Mapping
from math import isfinite
from typing import Any

from .i18n import mark

__all__ = ["explain_undefined_results", "replace_undefined"]

_WHY = mark("there was nothing to compute it from, or it is too large")


def replace_undefined(value: object) -> Any:
    """Return plain values with null for NaN and the infinities, which JSON does not have."""
    match value:
        case float():
            return value if isfinite(value) else None
        case Mapping():
            return {name: replace_undefined(inner) for name, inner in value.items()}
        case list() | tuple():
            return [replace_undefined(inner) for inner in value]
    return value


def explain_undefined_results(results: Mapping[str, Any]) -> dict[str, Any]:
    """Return a run's results as JSON can hold them, and why those are null that are no numbers.

    A lab that knows better says it itself, in `not_measured`.
    """
    none = [n for n, v in results.items() if isinstance(v, float) and not isfinite(v)]
    reasons = dict.fromkeys(none, _WHY) | dict(results.get("not_measured", {}))
    plain: dict[str, Any] = replace_undefined(dict(results))
    return plain | ({"not_measured": reasons} if reasons else {})
