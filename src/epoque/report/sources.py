"""Runs, sweeps and numbers as a template passes them from one function to another."""

from dataclasses import dataclass
from math import nan
from typing import Any

from epoque.bench.errors import UnknownNameError, UsageError
from epoque.bench.lab import find_lab
from epoque.bench.recipes import find_recipe
from epoque.bench.runs.run import Run
from epoque.bench.setting_paths import flatten
from epoque.bench.sweeps.sweep import Sweep

from .library import Record
from .placeholders import Placeholder

__all__ = [
    "Source",
    "find_setting",
    "require_record",
    "require_run",
    "require_sweep",
    "to_number",
]


@dataclass(frozen=True)
class Source:
    """A run or sweep as a template sees it; what it reads stays out of the sandbox's reach."""

    id: str
    recipe: str
    _record: Record


def require_record(source: Any) -> Record:
    """Return the run or sweep behind what a template passes.

    Raises:
        UsageError: if it is neither.
    """
    if not isinstance(source, Source):
        raise UsageError(f"run(…) or sweep(…) is wanted here, not {str(source)[:40]!r}.")
    return source._record


def require_run(source: Any) -> Run:
    """Return the run behind what a template passes.

    Raises:
        UsageError: if it is none.
    """
    record = require_record(source)
    if not isinstance(record, Run):
        raise UsageError(f"{record.id} is a sweep; a run is wanted here.")
    return record


def require_sweep(source: Any, what: str) -> Sweep:
    """Return the sweep behind what a template passes.

    Args:
        source: what it passes.
        what: ends the sentence that is said if it is a run.

    Raises:
        UsageError: if it is none.
    """
    record = require_record(source)
    if not isinstance(record, Sweep):
        raise UsageError(f"{record.id} is one run; {what}.")
    return record


def find_setting(recipe: str, name: str) -> Any:
    """Return a setting of a recipe, or a number that its config derives from the settings.

    Args:
        recipe: such as `language/notebook-clm`.
        name: the setting's path, or the name of what is derived, such as `parameter_count`.

    Raises:
        UnknownNameError: if there is no such recipe, or it has neither.
    """
    read = find_recipe(recipe)
    config = read.build(find_lab(read.lab).config_class, {})
    settings = flatten(config.model_dump())
    if name in settings:
        return settings[name]
    derived = [n for n, v in vars(type(config)).items() if isinstance(v, property)]
    value = getattr(config, name) if name in derived else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UnknownNameError(f"setting of {recipe} named", name, [*settings, *derived])
    return value


def to_number(value: Any) -> float:
    """Return a number, also one that a template has printed; NaN for a printed dash."""
    number = value.number if isinstance(value, Placeholder) else value
    return nan if number is None else float(number)
