"""The axes of a sweep: which values each field takes, and every combination of them.

```
learning_rate=0.01:10:log:50   50 values from 0.01 to 10, evenly spaced on a log scale
init_low=-2:0:lin:5            5 values from -2 to 0, evenly spaced
seed=0:200                     the whole numbers 0 … 199
seed=0-199                     the same
iterations=100:1001:100        the whole numbers 100, 200, … 1000
iterations=10,50,100-103       several of these
update=online,batch            a list, of any field
hidden_layers=2;4,2            a list of values that hold commas themselves
generator.optimizer.beta1=0,0.5   a setting in a part, by its path
```

A comma parts values in every language: `learning_rate=1,5` is 1 and 5, `1.5` is one and a half.
Whole numbers are typed as in all lists (see `epoque.bench.number_text`).
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from math import prod
from typing import Any, Literal

from pydantic.fields import FieldInfo

from ..config import Config
from ..errors import AxesError, ConfigError, Problem, UsageError
from ..files.path_list import IS_PATHS, join_paths, split_paths
from ..limits import MAX_SWEEP_POINTS
from ..number_text import parse_whole_numbers, suggest_axis
from ..setting_types import number_kind
from .columns import Columns

__all__ = [
    "MAX_POINTS",
    "Axis",
    "count_points",
    "expand_grid",
    "find_extremes",
    "parse_axes",
    "to_cell",
    "to_cells",
]

MAX_POINTS = MAX_SWEEP_POINTS
DIGITS = 12  # of a value between the ends: few enough to be typed again, and no float noise

Spacing = Literal["lin", "log", "whole", "list"]


@dataclass(frozen=True, slots=True)
class Axis:
    """One setting and the values it takes.

    Attributes:
        field: the path of the setting, such as `generator.layers`.
        values: its values, validated, at least one.
        text: the values as typed, for instance `0.01:10:log:50`.
        spacing: `lin`, `log`, `whole` (whole numbers with a step) or `list`.
    """

    field: str
    values: tuple[Any, ...]
    text: str
    spacing: Spacing


def parse_axes(
    base: Config, texts: Sequence[str], explicit: Collection[str] = ()
) -> tuple[Axis, ...]:
    """Read axes as typed, each value validated as a value of its field.

    Args:
        base: the config that every point starts from.
        texts: such as `learning_rate=0.01:10:log:50`; a path may be spelt with hyphens.
        explicit: paths of settings of the base that the user set: each must have an effect at some
            point.

    Raises:
        AxesError: with every problem of every axis, and the conflicts between their values.
        UsageError: if there is no axis, or there are more than `MAX_POINTS` points.
    """
    if not texts:
        raise UsageError("A sweep needs an axis, for instance learning_rate=0.01:10:log:50.")
    axes: dict[str, Axis] = {}
    problems: list[Problem] = []
    for text in texts:
        typed, _, values = text.strip().lstrip("-").partition("=")
        field = (typed := typed.strip()).replace("-", "_")
        try:
            if field in axes:
                raise ConfigError([Problem(field, "the axis is given twice.")])
            if field in explicit:
                rule = "it is given twice, as an axis and as a setting."
                raise ConfigError([Problem(field, rule)])
            axes[field] = _parse_axis(type(base), typed, values.strip())
        except ConfigError as error:
            problems.extend(error.problems)
    if not problems:
        _check_size(axes.values())
        problems.extend(_conflicts(base, tuple(axes.values()), explicit))
    if problems:
        raise AxesError(problems)
    return tuple(axes.values())


def count_points(axes: Sequence[Axis]) -> int:
    """Return the number of points."""
    return prod(len(axis.values) for axis in axes)


def expand_grid(axes: Sequence[Axis], start: int = 0, stop: int | None = None) -> Columns:
    """Return the points from `start` to `stop` (by default all), the last axis moving fastest.

    Returns:
        Field to its value at each point.
    """
    points = range(start, count_points(axes) if stop is None else min(stop, count_points(axes)))
    columns, stride = {}, count_points(axes)
    for axis in axes:
        stride //= len(axis.values)
        values, count = axis.values, len(axis.values)
        columns[axis.field] = [values[point // stride % count] for point in points]
    return columns


def to_cell(value: Any) -> bool | int | float | str:
    """Return a setting as a table holds it: what is no number or text is written as typed."""
    if isinstance(value, bool | int | float | str):
        return value
    return join_paths(value) if value else "none"


def to_cells(axis: Axis) -> tuple[Any, ...]:
    """Return the values of an axis as a table's column holds them: all numbers, or all texts."""
    values = tuple(map(to_cell, axis.values))
    return tuple(map(str, values)) if any(isinstance(v, str) for v in values) else values


def find_extremes(axis: Axis) -> Sequence[Any]:
    """Return the least and the greatest value of numbers, or all values of anything else."""
    numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in axis.values)
    return sorted({min(axis.values), max(axis.values)}) if numbers else axis.values


def _parse_axis(config: type[Config], typed: str, text: str) -> Axis:
    field = typed.replace("-", "_")
    if not all(name.isidentifier() for name in field.split(".")) or not text:
        rule = "an axis is a field and its values, for instance learning_rate=0.01:10:log:50."
        raise ConfigError([Problem(typed or "(no name)", rule)])
    if field not in config.settings():
        config.parse({field: text})  # raises, with the nearest names
    spacing, values = _AxisParser(config, field, text).parse()
    return Axis(field, tuple(values), text, spacing)


@dataclass(frozen=True, slots=True)
class _AxisParser:
    """The values of an axis as typed, and the field that they are for."""

    config: type[Config]
    field: str
    text: str

    @property
    def info(self) -> FieldInfo:
        return self.config.settings()[self.field].field

    def parse(self) -> tuple[Spacing, Sequence[Any]]:
        kind = number_kind(self.info)
        parts = [part.strip() for part in self.text.split(":")]
        if kind is None or (kind is float and len(parts) == 1):
            return "list", self.parse_list()
        match parts:
            case [low, high, "log" | "lin" as spacing, count]:
                return spacing, self.space(spacing, low, high, self.parse_count(count), kind)
            case [_, _] if kind is float:
                rule = "low:high counts whole numbers; low:high:lin:n gives n values"
                raise self.make_error(f"{rule} between two ends.")
        ranges = self.parse_ranges()
        if ranges is not None:
            values = [kind(number) for numbers in ranges for number in numbers]
            return "whole" if len(ranges) == 1 < len(values) else "list", self.check_distinct(
                values
            )
        if len(parts) > 1:
            raise self.make_error("a range is low:high:log:n, low:high:lin:n or low:high.")
        return "list", self.parse_list()

    def make_error(self, rule: str) -> ConfigError:
        return ConfigError([Problem(self.field, f"{self.text} is not allowed; {rule}")])

    def parse_value(self, typed: str) -> Any:
        """Return one value as its field reads it."""
        try:
            return _without_conflicts(self.config).parse({self.field: typed}).get(self.field)
        except ConfigError as error:
            where = "" if typed == self.text else f"in {self.text}, "
            hint = self.suggest()
            problems = [Problem(p.field, f"{where}{p.message}{hint}") for p in error.problems]
            raise ConfigError(problems) from None

    def suggest(self) -> str:
        """Return the axis that was meant by another notation, as the end of a sentence."""
        kind = number_kind(self.info)
        suggestion = suggest_axis(self.text, whole=kind is int) if kind else ""
        return f" Did you mean {self.field}={suggestion}?" if suggestion else ""

    def parse_list(self) -> list[Any]:
        parts = self.split()
        if not any(parts):
            raise self.make_error("the list is empty.")
        if not all(parts):
            raise self.make_error("a part of the list is empty.")
        return self.check_distinct([self.parse_value(part) for part in parts])

    def split(self) -> list[str]:
        """Return the values as typed; a path may hold a comma, in double quotes or by itself."""
        if ";" not in self.text and IS_PATHS in self.info.metadata:
            return [join_paths([path]) if path else "" for path in split_paths(self.text)]
        return [part.strip() for part in self.text.split(";" if ";" in self.text else ",")]

    def check_distinct(self, values: list[Any]) -> list[Any]:
        if len(set(values)) < len(values):
            raise self.make_error("a value is given twice.")
        return values

    def space(
        self, spacing: str, low: str, high: str, count: int, kind: type[int] | type[float]
    ) -> list[Any]:
        """Return `count` values with both ends; rounded for a field of whole numbers.

        Only the ends are validated: the bounds of a number are an interval.
        """
        import numpy as np

        ends = self.parse_value(low), self.parse_value(high)
        if None in ends:
            raise self.make_error("both ends are numbers.")
        if ends[0] >= ends[1]:
            raise self.make_error("the first end is less than the second.")
        if spacing == "log" and ends[0] <= 0:
            raise self.make_error("a log range has ends greater than 0.")
        values = (np.geomspace if spacing == "log" else np.linspace)(*ends, count).tolist()
        if kind is int:
            return list(dict.fromkeys(round(value) for value in values))
        return [ends[0], *(float(f"{value:.{DIGITS}g}") for value in values[1:-1]), ends[1]]

    def parse_count(self, typed: str) -> int:
        if not re.fullmatch("[0-9]{1,20}", typed) or not 2 <= int(typed) <= MAX_POINTS:
            raise self.make_error(
                f"the number of values is a whole number from 2 to {MAX_POINTS:,}."
            )
        return int(typed)

    def parse_ranges(self) -> Sequence[range] | None:
        """Return the whole numbers that a list of them names, None if it is another list."""
        try:
            ranges = parse_whole_numbers(self.text)
        except ValueError as error:
            raise self.make_error(str(error)) from None
        if ranges is None:
            return None
        count = sum(map(_length, ranges))
        if count > MAX_POINTS:
            raise self.make_error(f"{count:,} values; at most {MAX_POINTS:,} are allowed.")
        for numbers in ranges:
            self.parse_value(str(numbers[0]))
            self.parse_value(str(numbers[-1]))
        return ranges


def _length(numbers: range) -> int:
    """Return how many numbers there are, also where len() would overflow."""
    return -(-(numbers.stop - numbers.start) // numbers.step)


@cache
def _without_conflicts(config: type[Config]) -> type[Config]:
    """Return a config whose fields are validated one by one, without conflicts between them."""
    return type(config.__name__, (config,), {"find_problems": lambda _: iter(())})


def _check_size(axes: Collection[Axis]) -> None:
    points = count_points(tuple(axes))
    if points > MAX_POINTS:
        counts = " × ".join(f"{len(axis.values):,} of {axis.field}" for axis in axes)
        raise UsageError(f"{counts} make {points:,} points; at most {MAX_POINTS:,} are allowed.")


def _conflicts(base: Config, axes: Sequence[Axis], explicit: Collection[str]) -> Iterator[Problem]:
    """Yield the conflicts between values of several fields, each field's first one.

    A value without effect at some points is one only where its axis has no effect at any.

    Numbers are looked at by their least and greatest value only: a conflict between numbers is
    an inequality, and what breaks it anywhere breaks it there.
    """
    conflicts: dict[str, Problem] = {}
    idle: dict[str, Problem] = {}
    effective: set[str] = set()
    ignored = {path for path in explicit if path not in {axis.field for axis in axes}}
    settings = base.settings()
    for values in product(*map(find_extremes, axes)):
        point: Mapping[str, Any] = dict(zip((a.field for a in axes), values, strict=True))
        try:
            config = base.at_point(point)
            problems = tuple(config.find_problems())
            ignored = {path for path in ignored if config.get(path) != base.get(path)}
        except ConfigError as error:
            problems = error.problems
        where = ", ".join(f"{field}={to_cell(value)}" for field, value in point.items())
        for problem in problems:
            kind = idle if problem.ignored and problem.field in point else conflicts
            message = f"{problem.message.rstrip('.')} (at {where})."
            kind.setdefault(problem.field, Problem(problem.field, message))
        given = {field for field, value in point.items() if value != settings[field].default}
        effective |= given - {problem.field for problem in problems if problem.ignored}
    conflicts |= {field: problem for field, problem in idle.items() if field not in effective}
    yield from conflicts.values()
    for path in sorted(ignored) if not conflicts else ():
        yield Problem(path, f"{to_cell(base.get(path))} would be ignored at every point.")
