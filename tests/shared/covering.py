"""Rows of settings in which every two values of two settings meet."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from random import Random
from typing import Any

__all__ = ["cover_pairs"]

CANDIDATES = 12
"""Rows tried for each that is taken (Cohen et al. 1997, the AETG system: more gain little)."""

Row = tuple[int, ...]


def cover_pairs(settings: Mapping[str, Sequence[Any]], count: int) -> list[dict[str, Any]]:
    """Return at least `count` rows; every pair of values of two settings is in one of them.

    Args:
        settings: name to its values.
        count: how many; more, if it takes more.
    """
    random, names = Random(0), list(settings)
    sizes = [len(settings[name]) for name in names]
    missing = {
        (i, a, j, b)
        for i, j in combinations(range(len(names)), 2)
        for a in range(sizes[i])
        for b in range(sizes[j])
    }
    rows: list[Row] = []
    while missing or len(rows) < count:
        candidates = [_draw(random, sizes, missing) for _ in range(CANDIDATES)]
        best = max(candidates, key=lambda row: len(missing & _pairs(row)))
        missing -= _pairs(best)
        rows.append(best)
    return [
        {name: settings[name][value] for name, value in zip(names, row, strict=True)}
        for row in rows
    ]


def _pairs(row: Row) -> set[tuple[int, int, int, int]]:
    return {(i, row[i], j, row[j]) for i, j in combinations(range(len(row)), 2)}


def _draw(random: Random, sizes: Sequence[int], missing: set[tuple[int, int, int, int]]) -> Row:
    """Return a row that holds one pair that is missing, where there is one."""
    row = [random.randrange(size) for size in sizes]
    if missing:
        i, a, j, b = random.choice(sorted(missing)) if len(missing) < 200 else next(iter(missing))
        row[i], row[j] = a, b
    return tuple(row)
