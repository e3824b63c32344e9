"""PDF, set by Typst with the fonts of its own package.

Every piece of text goes to Typst as a string literal in code (`#"…"`), where only `"` and the
backslash mean anything: no text can be taken for markup.
"""

import datetime
import tempfile
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

from epoque.bench.errors import MissingExtraError, UsageError
from epoque.bench.files.atomic import explain_write_errors, write_atomic
from epoque.bench.system.panics import explain_panics
from epoque.report.maths import latex_to_typst
from epoque.report.model import (
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

WORDS, TEXT = 30, 80
"""Letters from which a cell holds several words, and from which a whole text."""


def write(document: Document, path: Path) -> None:
    """Write a document as PDF; the same document always gives the same bytes.

    Raises:
        MissingExtraError: if Typst is not installed.
        RunWriteError: if the system refuses.
    """
    try:
        import typst
    except ImportError:
        raise MissingExtraError("Writing PDF", "pdf") from None
    with explain_write_errors(path), tempfile.TemporaryDirectory() as folder:
        _lay_out(document, Path(folder))
        try:
            with explain_panics("Setting the book with Typst"):
                data = typst.compile(
                    Path(folder) / "book.typ",
                    root=Path(folder),
                    format="pdf",
                    ignore_system_fonts=True,
                    timestamp=_timestamp(document),
                )
        except typst.TypstError as error:
            raise UsageError(f"Typst cannot set the book: {error.message}.") from error
    assert isinstance(data, bytes)
    write_atomic(path, data)


def _lay_out(document: Document, folder: Path) -> None:
    """Put everything that Typst reads into a folder."""
    style = (files("epoque.report.writers") / "style.typ").read_text("utf-8")
    (folder / "style.typ").write_text(style, "utf-8")
    (folder / "book.typ").write_text(to_typst(document), "utf-8")
    for figure in document.figures():
        picture = figure.picture
        (folder / f"{figure.label}.{picture.kind}").write_bytes(picture.data("light"))


def _timestamp(document: Document) -> datetime.datetime:
    date = document.date or "2000-01-01"
    return datetime.datetime.fromisoformat(f"{date}T00:00:00+00:00")


def to_typst(document: Document) -> str:
    """Return a document as Typst; it imports `style.typ` and reads the pictures beside it."""
    words, writer = Words(document), _Writer(document)
    chapters = [b for b in document.blocks if isinstance(b, Heading) and b.level == 1]
    figures = "".join(
        f"({_label(f.label)}, {_string(words.caption('figure', f.number))}, "
        f"[{writer.inlines(short_caption(f))}]),"
        for f in document.figures()
    )
    options = {
        "title": _string(document.title),
        "subtitle": _string(document.subtitle),
        "author": _string(document.author),
        "date": _string(words.date()),
        "language": _string(document.language),
        "contents": _string(words.contents) if chapters else "none",
        "list-of-figures": _string(words.figures),
        "figures": f"({figures})",
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


class _Writer:
    def __init__(self, document: Document) -> None:
        self.words = Words(document)

    def blocks(self, blocks: tuple[Block, ...]) -> str:
        return "\n\n".join(_BLOCKS[type(block)](self, block) for block in blocks)

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
        level = f"level: {block.level}, outlined: {str(block.level <= 2).lower()}"
        title = f"#heading({level}, numbering: {number})[{self.inlines(block.children)}]"
        return f"{title} #{_label(block.label)}"

    def paragraph(self, block: Paragraph) -> str:
        return self.inlines(block.children)

    def items(self, block: Items) -> str:
        items = "".join(f"[{self.blocks(item)}]" for item in block.items)
        if block.start is None:
            return f"#list{items}" if items else ""
        return f"#enum(start: {block.start}){items}"

    def quote(self, block: Quote) -> str:
        return f"#quote(block: true)[{self.blocks(block.blocks)}]"

    def code(self, block: CodeBlock) -> str:
        return f"#code-block({_string(block.text)})"

    def display(self, block: Display) -> str:
        number = f', numbering: _ => "({block.number})"' if block.number else ""
        label = f" #{_label(block.label)}" if block.label else ""
        formula = f"$ {latex_to_typst(block.latex)} $, alt: {_string(block.latex)}"
        return f"#math.equation({formula}, block: true{number}){label}"

    def rule(self, block: Rule) -> str:
        return "#divider()"

    def figure(self, block: Figure) -> str:
        picture = f"{block.label}.{block.picture.kind}"
        return (
            f"#numbered-figure({_string(picture)}, {_string(block.alt)}, "
            f"{_string(self.words.caption('figure', block.number))}, "
            f"[{self.inlines(block.caption)}]) #{_label(block.label)}"
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
}
