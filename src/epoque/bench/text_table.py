"""Tables of words that a lab makes of a run, for whatever writes them up."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["Cell", "Span", "TextTable"]


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of text in one style.

    Attributes:
        text: plain text, in which no character means anything else.
        style: how it is set.
    """

    text: str
    style: Literal["plain", "emphasis", "strong"] = "plain"


Cell = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class TextTable:
    """A table of words.

    Attributes:
        header: a word for each column, in the reader's language.
        rows: cells, as many a row as the header has words.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
