"""PDF, set by Typst with the fonts of its own package.

Every piece of text goes to Typst as a string literal in code (`#"…"`), where only `"` and the
backslash mean anything: no text can be taken for markup.
"""

import datetime
import hashlib
import tempfile
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

from epoque.bench.errors import MissingExtraError, UsageError
from epoque.bench.figures.font_subset import find_fonts
from epoque.bench.files.atomic import explain_write_errors, write_atomic
from epoque.bench.files.cache import cache_key, keep_bytes
from epoque.bench.system.panics import explain_panics
from epoque.report.maths import latex_to_typst
from epoque.report.model import (
    CONTENTS_DEPTH,
    Bibliography,
    Block,
    ClaimRow,
    Claims,
    Code,
    CodeBlock,
    Display,
    Document,
    Emphasis,
    Figure,
    Heading,
    Inline,
    Inlines,
    Items,
    LineBreak,
    Link,
    Math,
    Paragraph,
    Quote,
    Reference,
    Rule,
    Strong,
    Table,
    Text,
    plain,
)
from epoque.report.words import Words, short_caption

__all__ = ["to_typst", "write"]

FONTS = "fonts"
"""The folder of the drawings' own fonts, beside the sources."""

FLAT = 0.8
"""The height of a figure, in its widths, below which it may stand beside another."""
WORDS, TEXT = 30, 80
"""Letters from which a cell holds several words, and from which a whole text."""


def write(document: Document, path: Path) -> None:
    """Write a document as PDF; the same document always gives the same bytes.

    What Typst made of it before is kept in the cache folder, and taken from there.

    Raises:
        MissingExtraError: if Typst is not installed.
        RunWriteError: if the system refuses.
    """
    if not _has_typst():
        raise MissingExtraError("Writing PDF", "pdf")
    sources = _sources(document)
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in sources.items()}
    key = cache_key(typst=version("typst"), date=document.date, sources=digests)
    data = keep_bytes("pdf", key, lambda: _compile(sources, _timestamp(document), path))
    write_atomic(path, data)


def _has_typst() -> bool:
    try:
        import typst  # noqa: F401
    except ImportError:
        return False
    return True


def _sources(document: Document) -> dict[str, bytes]:
    """Return everything that Typst reads: name to content."""
    style = (files("epoque.report.writers") / "style.typ").read_bytes()
    sources = {"style.typ": style, "book.typ": to_typst(document).encode()}
    families: set[str] = set()
    for figure in document.figures():
        picture = figure.picture
        sources[f"{figure.label}.{picture.kind}"] = picture.data("light")
        if drawn := picture.render():
            families.add(drawn.svg.first_family)
    for family in sorted(filter(None, families)):
        for font in find_fonts(family):
            sources[f"{FONTS}/{font.name}"] = font.read_bytes()
    return sources


def _compile(sources: Mapping[str, bytes], timestamp: datetime.datetime, path: Path) -> bytes:
    """Let Typst set a book.

    Args:
        sources: what it reads.
        timestamp: the document's.
        path: what is written in the end, for errors.
    """
    import typst

    with explain_write_errors(path), tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / FONTS).mkdir()
        for source, content in sources.items():
            (folder / source).write_bytes(content)
        try:
            with explain_panics("Setting the book with Typst"):
                data = _set(folder, timestamp)
        except typst.TypstError as error:
            raise UsageError(f"Typst cannot set the book: {error.message}.") from error
    assert isinstance(data, bytes)
    return data


def _set(folder: Path, timestamp: datetime.datetime) -> bytes | list[bytes] | None:
    """Return what Typst makes of a folder, declared as PDF/UA-1 if it is that.

    Words of an author's in letters that no font has, for instance, keep a book from it.
    """
    import typst

    compiler = partial(
        typst.compile,
        folder / "book.typ",
        root=folder,
        format="pdf",
        font_paths=[folder / FONTS],
        ignore_system_fonts=True,
        timestamp=timestamp,
    )
    try:
        return compiler(pdf_standards="ua-1")
    except typst.TypstError:
        return compiler()


def _timestamp(document: Document) -> datetime.datetime:
    date = document.date or "2000-01-01"
    return datetime.datetime.fromisoformat(f"{date}T00:00:00+00:00")


def to_typst(document: Document) -> str:
    """Return a document as Typst; it imports `style.typ` and reads the pictures beside it."""
    words, writer = Words(document), _Writer(document)
    chapters = [b for b in document.blocks if isinstance(b, Heading) and b.level == 1]
    lists = (
        (words.figures, "figure", document.figures()),
        (words.tables, "table", document.tables()),
    )
    listed = "".join(
        f"({_string(title)}, ({writer.listing(kind, blocks)}))," for title, kind, blocks in lists
    )
    options = {
        "title": _string(document.title),
        "subtitle": _string(document.subtitle),
        "author": _string(document.author),
        "date": _string(words.date()),
        "language": _string(document.language),
        "provenance": writer.provenance(document),
        "contents": _string(words.contents) if chapters else "none",
        "lists": f"({listed})",
        "claims": f"({_string(words.claims)}, ({writer.claims_index(document.claims())}))",
    }
    arguments = ",\n  ".join(f"{name}: {value}" for name, value in options.items())
    body = writer.blocks(document.blocks)
    return f'#import "style.typ": *\n#show: book.with(\n  {arguments},\n)\n\n{body}\n'


def _string(text: str) -> str:
    """Return a Typst string literal."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c >= " " else f"\\u{{{ord(c):x}}}" for c in escaped) + '"'


def _label(label: str) -> str:
    return f"label({_string(label)})"


def _widths(table: Table) -> list[str]:
    """Return column widths that fill the line: numbers share it, else the longest takes it.

    Where several hold whole texts, these share it, the longer ones getting more.
    """
    columns = list(zip(table.header, *table.rows, strict=True))
    longest = [max(len(plain(cell)) for cell in column) for column in columns]
    if all(side == "right" for side in table.align[1:]):
        return ["auto", *["1fr"] * (len(columns) - 1)]
    if sum(length > TEXT for length in longest) > 1:
        return [f"{length**0.5:.1f}fr" if length > WORDS else "auto" for length in longest]
    return ["1fr" if length == max(longest) else "auto" for length in longest]


def _is_wide(block: Block) -> bool:
    """Return whether a block is a drawing so flat that two of them stand well beside each other."""
    if not isinstance(block, Figure) or not (drawn := block.picture.render()):
        return False
    width, height = map(float, drawn.svg.view_box.split()[2:])
    return height < FLAT * width


class _Writer:
    def __init__(self, document: Document) -> None:
        self.words = Words(document)
        self._level = self._depth = 0

    def provenance(self, document: Document) -> str:
        """Return what a book states of itself, as pairs of words."""
        if document.provenance is None:
            return "none"
        rows = "".join(
            f"([{self.inlines(name)}], [{self.inlines(value)}]),"
            for name, value in document.provenance.rows
        )
        return f"({_string(self.words.provenance)}, ({rows}))"

    def listing(self, kind: str, blocks: Iterable[Figure | Table | Claims]) -> str:
        """Return the entries of a list of figures or tables."""
        return "".join(
            f"({_label(b.label)}, {_string(self.words.caption(kind, b.number))}, "
            f"[{self.inlines(short_caption(b))}]),"
            for b in blocks
        )

    def claims_index(self, rows: Iterable[ClaimRow]) -> str:
        """Return the entries of the list of all claims."""
        return "".join(
            f"({_label(f'claim-{row.id}')}, {_string(row.id)}, [{self.inlines(row.statement)}], "
            f"{self._verdict(row.verdict)}),"
            for row in rows
        )

    def blocks(self, blocks: tuple[Block, ...]) -> str:
        """Return blocks, figures that follow one another in pairs where they are wide enough."""
        if self._depth:  # inside of a list or a quotation a figure stays where it is
            return "\n\n".join(_BLOCKS[type(block)](self, block) for block in blocks)
        pieces: list[str] = []
        rest = list(blocks)
        while rest:
            block = rest.pop(0)
            if rest and _is_wide(block) and _is_wide(rest[0]):
                pieces.append(self._pair(block, rest.pop(0)))
            else:
                pieces.append(_BLOCKS[type(block)](self, block))
        return "\n\n".join(pieces)

    def _pair(self, left: Block, right: Block) -> str:
        assert isinstance(left, Figure)
        assert isinstance(right, Figure)
        options = "width: 100%, placement: none"
        return f"#figure-pair([{self._figure(left, options)}], [{self._figure(right, options)}])"

    def inlines(self, pieces: Inlines) -> str:
        return "".join(self._inline(piece) for piece in pieces)

    def _inline(self, piece: Inline) -> str:
        match piece:
            case Text(text):
                return f"#{_string(text)}"
            case Emphasis(children):
                return f"#emph[{self.inlines(children)}]"
            case Strong(children):
                return f"#strong[{self.inlines(children)}]"
            case Code(text):
                return f"#raw({_string(text)})"
            case Math(latex):
                return f"#math.equation(${latex_to_typst(latex)}$, alt: {_string(latex)})"
            case Link(url, children):
                return f"#link({_string(url)})[{self.inlines(children)}]"
            case Reference(label):
                return f"#link({_label(label)}, {_string(self.words.reference(label))})"
            case LineBreak():
                return "#linebreak()"

    def heading(self, block: Heading) -> str:
        number = f"_ => {_string(block.number)}" if block.number else "none"
        # Readers that speak are told of no level that the one before does not lead to.
        self._level = level_shown = min(block.level, self._level + 1)
        outlined = str(block.level <= CONTENTS_DEPTH).lower()
        level = f"level: {level_shown}, outlined: {outlined}"
        title = f"#heading({level}, numbering: {number})[{self.inlines(block.children)}]"
        begins = "#chapter-break()\n" if level_shown == 1 and not self._depth else ""
        return f"{begins}{title} #{_label(block.label)}"

    def paragraph(self, block: Paragraph) -> str:
        return self.inlines(block.children)

    def _inner(self, blocks: tuple[Block, ...]) -> str:
        self._depth += 1
        inner = self.blocks(blocks)
        self._depth -= 1
        return inner

    def items(self, block: Items) -> str:
        items = "".join(f"[{self._inner(item)}]" for item in block.items)
        if block.start is None:
            return f"#list{items}" if items else ""
        return f"#enum(start: {block.start}){items}"

    def quote(self, block: Quote) -> str:
        return f"#quote(block: true)[{self._inner(block.blocks)}]"

    def code(self, block: CodeBlock) -> str:
        return f"#code-block({_string(block.text)})"

    def display(self, block: Display) -> str:
        number = f', numbering: _ => "({block.number})"' if block.number else ""
        label = f" #{_label(block.label)}" if block.label else ""
        formula = f"$ {latex_to_typst(block.latex)} $, alt: {_string(block.latex)}"
        return f"#math.equation({formula}, block: true{number}){label}"

    def rule(self, block: Rule) -> str:
        return "#divider()"

    def bibliography(self, block: Bibliography) -> str:
        return "\n\n".join(
            f"#work[{self.inlines(entry.children)}] #{_label(entry.label)}"
            for entry in block.entries
        )

    def figure(self, block: Figure) -> str:
        options = ["width: 100%"] if block.picture.film() else []
        return self._figure(block, *options, *(["placement: none"] if self._depth else []))

    def _figure(self, block: Figure, *options: str) -> str:
        picture = f"{block.label}.{block.picture.kind}"
        further = "".join(f", {option}" for option in options)
        return (
            f"#numbered-figure({_string(picture)}, {_string(block.describe())}, "
            f"{_string(self.words.caption('figure', block.number))}, "
            f"[{self.inlines(block.caption)}]{further}) #{_label(block.label)}"
        )

    def _add_caption(self, block: Table | Claims, table: str) -> str:
        if not block.number:
            return f"#{table}"
        number = _string(self.words.caption("table", block.number))
        caption = self.inlines(block.caption)
        return f"#numbered-table({number}, [{caption}], {table}) #{_label(block.label)}"

    def table(self, block: Table) -> str:
        cells = [cell for row in (block.header, *block.rows) for cell in row]
        content = "".join(f"[{self.inlines(cell)}]," for cell in cells)
        align = "".join(f"{side}," for side in block.align)
        widths = "".join(f"{width}," for width in _widths(block))
        return self._add_caption(block, f"plain-table(({align}), ({widths}), ({content}))")

    def claims(self, block: Claims) -> str:
        columns = "".join(f"{_string(word)}," for word in self.words.columns)
        rows = "".join(self._claim(row) for row in block.rows)
        return self._add_caption(block, f"claims-table(({columns}), ({rows}))")

    def _claim(self, row: ClaimRow) -> str:
        lines = "".join(
            f"([{self.inlines(line.quantity)}], {_string(line.reported)}, "
            f"{_string(line.measured)}, {_string(line.seeds)}, {self._verdict(line.verdict)}),"
            for line in row.lines
        )
        runs = "".join(f"{_string(run)}," for run in row.runs)
        commands = "".join(f"{_string(command)}," for command in row.commands)
        return (
            f"(id: {_string(row.id)}, statement: [{self.inlines(row.statement)}], "
            f"lines: ({lines}), verdict: {self._verdict(row.verdict)}, "
            f"shown-by: {_string(self.words.shown_by)}, runs: ({runs}), "
            f"repeat: {_string(self.words.repeat)}, commands: ({commands})),"
        )

    def _verdict(self, verdict: Any) -> str:
        return f"({_string(verdict)}, {_string(self.words.verdict(verdict))})"


_BLOCKS: dict[type[Any], Callable[[_Writer, Any], str]] = {
    Heading: _Writer.heading,
    Paragraph: _Writer.paragraph,
    Items: _Writer.items,
    Quote: _Writer.quote,
    CodeBlock: _Writer.code,
    Display: _Writer.display,
    Figure: _Writer.figure,
    Table: _Writer.table,
    Claims: _Writer.claims,
    Rule: _Writer.rule,
    Bibliography: _Writer.bibliography,
}
