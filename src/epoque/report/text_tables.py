"""Tables of words: those that labs make, as blocks of a document, and where their columns stand."""

from collections.abc import Iterable

from epoque.bench.text_table import Cell, Span, TextTable

from .model import Align, Emphasis, Inline, Inlines, Strong, Table, Text, plain
from .placeholders import clean

__all__ = ["choose_side", "to_table"]

SENTENCE = 30
"""Letters from which a cell holds words and not a number."""


def choose_side(cells: Iterable[Inlines]) -> Align:
    """Return where a column stands: to the right, as numbers do, unless a cell holds a sentence."""
    return "left" if any(len(plain(cell)) > SENTENCE for cell in cells) else "right"


def to_table(words: TextTable, rows: int, caption: Inlines, label: str) -> Table:
    """Return a lab's table as a block.

    Args:
        words: the table.
        rows: how many of its rows are taken, at most.
        caption: of the block.
        label: of the block.
    """
    header = tuple((Text(word),) for word in words.header)
    left: Align = "left"
    cells = tuple(tuple(map(_cell, row)) for row in words.rows[:rows])
    return Table(header, cells, (left,) * len(header), caption, label)


def _cell(cell: Cell) -> Inlines:
    return tuple(map(_inline, cell))


def _inline(span: Span) -> Inline:
    text = Text(clean(span.text))
    match span.style:
        case "strong":
            return Strong((text,))
        case "emphasis":
            return Emphasis((text,))
        case _:
            return text
