"""From the bytes of a table to its cells: the encoding, the line ends and the separator."""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import DataError
from .input_files import describe_kind

if TYPE_CHECKING:
    import _csv

__all__ = ["SEPARATORS", "Dialect", "Row", "decode", "read_rows"]

Row = tuple[int, list[str]]
"""The line where a row begins, and its cells without the spaces around them."""

SEPARATORS = {
    "\t": "tab",
    ";": "semicolon",
    "|": "vertical bar",
    ",": "comma",
    " ": "spaces",
    "\x1f": "none",
}
"""What may part cells, in the order in which they are believed."""

_ONE_COLUMN = "\x1f"
_MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
    (codecs.BOM_UTF8, "UTF-8-SIG"),
)
_SAMPLE = 200  # lines that are looked at
_EMPTY = re.compile(r'[\t;|, "\n]*')
_NAMED_SEPARATOR = re.compile(r'"?sep=([\t;|, ])"?', re.IGNORECASE)


@dataclass(frozen=True)
class Dialect:
    """How a table is written.

    Attributes:
        encoding: `UTF-8`, or what the mark at its begin says.
        separator: a key of `SEPARATORS`; a space stands for any number of them.
    """

    encoding: str
    separator: str

    @property
    def remarks(self) -> list[str]:
        """What differs from UTF-8 with commas, in words."""
        remarks = [] if self.encoding.startswith("UTF-8") else [self.encoding]
        comma = self.separator in (",", _ONE_COLUMN)
        return remarks if comma else [*remarks, f"separator {SEPARATORS[self.separator]}"]


def decode(path: Path, data: bytes) -> tuple[str, str]:
    """Return a file's text, and the name of its encoding.

    Raises:
        DataError: if it is a workbook or an archive, or neither UTF-8 nor UTF-16 or UTF-32 with a
            mark (BOM) at its begin.
    """
    if kind := describe_kind(data):
        raise DataError(f"{path} is no table of text but {kind}. Save it as CSV (UTF-8).")
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), "UTF-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        where = f", line {_line(data[: error.start])}" if encoding.startswith("UTF-8") else ""
        name = encoding[:6].rstrip("-")
        remedy = " Save it as UTF-8 (a spreadsheet's CSV UTF-8)." if name == "UTF-8" else ""
        raise DataError(f"{path}{where}: it is not {name} text.{remedy}") from None
    if "\0" in text:
        where = f"{path}, line {_line(text.partition(chr(0))[0].encode())}"
        reason = "a NUL character; it is no text, or UTF-16 without a mark (BOM): save it as UTF-8."
        raise DataError(f"{where}: {reason}")
    return text, encoding


def read_rows(path: Path, data: bytes) -> tuple[Dialect, list[Row]]:
    """Return how a table is written, and its rows that are not blank.

    Raises:
        DataError: if it is no text, or a quote or a cell does not end.
    """
    text, encoding = decode(path, data)
    lines = io.StringIO(text, newline=None).readlines()  # \r, \n and \r\n end a line
    lines = ["\n" if _EMPTY.fullmatch(line) else line for line in lines]
    first = next((number for number, line in enumerate(lines) if line.strip()), 0)
    match = _NAMED_SEPARATOR.fullmatch(lines[first].strip(" \n")) if lines else None
    skipped = first + 1 if match else 0
    separator = match[1] if match else _separator(lines[first : first + _SAMPLE])
    rows = list(_rows(path, lines[skipped:], skipped, separator))
    return Dialect(encoding, separator), rows


def _rows(path: Path, lines: list[str], skipped: int, separator: str) -> Iterator[Row]:
    begin = skipped
    reader = _reader(lines, separator)
    try:
        for row in reader:
            line, begin = begin + 1, skipped + reader.line_num
            cells = [cell.strip() for cell in row]
            if any(cells):
                yield line, cells
    except csv.Error as error:
        reason = "a quote is opened and never closed" if "unexpected end" in str(error) else error
        raise DataError(f"{path}, line {begin + 1}: {reason}.") from None


def _reader(lines: list[str], separator: str) -> "_csv.Reader":
    if separator != " ":
        return csv.reader(lines, delimiter=separator, skipinitialspace=True, strict=True)
    single = (re.sub(" +", " ", line.strip(" ")) for line in lines)
    return csv.reader(single, delimiter=" ", strict=True)


def _separator(lines: list[str]) -> str:
    """Return what parts the cells: what gives most rows as many cells as the header."""
    best, agreed = _ONE_COLUMN, -1.0
    for mark in SEPARATORS:
        if mark == _ONE_COLUMN or (mark == " " and best != _ONE_COLUMN):
            continue
        widths = [_width(row) for row in islice(_quiet(lines, mark), _SAMPLE)]
        share = _agreement(widths) if widths else 0.0
        if widths and widths[0] > 1 and share > agreed and (mark != " " or share > 0):
            best, agreed = mark, share
    return best


def _agreement(widths: list[int]) -> float:
    """Return how many rows are as wide as the header; half as much counts one with an index."""
    if len(widths) == 1:
        return 0.0
    counts = [1.0 if w == widths[0] else 0.5 * (w == widths[0] + 1) for w in widths[1:]]
    return sum(counts) / len(counts)


def _quiet(lines: list[str], mark: str) -> Iterator[list[str]]:
    """Yield the rows as long as they can be read."""
    try:
        yield from (row for row in _reader(lines, mark) if any(cell.strip() for cell in row))
    except csv.Error:
        return


def _width(row: list[str]) -> int:
    """Return the number of cells, without empty ones at the end."""
    return max((place for place, cell in enumerate(row, 1) if cell.strip()), default=0)


def _line(data: bytes) -> int:
    """Return the line that follows some bytes, counted from 1."""
    return len(re.findall(rb"\r\n|\r|\n", data)) + 1
