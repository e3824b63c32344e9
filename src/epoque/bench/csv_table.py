"""Reading a user's CSV of numbers, and saying in one sentence, with the line, what is wrong."""

import csv
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import DataError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["MAX_CSV_BYTES", "CsvTable", "read_csv"]

MAX_CSV_BYTES = 50_000_000


@dataclass(frozen=True)
class CsvTable:
    """A header and the rows below it, still text.

    Attributes:
        path: where it was read.
        header: the columns' names, at least one.
        rows: every row that is not blank, with its line number.
    """

    path: Path
    header: tuple[str, ...]
    rows: tuple[tuple[int, list[str]], ...]

    def values(self) -> "NDArray[np.float64]":
        """Return the numbers, float64 [rows, columns].

        Raises:
            DataError: if a row has too few or too many cells, or one is not a finite number.
        """
        import numpy as np

        numbers = [self._numbers(line, row) for line, row in self.rows]
        return np.array(numbers, np.float64).reshape(-1, len(self.header))

    def wrong(self, line: int, told: str) -> DataError:
        """Return the error that says what is wrong in one line."""
        return DataError(f"{self.path}, line {line}: {told}")

    def _numbers(self, line: int, row: list[str]) -> list[float]:
        if len(row) != len(self.header):
            raise self.wrong(line, f"{len(row)} values; the header has {len(self.header)}.")
        for cell in row:
            if not _is_number(cell) or not math.isfinite(float(cell)):
                raise self.wrong(line, f"{cell[:40]!r} is not a finite number.")
        return [float(cell) for cell in row]


def read_csv(path: Path) -> CsvTable:
    """Read a header and the rows below it; `;` may part the cells, as in French.

    Blank lines are skipped, and where `;` parts the cells, a decimal comma is one.

    Args:
        path: a UTF-8 file of at most `MAX_CSV_BYTES`.

    Raises:
        DataError: if it cannot be read, is empty, or its first line names no columns.
    """
    rows = list(_rows(path))
    if not rows:
        raise DataError(f"{path} is empty; it needs a header and at least two rows.")
    header = rows[0][1]
    if all(_is_number(cell) for cell in header):
        raise DataError(f"{path}, line 1: numbers; the first line must name the columns.")
    return CsvTable(path, tuple(header), tuple(rows[1:]))


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not blank, each with its line number."""
    text = _text(path)
    mark = ";" if ";" in text.partition("\n")[0] else ","
    reader = csv.reader(text.splitlines(), delimiter=mark, skipinitialspace=True)
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if any(cells):
                comma = mark == ";" and reader.line_num > 1
                yield reader.line_num, [c.replace(",", ".") if comma else c for c in cells]
    except csv.Error as error:
        raise DataError(f"{path}, line {reader.line_num}: {error}.") from None


def _text(path: Path) -> str:
    try:
        size = path.stat().st_size
        if size > MAX_CSV_BYTES:
            raise DataError(f"{path} has {size:,} bytes; at most {MAX_CSV_BYTES:,} are read.")
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file.") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise DataError(f"{path}, line {line}: it is not UTF-8 text.") from None
    except DataError:
        raise
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DataError(f"{path} cannot be read: {reason}.") from None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text  # Python's float takes 1_000, no spreadsheet does
