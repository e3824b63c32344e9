"""Whether the live engine computes what a config asks for."""

from collections.abc import Mapping
from typing import Any

from .manifest import read_manifest

__all__ = ["find_uncovered"]


def find_uncovered(lab: str, values: Mapping[str, Any]) -> str | None:
    """Return why the engine does not compute a config, one English sentence; None if it does.

    Args:
        lab: the lab's name.
        values: path of a setting to value.
    """
    for rule in read_manifest(lab).covers:
        if not _fits(rule, values[rule["path"]]):
            return str(rule["reason"])
    return None


def _fits(rule: Mapping[str, Any], value: Any) -> bool:
    if "is" in rule:
        return bool(value == rule["is"])
    values = value if isinstance(value, tuple | list) else (value,)
    short = len(values) <= rule.get("max_length", len(values))
    return short and all(each <= rule["at_most"] for each in values)
