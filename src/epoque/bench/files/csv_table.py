"""Reading a user's CSV of numbers, and saying in one sentence, with the line, what is wrong.

Tables are read as spreadsheets write them: cells apart by commas, semicolons, tabs, vertical bars
or spaces, decimal points or commas, UTF-8 or UTF-16. `CsvTable.remarks` says how one was read.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import DataError
from ..limits import MAX_CSV_BYTES, MAX_CSV_COLUMNS
from .csv_dialect import SEPARATORS, Dialect, Row, read_rows
from .csv_numbers import PLAIN, POINT_IS_DECIMAL, Numerals, NumeralsError, cause
from .input_files import read_regular

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["CsvTable", "read_csv"]


@dataclass(frozen=True)
class CsvTable:
    """A header and the rows below it, still text.

    Attributes:
        path: where it was read.
        header: the columns' names, at least one.
        rows: every row that is not blank, with its line number, as typed.
        dialect: how it is written.
        header_line: the line of the header.
        trimmed: whether unnamed columns at its end, empty in each row, were left out.
    """

    path: Path
    header: tuple[str, ...]
    rows: tuple[Row, ...]
    dialect: Dialect
    header_line: int = 1
    trimmed: bool = False

    @cached_property
    def numerals(self) -> Numerals:
        """How its numbers are written.

        Raises:
            DataError: if two cells contradict each other, or one may mean two numbers.
        """
        if self._is_plain and self.dialect.separator in POINT_IS_DECIMAL:
            return Numerals()
        try:
            cells = ((line, cell) for line, row in self.rows for cell in row)
            return Numerals.of(cells, self.dialect.separator)
        except NumeralsError as error:
            raise self.wrong(error.line, error.reason) from None

    @cached_property
    def _is_plain(self) -> bool:
        plain = PLAIN.fullmatch
        return all(map(plain, chain.from_iterable(row for _, row in self.rows)))

    def remarks(self) -> Iterator[str]:
        """Yield how it was read where that is not plain, and which names occur twice."""
        remarks = [*self.dialect.remarks, *self.numerals.remarks]
        remarks += ["without the empty columns at its end"] if self.trimmed else []
        if remarks:
            yield f"{self.path} is read as: {', '.join(remarks)}."
        for name in (name for name, count in Counter(self.header).items() if count > 1):
            yield f"{self.path} has more than one column {name!r}."

    @property
    def counts_rows(self) -> bool:
        """Whether its first column only counts the rows, from 0 or 1."""
        return len(self.rows) > 2 and _counts(row[:1] for _, row in self.rows)

    def values(self) -> "NDArray[np.float64]":
        """Return the numbers, float64 [rows, columns].

        Raises:
            DataError: if a row has too few or too many cells, or one is not a finite number.
        """
        import numpy as np

        for line, row in self.rows:
            self._check_width(line, row)
        if self._is_plain and self.numerals == Numerals():
            values = np.array([list(map(float, row)) for _, row in self.rows], np.float64)
        if not self._is_plain or not np.isfinite(values).all():  # then the cell is named
            values = np.array([self._numbers(line, row) for line, row in self.rows], np.float64)
        return values.reshape(-1, len(self.header))

    def wrong(self, line: int, message: str) -> DataError:
        """Return the error that says what is wrong in one line."""
        return DataError(f"{self.path}, line {line}: {message}")

    def _check_width(self, line: int, row: Sequence[str]) -> None:
        if len(row) != len(self.header):
            count = f"{len(row)} value{'s' * (len(row) > 1)}"
            counts = f"{count}; the header has {len(self.header)}"
            raise self.wrong(line, f"{counts}{self._why_width(row)}.")

    def _why_width(self, row: Sequence[str]) -> str:
        """Return why a row has another number of cells than the header, where that shows."""
        if len(row) == 1 and (mark := self._other_separator(row[0], len(self.header))):
            header = SEPARATORS[self.dialect.separator]
            return f": the header has {header} between its names, this line {mark}"
        if len(self.header) == 1:
            return f", {self.header[0][:40]!r} (line {self.header_line})"
        width = len(self.header) + 1
        if len(row) == width and _counts(r[:1] for _, r in self.rows):
            return "; its first value counts the rows: leave such an index out"
        if all(len(r) == width and not _is_number(r[0]) for _, r in self.rows):
            return "; its first value may be the row's name: leave such names out"
        if self.dialect.separator == "," and len(row) > len(self.header):
            return "; decimal commas need quotes, or another separator than commas"
        return ""

    def _other_separator(self, text: str, width: int) -> str:
        marks = (m for m in SEPARATORS if m != self.dialect.separator)
        return next((SEPARATORS[m] for m in marks if len(text.split(m)) == width), "")

    def _numbers(self, line: int, row: Sequence[str]) -> list[float]:
        numbers = [self.numerals.number(cell) for cell in row]
        if None in numbers:
            raise self.wrong(line, self._not_a_number(row[numbers.index(None)]))
        return [number for number in numbers if number is not None]

    def _not_a_number(self, cell: str) -> str:
        why = cause(cell)
        for mark, name in SEPARATORS.items():
            if not why and mark not in (" ", self.dialect.separator) and mark in cell:
                header = SEPARATORS[self.dialect.separator]
                why = f"a {name} is in it, and the header has {header} between its names"
        return f"{cell[:40]!r} is not a finite number{': ' * bool(why)}{why}."


def read_csv(path: Path) -> CsvTable:
    """Read a header and the rows below it, however a spreadsheet wrote them.

    Blank lines are skipped, and so is a first line such as `sep=;`, which names the separator.

    Args:
        path: a file of at most `MAX_CSV_BYTES` and `MAX_CSV_COLUMNS` columns.

    Raises:
        DataError: if it cannot be read, is empty, or its first line does not name each column.
    """
    dialect, rows = read_rows(path, read_regular(path, MAX_CSV_BYTES))
    if not rows:
        raise DataError(f"{path} is empty; it needs a header and at least two rows.")
    (line, header), body = rows[0], rows[1:]
    width = max((n for n, name in enumerate(header, 1) if name), default=0)
    width = max(width, *(_count_used(row, len(header)) for _, row in body), 1) if body else width
    trimmed = tuple((number, row[:width] + _beyond(row, width)) for number, row in body)
    cut = any(len(row) > width for _, row in rows)
    table = CsvTable(path, tuple(header[:width]), trimmed, dialect, line, cut)
    _check_header(table)
    return table


def _count_used(row: Sequence[str], most: int) -> int:
    """Return how many of a row's first `most` cells there are up to the last that is not empty."""
    return max((place for place, cell in enumerate(row[:most], 1) if cell), default=0)


def _beyond(row: Sequence[str], width: int) -> list[str]:
    """Return the cells beyond a table's width, none if all are empty."""
    return list(row[width:]) if any(row[width:]) else []


def _check_header(table: CsvTable) -> None:
    header, line = table.header, table.header_line
    if len(header) > MAX_CSV_COLUMNS:
        raise table.wrong(line, f"{len(header):,} columns; at most {MAX_CSV_COLUMNS:,} are taken.")
    if len(header) == 1 and (wider := _find_wider(table.rows)):
        message = f"{header[0][:40]!r} is one cell, and line {wider[0]} has {wider[1]}"
        raise table.wrong(line, f"{message}: the first line must name the columns.")
    if all(_is_number(cell) for cell in header):
        raise table.wrong(line, "numbers; the first line must name the columns.")
    first = next((place for place, name in enumerate(header) if _is_unnamed(name)), None)
    if first is not None:
        index = first == 0 and _counts(row[:1] for _, row in table.rows)
        why = "counts the rows: leave such an index out" if index else "needs one"
        raise table.wrong(line, f"column {first + 1} has no name and {why}.")


def _find_wider(rows: Sequence[Row]) -> tuple[int, str] | None:
    """Return the first line below a header of one cell that has more, and how many."""
    for line, row in rows:
        for mark, name in SEPARATORS.items():
            parts = len(row[0].split(mark)) if len(row) == 1 and mark not in (" ", "\x1f") else 1
            if parts > 1 and not _is_number(row[0]):
                return line, f"{parts} ({name})"
    return None


def _is_unnamed(name: str) -> bool:
    return not name or name.startswith("Unnamed: ")  # as pandas reads, and then writes, no name


def _is_number(cell: str) -> bool:
    return any(Numerals(mark).number(cell) is not None for mark in ".,")


def _counts(firsts: Iterable[Sequence[str]]) -> bool:
    """Return whether first cells are 0, 1, 2, … or 1, 2, 3, …"""
    cells = [cell for row in firsts for cell in row]
    return any(cells == [str(n + start) for n in range(len(cells))] for start in (0, 1))
