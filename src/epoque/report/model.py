"""The document model: what a lab book consists of, whatever it is written as.

Inline pieces stand in paragraphs, blocks stand below one another. Everything is frozen; numbers
of chapters, figures, tables and formulas are given once, when the document is parsed.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from .drawn_figures import DrawnFigure
    from .film_pictures import DrawnFilm

__all__ = [
    "Align",
    "Bibliography",
    "Block",
    "ClaimLine",
    "ClaimRow",
    "Claims",
    "Code",
    "CodeBlock",
    "Display",
    "Document",
    "Emphasis",
    "Entry",
    "Figure",
    "Heading",
    "Inline",
    "Items",
    "LineBreak",
    "Link",
    "Math",
    "Paragraph",
    "Picture",
    "Place",
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
CONTENTS_DEPTH = 3
"""Levels of headings in the table of contents."""


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
    """A reference to something labelled in this document: "figure 3", "Wilson 1927"."""

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

    def render(self) -> "DrawnFigure | None":
        """Return it as drawn, in both themes; None of an image file and of a film."""

    def film(self) -> "DrawnFilm | None":
        """Return what moves, whose `data` are stills; None of anything else."""

    def describe(self) -> str:
        """Return what it shows, in words; "" where only its author knows."""


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
    """A numbered figure with a caption, and the text that stands for it where it is not seen.

    Attributes:
        picture: what is shown.
        caption: under it.
        alt: the author's words for it; what is drawn from data says of itself what it shows.
        label: of the block.
        number: in the book.
        commands: that repeat what it shows.
    """

    picture: Picture
    caption: Inlines
    alt: str
    label: str
    number: int = 0
    commands: tuple[str, ...] = ()

    def describe(self) -> str:
        """Return the text that stands for it: the author's, and what it says of itself."""
        return " ".join(filter(None, (self.alt, self.picture.describe()))) or plain(self.caption)


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
class Place:
    """Where a reported number lies beside what was measured, for a picture of both.

    Attributes:
        measured: the median, or a share, and the ends of its interval.
        reported: the least and the greatest number that the reported one may stand for.
    """

    measured: tuple[float, float, float]
    reported: tuple[float, float]


@dataclass(frozen=True, slots=True)
class ClaimLine:
    """One quantity of a claim: what was reported and what was measured, ready to print."""

    quantity: Inlines
    reported: str
    measured: str
    seeds: str
    verdict: Verdict
    place: Place | None = None


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
    """The table of claims, folded where a reader can open them."""

    rows: tuple[ClaimRow, ...]
    caption: Inlines
    label: str
    number: int = 0
    folded: bool = True


@dataclass(frozen=True, slots=True)
class Rule:
    """A horizontal line between parts."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A work in the list of references."""

    label: str
    children: Inlines


@dataclass(frozen=True, slots=True)
class Bibliography:
    """The works that are cited, in the order of their list."""

    entries: tuple[Entry, ...]


Block = (
    Heading
    | Paragraph
    | Items
    | Quote
    | CodeBlock
    | Display
    | Figure
    | Table
    | Claims
    | Rule
    | Bibliography
)


@dataclass(frozen=True, slots=True)
class Target:
    """What a label stands for, and how it is told.

    Attributes:
        kind: "figure", "table", "formula", "chapter", "section" or "work".
        number: its number; of a section its title, of a work its authors and year.
    """

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
        provenance: what the book states of itself; None of a book that does not.
        is_book: whether it has contents and lists of what is in it; a page of its own has none.
        targets: label to what it stands for.
    """

    title: str
    subtitle: str
    author: str
    date: str
    language: str
    blocks: tuple[Block, ...]
    targets: Mapping[str, Target] = field(default_factory=dict)
    provenance: Table | None = None
    is_book: bool = True

    def headings(self) -> Iterator[Heading]:
        """Yield the chapters, sections and subsections, for the table of contents."""
        return (b for b in self.blocks if isinstance(b, Heading) and b.level <= CONTENTS_DEPTH)

    def figures(self) -> Iterator[Figure]:
        """Yield the figures in their order, also those inside lists and quotations."""
        return (block for block in _all_blocks(self.blocks) if isinstance(block, Figure))

    def tables(self) -> Iterator[Table | Claims]:
        """Yield the numbered tables in their order, those of claims among them."""
        return (
            block
            for block in _all_blocks(self.blocks)
            if isinstance(block, Table | Claims) and block.number
        )

    def claims(self) -> list[ClaimRow]:
        """Return the claims with what was measured for them in their order, each once."""
        tables = (block for block in _all_blocks(self.blocks) if isinstance(block, Claims))
        return list({row.id: row for table in tables for row in table.rows}.values())


def _all_blocks(blocks: Iterable[Block]) -> Iterator[Block]:
    """Yield blocks and those inside of lists and quotations."""
    for block in blocks:
        yield block
        match block:
            case Quote(inner):
                yield from _all_blocks(inner)
            case Items(items):
                for item in items:
                    yield from _all_blocks(item)


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
