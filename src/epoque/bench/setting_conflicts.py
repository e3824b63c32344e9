"""Which values do not go together: rules as data that a form reads too.

Each setting may have each of its values; some of them do not go with a value of another. A config
declares such rules as `conflict_rules`; its validation, its schema and so a page without a server
read the same ones:

    Conflict(
        "output",
        "{output} does not go with loss {loss}, which needs a probability.",
        {"output": ("linear",), "loss": ("log", "minimax")},
    )
    Conflict("low", "{low} is above high ({high}).", above="high")

What takes arithmetic is no such rule: a config says it in `conflicts()` (`epoque.bench.config`).
"""

import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from .errors import Problem
from .setting_effects import Condition, read_conditions

__all__ = ["Conflict", "find_conflicts"]

_VALUE = re.compile(r"\{([\w.]+)\}")


class _Settings(Protocol):
    def get(self, path: str) -> Any: ...


@dataclasses.dataclass(frozen=True, slots=True)
class Conflict:
    """Values of settings that are each allowed, and not together.

    Attributes:
        field: the path of the setting at which it is told.
        message: what is wrong, ending with what is allowed; `{path}` stands for a setting's value.
        where: what holds where they conflict, all of it, as `only` says it of an effect
            (`epoque.bench.setting_effects`).
        above: the path of a setting than which `field`, a number, must not be greater; "" if none.
    """

    field: str
    message: str
    where: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    above: str = ""

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """What `where` says."""
        return read_conditions(self.where)

    @property
    def paths(self) -> set[str]:
        """The paths of all settings that the rule names."""
        named = {self.field, *self.where, *_VALUE.findall(self.message)}
        return named | ({self.above} if self.above else set())

    def holds(self, config: _Settings) -> bool:
        """Return whether the values of a config are in conflict."""
        is_above = not self.above or config.get(self.field) > config.get(self.above)
        return is_above and all(condition.is_met(config) for condition in self.conditions)

    def describe(self, config: _Settings) -> str:
        """Return the message with the values of a config."""
        return _VALUE.sub(lambda path: _show(config.get(path[1])), self.message)

    def to_json(self) -> dict[str, Any]:
        """Return the rule as the schema has it."""
        where = {condition.path: condition.to_json() for condition in self.conditions}
        rule = {"field": self.field, "message": self.message, "where": where}
        return {**rule, "above": self.above} if self.above else rule


def find_conflicts(config: _Settings, rules: Iterable[Conflict]) -> Iterator[Problem]:
    """Yield what is wrong between settings; the same thing once, whichever rules tell it."""
    seen: set[Problem] = set()
    for rule in rules:
        if rule.holds(config):
            problem = Problem(rule.field, rule.describe(config))
            if problem not in seen:
                seen.add(problem)
                yield problem


def _show(value: object) -> str:
    """Return a value as one types it: 1 and not 1.0."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "none" if value is None else str(value)
