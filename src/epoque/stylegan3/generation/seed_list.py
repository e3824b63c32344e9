"""Seeds and layers as all lists of whole numbers are typed, and grids: `2,674,4-6`, `4x2`."""

import re
from itertools import chain

from epoque.bench.errors import ConfigError
from epoque.bench.number_text import parse_whole_numbers

from ..latents import LAST_SEED

__all__ = ["parse_grid", "parse_layers", "parse_seeds"]

MOST = 100_000  # numbers of one list

_GRID = re.compile(r"([0-9]+)[x,]([0-9]+)")


def parse_seeds(text: str, option: str = "seeds") -> list[int]:
    """Return the seeds of a list such as `2,674,1024` or `0,4-6`, in its order.

    Args:
        text: the list.
        option: where it was typed.

    Raises:
        UsageError: naming the option, if it is none, or if a seed is not 0 to 2³² − 1.
    """
    return _parse_numbers(text, option, "seeds", LAST_SEED)


def parse_layers(text: str, count: int) -> list[int]:
    """Return the layers of a list such as `0-6`; they are numbered from 0.

    Args:
        text: the list.
        count: how many layers there are.

    Raises:
        UsageError: if it is none, or if there is no such layer.
    """
    return _parse_numbers(text, "layers", "layers", count - 1)


def parse_grid(text: str, option: str = "grid") -> tuple[int, int]:
    """Return columns and rows of `4x2`.

    Args:
        text: columns and rows.
        option: where it was typed.

    Raises:
        ConfigError: if it is no grid of 1 to 64 columns and rows.
    """
    match = _GRID.fullmatch(text.strip())
    columns, rows = map(int, match.groups()) if match and len(text) < 10 else (0, 0)
    if not (1 <= columns <= 64 and 1 <= rows <= 64):
        raise ConfigError.of(
            option, f"{text} is not allowed; it takes columns and rows such as 4x2."
        )
    return columns, rows


def _parse_numbers(text: str, option: str, what: str, last: int) -> list[int]:
    example = "2,674,1024 or 4-6" if what == "seeds" else "0-3 or 0,2"
    try:
        ranges = parse_whole_numbers(text)
    except ValueError as error:
        raise ConfigError.of(option, f"{text} is not allowed; {error}") from None
    if not ranges:
        raise ConfigError.of(option, f"{text} is not allowed; it takes a list such as {example}.")
    for numbers in ranges:
        outside = [n for n in (numbers[-1], numbers[0]) if not 0 <= n <= last]
        if outside:
            message = f"{outside[0]} is out of range: 0 to {last} are allowed"
            raise ConfigError.of(option, f"{message}.")
    if sum(map(len, ranges)) > MOST:
        raise ConfigError.of(option, f"{text} is more than {MOST:,} {what}.")
    return list(chain.from_iterable(ranges))
