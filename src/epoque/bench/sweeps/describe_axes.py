"""What the axes of a sweep come to, said before it starts."""

import re
from collections.abc import Iterator, Sequence

from ..i18n import mark, translator
from .grid import Axis, count_points, to_cell

__all__ = ["describe_axes"]

TRAININGS = mark("{count} trainings: {axes}.")
VALUES = mark("{field} has {count} values ({values})")
COMMA = mark("{field}={text} are two values; a decimal takes a point: {number}.")
MAX_VALUES = 5
_COMMA_PAIR = re.compile(r"[+-]?[0-9]+,[0-9]*[1-9]")


def describe_axes(axes: Sequence[Axis], language: str = "en") -> Iterator[str]:
    """Yield how many trainings the axes make, and where a comma may be meant as a decimal one."""
    _ = translator(language)
    parts = [
        _(VALUES).format(
            field=axis.field, count=f"{len(axis.values):,}", values=_format_values(axis)
        )
        for axis in axes
    ]
    yield _(TRAININGS).format(count=f"{count_points(axes):,}", axes=", ".join(parts))
    for axis in axes:
        if _COMMA_PAIR.fullmatch(axis.text) and isinstance(axis.values[0], float):
            point = axis.text.replace(",", ".")
            yield _(COMMA).format(field=axis.field, text=axis.text, number=point)


def _format_values(axis: Axis) -> str:
    """Return the values, only the ends of many."""
    many = len(axis.values) > MAX_VALUES
    values = (axis.values[0], "…", axis.values[-1]) if many else axis.values
    between = ", " if not any(isinstance(v, tuple) for v in values) else "; "
    return (" " if many else between).join(_format_value(value) for value in values)


def _format_value(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(to_cell(value))
