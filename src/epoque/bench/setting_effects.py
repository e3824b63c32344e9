"""When a setting has an effect: what it needs of the others, as data that a form reads too.

A setting says with `only` which values of others it needs, all of them together. As in the schema,
a condition is a list of the values that the other setting may have, or, made by `other_than`, of
those that it may not have:

    {"model": ["mlp"]}                  with model mlp
    {"optimizer.name": ["sgd", "adam"]} with one of two
    {"metrics": ["fid", "kid"]}         where the list `metrics` holds one of them
    {"ema": {"not": [0]}}               with any ema but 0
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from .errors import Problem

__all__ = ["Condition", "iterate_ignored", "other_than", "read_conditions", "write_only"]

_EMPTY: tuple[Any, ...] = (None, "", ())


class _Settings(Protocol):
    def get(self, path: str) -> Any: ...


@dataclass(frozen=True, slots=True)
class Condition:
    """What another setting must be for a setting to have an effect.

    Attributes:
        path: of the other setting, from the whole config.
        values: what it may be; of a list, one of its values must be among them.
        excluded: whether these are the values that it may not be, instead.
    """

    path: str
    values: tuple[Any, ...]
    excluded: bool = False

    def is_met(self, config: _Settings) -> bool:
        """Return whether the other setting is so."""
        value = config.get(self.path)
        inside = value in self.values
        if isinstance(value, tuple) and not inside:
            inside = any(entry in self.values for entry in value)
        return inside != self.excluded

    def explain(self, value: object, config: _Settings) -> str:
        """Return why a value of the setting would be ignored, as a sentence."""
        current = config.get(self.path)
        begin = f"{_show(value)} would be ignored"
        if self.excluded and all(empty in _EMPTY for empty in self.values):
            return f"{begin} without {self.path}."
        choices = "another" if self.excluded else " or ".join(map(_show, self.values))
        end = choices if self.excluded else f"{self.path} {choices}"
        return f"{begin} with {self.path} {_show(current)}; it goes with {end}."

    def to_json(self) -> Any:
        """Return the condition as the schema has it."""
        values = [list(v) if isinstance(v, tuple) else v for v in self.values]
        return {"not": values} if self.excluded else values


def other_than(*values: object) -> dict[str, tuple[Any, ...]]:
    """Return the condition that a setting has any value but these, for `setting(…, only=…)`.

    `other_than(None)` is met where an optional setting is given, `other_than(())` by any list that
    is not empty, `other_than(0)` by any other number.
    """
    return {"not": values}


def write_only(only: Mapping[str, Any]) -> dict[str, Any]:
    """Return the conditions of a setting's `only` as the schema has them."""
    return {condition.path: condition.to_json() for condition in read_conditions(only)}


def read_conditions(only: Mapping[str, Any], part: str = "") -> tuple[Condition, ...]:
    """Return the conditions of a setting.

    Args:
        only: what the setting says, or as the schema has it.
        part: of the part that the setting stands in the path with a dot at its end, which the paths
            of `only` are relative to.
    """
    conditions = []
    for path, values in only.items():
        excluded = isinstance(values, Mapping)
        entries = values["not"] if isinstance(values, Mapping) else values
        if isinstance(entries, str) or not isinstance(entries, Collection):
            raise TypeError(f"only={{{path!r}: …}} needs a tuple of values, not {entries!r}")
        fixed = tuple(tuple(v) if isinstance(v, list) else v for v in entries)
        conditions.append(Condition(f"{part}{path}", fixed, excluded))
    return tuple(conditions)


def iterate_ignored(
    config: _Settings, conditions: Mapping[str, tuple[Condition, ...]]
) -> Iterator[Problem]:
    """Yield each of these settings that has no effect, with the first condition that it lacks.

    Args:
        config: the settings.
        conditions: path of a setting to the conditions of its effect.
    """
    for path, needs in conditions.items():
        if missing := next((need for need in needs if not need.is_met(config)), None):
            yield Problem(path, missing.explain(config.get(path), config), ignored=True)


def _show(value: object) -> str:
    """Return a value as it is typed; of no value and of no entry "none"."""
    if value in _EMPTY:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
