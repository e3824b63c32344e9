"""Some rows of a study's table, as a job returns them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..files.parquet_table import encode_rows
from .columns import Columns

__all__ = ["TableBlock", "block_of_rows"]


@dataclass(frozen=True, slots=True)
class TableBlock:
    """A table as Parquet, and what a driver asks of it without reading it.

    Attributes:
        parquet: the bytes of its file.
        rows: how many it has.
        failed: how many of them tell of a run that failed.
        reason: why the first of these did; "" if none did.
    """

    parquet: bytes = field(repr=False)
    rows: int
    failed: int = 0
    reason: str = ""


def block_of_rows(rows: Sequence[Mapping[str, Any]]) -> TableBlock:
    """Return a block of rows with the columns `state` and `reason`.

    Args:
        rows: column to value; one that a row lacks is empty in it.
    """
    reasons = [str(row["reason"]) for row in rows if row["state"] == "failed"]
    names = dict.fromkeys(name for row in rows for name in row)
    columns: Columns = {name: [row.get(name) for row in rows] for name in names}
    return TableBlock(encode_rows(columns), len(rows), len(reasons), next(iter(reasons), ""))
