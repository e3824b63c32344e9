"""The document model: what a lab book consists of, whatever it is written as.

Inline pieces stand in paragraphs, blocks stand below one another. Everything is frozen; numbers
of chapters, figures, tables and formulas are given once, when the document is parsed.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

__all__ = [
    "Align",
    "Block",
    "ClaimLine",
    "ClaimRow",
    "Claims",
    "Code",
    "CodeBlock",
    "Display",
    "Document",
    "Emphasis",
    "Figure",
    "Heading",
    "Inline",
    "Items",
    "LineBreak",
    "Link",
    "Math",
    "Paragraph",
    "Picture",
    "Quote",
    "Reference",
    "Rule",
    "Strong",
    "Table",
    "Target",
    "Text",
    "Theme",
    "Verdict",
    "plain",
]

Theme = Literal["light", "dark"]
Verdict = Literal["holds", "partly", "fails", "unmeasured"]
Align = Literal["left", "center", "right"]


@dataclass(frozen=True, slots=True)
class Text:
    """Plain text: no character of it means anything to a writer."""

    text: str


@dataclass(frozen=True, slots=True)
class Emphasis:
    """Emphasised text."""

    children: "tuple[Inline, ...]"


@dataclass(frozen=True, slots=True)
class Strong:
    """Strongly emphasised text."""

    children: "tuple[Inline, ...]"


@dataclass(frozen=True, slots=True)
class Code:
    """A piece of code or a command, in the line."""

    text: str


@dataclass(frozen=True, slots=True)
class Math:
    """A formula in the line, as LaTeX without dollars."""

    latex: str


@dataclass(frozen=True, slots=True)
class Link:
    """A link to another place."""

    url: str
    children: "tuple[Inline, ...]"


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference to a labelled block of this document ("figure 3")."""

    label: str


@dataclass(frozen=True, slots=True)
class LineBreak:
    """A forced new line."""


Inline = Text | Emphasis | Strong | Code | Math | Link | Reference | LineBreak
Inlines = tuple[Inline, ...]


class Picture(Protocol):
    """An image in both themes.

    Attributes:
        name: a file stem, unique in the document.
        kind: the file suffix, "svg", "png", "jpg" or "webp".
    """

    @property
    def name(self) -> str:
        """A file stem, unique in the document."""

    @property
    def kind(self) -> str:
        """The file suffix: svg, png, jpg or webp."""

    def data(self, theme: Theme) -> bytes:
        """Return the image file's content."""


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; level 1 is a chapter and has a number."""

    level: int
    children: Inlines
    label: str
    number: str = ""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph."""

    children: Inlines


@dataclass(frozen=True, slots=True)
class Items:
    """A list of items, each a sequence of blocks; `start` is its first number if it is numbered."""

    items: "tuple[tuple[Block, ...], ...]"
    start: int | None = None


@dataclass(frozen=True, slots=True)
class Quote:
    """A quotation."""

    blocks: "tuple[Block, ...]"


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """Lines of code or commands."""

    text: str


@dataclass(frozen=True, slots=True)
class Display:
    """A formula on its own line, numbered if it has a label."""

    latex: str
    label: str = ""
    number: int = 0


@dataclass(frozen=True, slots=True)
class Figure:
    """A numbered figure with a caption, and the text that stands for it where it is not seen."""

    picture: Picture
    caption: Inlines
    alt: str
    label: str
    number: int = 0


@dataclass(frozen=True, slots=True)
class Table:
    """A table, numbered if it has a caption."""

    header: tuple[Inlines, ...]
    rows: tuple[tuple[Inlines, ...], ...]
    align: tuple[Align, ...]
    caption: Inlines = ()
    label: str = ""
    number: int = 0


@dataclass(frozen=True, slots=True)
class ClaimLine:
    """One quantity of a claim: what was reported and what was measured, ready to print."""

    quantity: Inlines
    reported: str
    measured: str
    seeds: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """A claim with its verdict, the runs that show it and the commands that repeat them."""

    id: str
    statement: Inlines
    lines: tuple[ClaimLine, ...]
    verdict: Verdict
    runs: tuple[str, ...]
    commands: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Claims:
    """The table of claims."""

    rows: tuple[ClaimRow, ...]
    caption: Inlines
    label: str
    number: int = 0


@dataclass(frozen=True, slots=True)
class Rule:
    """A horizontal line between parts."""


Block = Heading | Paragraph | Items | Quote | CodeBlock | Display | Figure | Table | Claims | Rule


@dataclass(frozen=True, slots=True)
class Target:
    """What a label stands for: "figure", "table", "formula" or "chapter", and its number."""

    kind: str
    number: str


@dataclass(frozen=True, slots=True)
class Document:
    """A whole book.

    Attributes:
        title: on the title page.
        subtitle: below it.
        author: who wrote it, or "".
        date: ISO 8601 date of the newest run it reads, or "": the same runs, the same bytes.
        language: "en" or "fr".
        blocks: the content.
        targets: label to what it stands for.
    """

    title: str
    subtitle: str
    author: str
    date: str
    language: str
    blocks: tuple[Block, ...]
    targets: Mapping[str, Target] = field(default_factory=dict)

    def headings(self) -> Iterator[Heading]:
        """Yield the chapters and sections, for the table of contents."""
        return (b for b in self.blocks if isinstance(b, Heading) and b.level <= 2)

    def figures(self) -> Iterator[Figure]:
        """Yield the figures in their order, also those inside lists and quotations."""
        return _figures(self.blocks)


def _figures(blocks: Iterable[Block]) -> Iterator[Figure]:
    for block in blocks:
        match block:
            case Figure():
                yield block
            case Quote(inner):
                yield from _figures(inner)
            case Items(items):
                for item in items:
                    yield from _figures(item)


def plain(inlines: Inlines) -> str:
    """Return the bare words of inline pieces."""
    return "".join(_plain(piece) for piece in inlines)


def _plain(piece: Inline) -> str:
    match piece:
        case Text(text) | Code(text):
            return text
        case Math(latex):
            return latex
        case Reference(label):
            return label
        case LineBreak():
            return " "
        case Emphasis(children) | Strong(children) | Link(_, children):
            return plain(children)
