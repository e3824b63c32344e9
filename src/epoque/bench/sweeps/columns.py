"""Columns: what a table, a grid of points and the results of a sweep are made of."""

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["Columns"]

Columns = Mapping[str, Sequence[Any]]
"""Equally long columns: name to values."""
