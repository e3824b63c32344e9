"""Which runs of a folder are wanted: `lab=gan2d seed<3 recipe~ring`, or just words.

A value is a number where it reads as one. `=` also takes `none`: no value at all.
"""

import re
import shlex
from dataclasses import dataclass
from math import isfinite
from typing import Literal, get_args

from ..errors import UsageError

__all__ = ["Filter", "Operator", "Query", "parse_filter", "parse_filters"]

Operator = Literal["<", "<=", "=", "!=", ">=", ">", "~"]

_FILTER = re.compile(r"([^<>=!~\s]+)\s*(<=|>=|!=|<|>|=|~)\s*(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition on the value of a column.

    Attributes:
        column: a column's name, such as `lab`, `seed`, `generator.optimizer.beta1`, `final_error`.
        operator: how it compares; `~` is "holds this text, in large or small letters".
        value: as typed.
    """

    column: str
    operator: Operator
    value: str

    @property
    def number(self) -> float | int | None:
        """The value as a number; None where it is none."""
        for kind in (int, float):
            try:
                number = kind(self.value)
            except ValueError:
                continue
            if isinstance(number, float):
                return number if isfinite(number) else None
            return number if -(2**63) <= number < 2**63 else float(number)
        return None


@dataclass(frozen=True, slots=True)
class Query:
    """Which rows of a table are wanted, in which order.

    Attributes:
        filters: all must hold.
        words: each must stand in the id, the recipe, the lab or the state.
        sort: a column; `created` is when a run was made. Rows without a value come last.
        descending: the largest or newest first.
        offset: so many rows are left out before.
        limit: at most so many rows; None for all.
    """

    filters: tuple[Filter, ...] = ()
    words: tuple[str, ...] = ()
    sort: str = "created"
    descending: bool = True
    offset: int = 0
    limit: int | None = None


def parse_filter(text: str) -> Filter:
    """Return the condition that a text such as `seed<3` tells.

    Raises:
        UsageError: if it tells none.
    """
    if match := _FILTER.fullmatch(text.strip()):
        column, operator, value = match.groups()
        kinds: dict[str, Operator] = {kind: kind for kind in get_args(Operator)}
        if value or operator in ("=", "!="):
            return Filter(column, kinds[operator], value.strip())
    operators = " ".join(get_args(Operator))
    raise UsageError(
        f"{text!r} is not allowed as a filter; it is a column, one of {operators} and a value, "
        "such as seed<3 or recipe~ring."
    )


def parse_filters(text: str) -> tuple[tuple[Filter, ...], tuple[str, ...]]:
    """Return the conditions and the words of a line such as `ring lab=gan2d "reason~no space"`.

    Raises:
        UsageError: if a condition lacks its value, or a quote is not closed.
    """
    try:
        parts = shlex.split(text)
    except ValueError:
        raise UsageError(f"{text!r} is not allowed as a filter; a quote is not closed.") from None
    filters = tuple(parse_filter(part) for part in parts if re.search(r"[<>=~]", part))
    words = tuple(part for part in parts if part and not re.search(r"[<>=~]", part))
    return filters, words
