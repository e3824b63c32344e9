"""How a table writes its numbers: the decimal mark, and the mark between thousands.

`1.234` may be a little more than one, or a thousand and more, and so may `1,234`: a mark is taken
for what it surely is in some other cell, and a table that leaves it open is refused.
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

__all__ = ["PLAIN", "POINT_IS_DECIMAL", "Numerals", "NumeralsError", "cause"]

PLAIN = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
"""A number with a decimal point, or none; float() also takes `1_000`, `nan` and Arabic digits."""

_SPACES, _APOSTROPHES = " \u00a0\u2009\u202f", "'\u2019"
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+([.,])[0-9]*|([.,])[0-9]+)(?:[eE][+-]?[0-9]+)?")
_GROUPED = re.compile(  # by three, or as in India: 12,34,567.0
    rf"[+-]?(?:[0-9]{{1,3}}([.,{_SPACES}{_APOSTROPHES}])[0-9]{{3}}(?:\1[0-9]{{3}})*"
    r"|[0-9]{1,2}(?:,[0-9]{2})+,[0-9]{3})(?:([.,])[0-9]+)?"
)
_PLACES = r"[+-]?[0-9]+(?:[.,][0-9]+)?"
_MONTH = r"(?:jan|feb|f[eé]v|mar|m[aä]r|apr|avr|ma[iy]|ju[nil]|aug|ao[uû]|sep|o[ck]t|nov|d[eé][cz])"
POINT_IS_DECIMAL = (",", " ", "|", "\x1f")
"""Separators beside which a point is a decimal mark; beside `;` and tabs it may part thousands."""
_DOUBTFUL = re.compile(r"[+-]?[1-9][0-9]{0,2}([.,])[0-9]{3}")
_NAMES = {".": "point", ",": "comma", " ": "space", "'": "apostrophe"}
_YES_NO = r"(?i)true|false|wahr|falsch|vrai|faux|verdadero|falso|vero|yes|no|ja|nein|oui|non"
_CAUSES = (
    (re.compile(r"[\u2212\u2013\u2010\u2011].*"), "its minus is no hyphen (-) but another dash"),
    (
        re.compile(r"|(?i:n/?a|nan|null|none|n\.?a\.?|\?|-)"),
        "a missing value; fill it in or leave the row out",
    ),
    (re.compile(r"#.*"), "an error of the spreadsheet"),
    (re.compile(r"=.*"), "a formula, or text made by one; save the values"),
    (re.compile(rf"\({_PLACES}\)|{_PLACES}[-−]"), "a negative number has its minus in front"),
    (re.compile(r".*%"), "percentages are not read; write a share such as 0.5"),
    (re.compile(r"[^0-9]*[$€£¥].*|.*[$€£¥]\s*"), "it has a currency's sign"),
    (re.compile(r"\d{1,4}([-/.])\d{1,2}\1\d{1,4}([ T].*)?"), "dates are not read"),
    (re.compile(r"\d{1,2}:\d{2}(:\d{2})?"), "times are not read"),
    (re.compile(r"[+-]?[\d_]*_[\d_.]*"), "a number has no underscores"),
    (re.compile(rf"(?i)\d{{1,2}}\.?[- ]?{_MONTH}.*|{_MONTH}[.-]? ?\d+"), "dates are not read"),
    (re.compile(_YES_NO), "write 1 and 0"),
    (
        re.compile(rf"{_PLACES}\s*(?!e)[^\W\d_]{{1,4}}[²³]?(/.*)?"),
        "a unit goes into the column's name",
    ),
)


class NumeralsError(ValueError):
    """A cell that cannot be read beside the others, and why.

    Attributes:
        line: where the cell stands.
        reason: the cell as typed, and the cause.
    """

    def __init__(self, line: int, reason: str) -> None:
        self.line, self.reason = line, reason
        super().__init__(reason)


@dataclass(frozen=True)
class Numerals:
    """How numbers are written in one table.

    Attributes:
        decimal: the decimal mark, `.` or `,`.
        thousands: what parts groups of three digits: `.`, `,`, a space, an apostrophe, or "".
    """

    decimal: str = "."
    thousands: str = ""

    @classmethod
    def of(cls, cells: Iterable[tuple[int, str]], separator: str) -> "Numerals":
        """Return what all cells of a table have in common.

        Args:
            cells: each with its line; what is no number in any writing is passed over.
            separator: between cells; spreadsheets write `;` where the decimal mark is a comma.

        Raises:
            NumeralsError: if two cells contradict each other, or one may mean two numbers.
        """
        marks = _Marks()
        for line, cell in cells:
            marks.see(line, cell)
        return marks.to_numerals(separator)

    @property
    def remarks(self) -> list[str]:
        """What differs from the plain decimal point, in words."""
        remarks = ["decimal comma"] if self.decimal == "," else []
        return [*remarks, f"thousands {_NAMES[self.thousands]}"] if self.thousands else remarks

    def number(self, cell: str) -> float | None:
        """Return the number of a cell, or None if it is no finite one."""
        grouped = _GROUPED.fullmatch(cell) if self.thousands else None
        if grouped and _alike(grouped[1] or ",") == self.thousands:
            cell = cell.replace(grouped[1] or ",", "")
        if self.decimal == ",":
            cell = cell.replace(".", "no number").replace(",", ".")
        if PLAIN.fullmatch(cell) is None:
            return None
        number = float(cell)
        return number if math.isfinite(number) else None


@dataclass
class _Marks:
    """Which marks were seen as what, each with the first line and cell that has it."""

    decimals: dict[str, tuple[int, str]] = field(default_factory=dict)
    groups: dict[str, tuple[int, str]] = field(default_factory=dict)
    doubtful: dict[str, tuple[int, str]] = field(default_factory=dict)

    def see(self, line: int, cell: str) -> None:
        """Note what one cell says."""
        if match := _DOUBTFUL.fullmatch(cell):
            self.doubtful.setdefault(match[1], (line, cell))
        elif match := _DECIMAL.fullmatch(cell):
            self.decimals.setdefault(match[1] or match[2], (line, cell))
        elif (match := _GROUPED.fullmatch(cell)) and (match[1] or ",") != match[2]:
            self.groups.setdefault(_alike(match[1] or ","), (line, cell))
            if match[2]:
                self.decimals.setdefault(match[2], (line, cell))

    def to_numerals(self, separator: str) -> Numerals:
        """Return what the marks mean, once all cells were seen."""
        for kind in (self.decimals, self.groups):
            if len(kind) > 1:
                raise _contradiction(*sorted(kind.values()))
        decimal, group = next(iter(self.decimals), ""), next(iter(self.groups), "")
        if decimal and decimal == group:
            raise _contradiction(*sorted((self.decimals[decimal], self.groups[group])))
        if not decimal:
            decimal = {".": ",", ",": "."}.get(group) or self._usual(separator)
        for mark, (line, cell) in self.doubtful.items():
            if mark not in (decimal, group):
                raise NumeralsError(line, _two_meanings(cell))
        return Numerals(decimal, group)

    def _usual(self, separator: str) -> str:
        """Return the decimal mark where only doubtful cells have one."""
        if "," not in self.doubtful:
            if "." in self.doubtful and separator not in POINT_IS_DECIMAL:
                line, cell = self.doubtful["."]
                raise NumeralsError(line, _two_meanings(cell))
            return "."
        if "." not in self.doubtful and separator == ";":
            return ","
        line, cell = self.doubtful[","]
        raise NumeralsError(line, _two_meanings(cell))


def cause(cell: str) -> str:
    """Return why a cell is no number, where that can be told, else ""."""
    return next((reason for pattern, reason in _CAUSES if pattern.fullmatch(cell)), "")


def _alike(mark: str) -> str:
    """Return one mark for all spaces, and one for all apostrophes."""
    return " " if mark in _SPACES else "'" if mark in _APOSTROPHES else mark


def _contradiction(first: tuple[int, str], second: tuple[int, str]) -> NumeralsError:
    reason = f"{second[1]!r} and {first[1]!r} (line {first[0]}) have different decimal marks"
    return NumeralsError(second[0], f"{reason}; a table has one.")


def _two_meanings(cell: str) -> str:
    whole, part = re.split("[.,]", cell)
    both = f"{whole}.{part} or {whole}{part}"
    remedy = f"write {whole}.{part}0 or {whole}{part}"
    return f"{cell!r} may mean {both}, and no other cell tells; {remedy}."
