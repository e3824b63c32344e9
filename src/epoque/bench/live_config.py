"""The config of a lab whose settings may change during a run."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Self

from .changes import Change, change_settings, read_changes
from .config import Config
from .errors import ConfigError, Problem

__all__ = ["LiveConfig"]

MAX_QUOTED = 200
"""Of a change, the symbols that an error repeats: it may hold every weight of a network."""


class LiveConfig(Config):
    """Base of a config whose settings may change during a run, those that are declared `live`.

    A class that derives from it declares `iterations`, and `changes`: the changes that are planned,
    as text (see `epoque.bench.changes`).
    """

    def timeline(self) -> list[tuple[Change, Self]]:
        """Return each change with the config from then on.

        Raises:
            ConfigError: if a change cannot be read, or is not allowed during a run.
        """
        now, timeline = self, []
        for change in read_changes(self.get("changes")):
            now = change_settings(now, change.values)
            timeline.append((change, now))
        return timeline

    def moments(self) -> Iterator[Self]:
        """Yield the config and what the changes make of it."""
        yield self
        with suppress(ConfigError):  # which `find_change_problems` tells
            yield from (config for _, config in self.timeline())

    def find_change_problems(self) -> Iterator[Problem]:
        """Yield what is wrong with the changes; a lab's `conflicts` yields it too."""
        try:
            timeline: list[tuple[Change, Any]] = list(self.timeline())
        except ConfigError as error:
            yield from (Problem("changes", f"{p.field}: {p.message}") for p in error.problems)
            return
        for change, _ in timeline:
            if change.step >= self.get("iterations"):
                text = str(change)
                brief = text if len(text) <= MAX_QUOTED else f"{text[:MAX_QUOTED]}…"
                yield Problem("changes", f"{brief} would come after the last iteration.")
