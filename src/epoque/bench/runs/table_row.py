"""A run as one row of a table: what it is, its settings, its times and its results."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["TableRow", "select_plain"]


@dataclass(slots=True)
class TableRow:
    """What a table says of a run, in four parts, each name to plain value.

    Attributes:
        about: `id`, `recipe`, `state`, `reason`, `lab`, `seconds`; of a damaged run what could be
            read, the state "damaged" and the reason.
        settings: path to value of its config.
        timings: the numbers that the clock told.
        results: the numbers and texts of a finished run.
    """

    about: dict[str, Any]
    settings: dict[str, Any] = field(default_factory=dict)
    timings: dict[str, Any] = field(default_factory=dict)
    results: dict[str, Any] = field(default_factory=dict)

    def flatten(self) -> dict[str, Any]:
        """Return one mapping; of two values of one name, the later part's counts."""
        return {**self.about, **self.settings, **self.timings, **self.results, **self._damage()}

    def _damage(self) -> dict[str, Any]:
        """Return what must not be hidden behind a setting or result of the same name."""
        is_damaged = self.about.get("state") == "damaged"
        return {name: self.about[name] for name in ("state", "reason")} if is_damaged else {}

    def storable(self) -> "TableRow":
        """Return the row with text that tables can store; a path may hold bytes of no UTF-8."""
        return TableRow(*(_storable(part) for part in self.parts().values()))

    def parts(self) -> dict[str, dict[str, Any]]:
        """Return the four parts by name."""
        return {
            "about": self.about,
            "settings": self.settings,
            "timings": self.timings,
            "results": self.results,
        }


def select_plain(values: Mapping[str, object]) -> dict[str, Any]:
    """Return the values that a cell of a table holds: numbers and texts."""
    return {k: v for k, v in values.items() if isinstance(v, int | float | str)}


def _storable(values: Mapping[str, Any]) -> dict[str, Any]:
    return {_utf8(name): _utf8(value) for name, value in values.items()}


def _utf8(value: Any) -> Any:
    if type(value) is str and not value.isascii():
        return value.encode(errors="backslashreplace").decode()
    return value
