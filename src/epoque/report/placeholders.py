"""What a template fills in: objects that travel through Markdown as opaque marks.

`{{ value(run, "final_error") }}` must not be read as Markdown again (a value may hold `*` or `_`),
and a figure is no text at all. So each is kept here, and Markdown only sees a number between two
private-use characters, which the parser turns back into the object.
"""

import re
from dataclasses import dataclass

from epoque.bench.errors import UsageError

from .model import Block, Inline, Inlines, Text, plain

__all__ = ["Placeholder", "Placeholders", "clean", "remove_marks"]

OPEN, CLOSE = "\ue000", "\ue001"
MARK = re.compile(f"{OPEN}(\\d+){CLOSE}")
CONTROL = "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
LINE_ENDS = "[\t\n\r\x0b\x0c\x1c-\x1f\x85\u2028\u2029]+"

ALONE = "A figure or table must stand in a paragraph of its own."

Content = Inlines | Block


def remove_marks(text: str) -> str:
    """Return text in which nothing can be taken for a mark, and that every format can hold."""
    return re.sub(f"[{OPEN}{CLOSE}]|{CONTROL}", "\ufffd", text)


def clean(text: str) -> str:
    """Return text for the line: no line ends, nothing that HTML or PDF cannot hold."""
    return re.sub(CONTROL, "\ufffd", re.sub(LINE_ENDS, " ", text))


@dataclass(frozen=True, slots=True)
class Placeholder:
    """Something a template prints.

    Attributes:
        number: the number behind it, for conditions in the template; None if it is no number.
        mark: what stands for it in the Markdown.
    """

    number: float | None
    mark: str

    def __str__(self) -> str:
        return self.mark


class Placeholders:
    """The objects of one document."""

    def __init__(self) -> None:
        self._contents: list[Content] = []

    def add(self, content: Content, number: float | None = None) -> Placeholder:
        """Keep a block or inline pieces; return what the template prints for it."""
        self._contents.append(content)
        return Placeholder(number, f"{OPEN}{len(self._contents) - 1}{CLOSE}")

    def add_text(self, text: str, number: float | None = None) -> Placeholder:
        """Keep plain text, in which nothing is Markdown; marks inside it stay marks."""
        return self.add(self.split(clean(text)), number)

    def split(self, text: str) -> Inlines:
        """Return the pieces of a text that holds marks.

        Raises:
            UsageError: if one of them stands for a block.
        """
        pieces: list[Inline] = []
        for index, part in enumerate(MARK.split(text)):
            if index % 2:
                content = self._contents[int(part)]
                if not isinstance(content, tuple):
                    raise UsageError(ALONE)
                pieces += content
            elif part:
                pieces.append(Text(part))
        return tuple(pieces)

    def blocks(self, text: str) -> tuple[Block, ...] | None:
        """Return the blocks of a text that consists of nothing but their marks, else None."""
        contents = [self._contents[int(number)] for number in MARK.findall(text)]
        if not contents or MARK.sub("", text).strip():
            return None
        blocks = tuple(c for c in contents if not isinstance(c, tuple))
        return blocks if len(blocks) == len(contents) else None

    def words(self, text: str) -> str:
        """Return a text with the bare words in place of its marks, for code and formulas."""
        return plain(self.split(text))
