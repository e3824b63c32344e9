"""Telling trackers of each point of a sweep or search; only who holds the study does."""

from collections.abc import Sequence

from ..files.parquet_table import decode_table
from ..runs.status import State
from ..sinks import Point, StudySinkFactory
from .study import Study
from .table_blocks import TableBlock

__all__ = ["StudyLog"]

_NOT_MEASURED = ("state", "reason", "host", "trial")
"""Columns of a table that are neither settings nor results."""


class StudyLog:
    """The sinks of one study."""

    def __init__(self, study: Study, sinks: Sequence[StudySinkFactory] = ()) -> None:
        """Open them.

        Args:
            study: the sweep or search.
            sinks: what makes them.

        Raises:
            RunError: if one cannot be reached.
        """
        self._fields = [*study.axes_text]
        self._sinks = [make(study) for make in sinks]

    def log(self, first: int, block: TableBlock) -> None:
        """Tell of the points of a block.

        Args:
            first: the number of its first row in the table.
            block: what was measured.
        """
        if not self._sinks:
            return
        columns = decode_table(block.parquet)
        for index in range(block.rows):
            row = {name: values[index] for name, values in columns.items()}
            names = [n for n in row if n not in _NOT_MEASURED and n not in self._fields]
            point = Point(
                first + index,
                {name: row[name] for name in self._fields if name in row},
                {name: row[name] for name in names if row[name] is not None},
                row.get("state", "finished"),
                row.get("reason") or "",
            )
            for sink in self._sinks:
                sink.log_point(point)

    def close(self, state: State, reason: str = "") -> None:
        """Tell how the study ended."""
        while self._sinks:
            self._sinks.pop().close(state, reason)
