"""Markdown (CommonMark with tables), the figures as files in a folder beside it."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from epoque.bench.files.atomic import explain_write_errors, write_atomic
from epoque.report.model import (
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
)
from epoque.report.words import Words, short_caption

__all__ = ["escape", "to_markdown", "write"]

SIDES = {"left": ":---", "center": ":---:", "right": "---:"}


def write(document: Document, path: Path) -> None:
    """Write a document as Markdown, the figures first.

    Raises:
        RunWriteError: if the system refuses.
    """
    folder = path.with_name(f"{path.stem}-figures")
    figures = list(document.figures())
    if figures:
        with explain_write_errors(folder):
            folder.mkdir(exist_ok=True)
    for figure in figures:
        picture = figure.picture
        write_atomic(folder / f"{figure.label}.{picture.kind}", picture.data("light"))
    write_atomic(path, to_markdown(document, folder.name).encode())


def to_markdown(document: Document, folder: str) -> str:
    """Return a document as Markdown.

    Args:
        document: the document.
        folder: where its figures are, relative to it.
    """
    writer = _Writer(document, folder)
    return "\n\n".join([*writer.front(), writer.blocks(document.blocks)]) + "\n"


def escape(text: str) -> str:
    """Return text in which nothing is Markdown."""
    text = re.sub(r"([\\`*_\[\]<>$&|~#])", r"\\\1", text)
    text = re.sub(r"^(\s*\d+)([.)])(?=\s|$)", r"\1\\\2", text)
    return re.sub(r"^(\s*)([-+=:])", r"\1\\\2", text)


class _Writer:
    def __init__(self, document: Document, folder: str) -> None:
        self.document, self.folder = document, folder
        self.words = Words(document)

    def front(self) -> Iterator[str]:
        """Yield the title, the contents and the list of figures."""
        document, words = self.document, self.words
        yield f"# {escape(document.title)}"
        if document.subtitle:
            yield f"*{escape(document.subtitle)}*"
        byline = " · ".join(filter(None, [escape(document.author), escape(words.date())]))
        if byline:
            yield byline
        if document.provenance:
            yield f"## {words.provenance}"
            yield self.table(document.provenance)
        if not document.is_book:
            return
        headings = list(document.headings())
        if headings:
            yield f"## {words.contents}"
            yield "\n".join(
                f"{'  ' * (h.level - 1)}- [{f'{h.number} ' if h.number else ''}"
                f"{self.inlines(h.children)}](#{h.label})"
                for h in headings
            )
        figures = list(document.figures())
        if figures:
            yield f"## {words.figures}"
            yield "\n".join(
                f"- [{words.caption('figure', f.number)} {self.inlines(short_caption(f))}]"
                f"(#{f.label})"
                for f in figures
            )

    def blocks(self, blocks: tuple[Block, ...]) -> str:
        return "\n\n".join(_BLOCKS[type(block)](self, block) for block in blocks)

    def inlines(self, pieces: Inlines) -> str:
        return "".join(self._inline(piece) for piece in pieces)

    def _inline(self, piece: Inline) -> str:
        match piece:
            case Text(text):
                return escape(text)
            case Emphasis(children):
                return f"*{self.inlines(children)}*"
            case Strong(children):
                return f"**{self.inlines(children)}**"
            case Code(text):
                return _code(text)
            case Math(latex):
                return f"${latex}$"
            case Link(url, children):
                return (
                    f"[{self.inlines(children)}](<{url.replace('<', '%3C').replace('>', '%3E')}>)"
                )
            case Reference(label):
                return f"[{self.words.reference(label)}](#{label})"
            case LineBreak():
                return "\\\n"

    def heading(self, block: Heading) -> str:
        number = f"{block.number} " if block.number else ""
        marks = "#" * min(block.level + 1, 6)
        return f'<a id="{block.label}"></a>\n\n{marks} {number}{self.inlines(block.children)}'

    def paragraph(self, block: Paragraph) -> str:
        return self.inlines(block.children).lstrip(" ")

    def items(self, block: Items) -> str:
        return "\n".join(
            _indent("- " if block.start is None else f"{block.start + i}. ", self.blocks(item))
            for i, item in enumerate(block.items)
        )

    def quote(self, block: Quote) -> str:
        return "\n".join(f"> {line}".rstrip() for line in self.blocks(block.blocks).split("\n"))

    def code(self, block: CodeBlock) -> str:
        fence = "`" * max(3, 1 + max(map(len, re.findall("`+", block.text)), default=0))
        return f"{fence}\n{block.text}\n{fence}"

    def display(self, block: Display) -> str:
        if not block.number:
            return f"$$\n{block.latex}\n$$"
        return f'<a id="{block.label}"></a>\n\n$$\n{block.latex} \\tag{{{block.number}}}\n$$'

    def rule(self, block: Rule) -> str:
        return "---"

    def bibliography(self, block: Bibliography) -> str:
        return "\n".join(
            f'- <a id="{entry.label}"></a>{self.inlines(entry.children)}' for entry in block.entries
        )

    def figure(self, block: Figure) -> str:
        source = quote(f"{self.folder}/{block.label}.{block.picture.kind}")
        caption = f"**{self.words.caption('figure', block.number)}** {self.inlines(block.caption)}"
        return f'<a id="{block.label}"></a>\n\n![{escape(block.describe())}]({source})\n\n{caption}'

    def _caption(self, block: Table | Claims) -> str:
        if not block.number:
            return ""
        number = self.words.caption("table", block.number)
        return f'<a id="{block.label}"></a>\n\n**{number}** {self.inlines(block.caption)}\n\n'

    def table(self, block: Table) -> str:
        sides = [SIDES[side] for side in block.align]
        lines = [self._row(block.header), _line(sides), *map(self._row, block.rows)]
        return self._caption(block) + "\n".join(lines)

    def _row(self, cells: tuple[Inlines, ...]) -> str:
        return _line([self._cell(cell) for cell in cells])

    def _cell(self, cell: Inlines) -> str:
        """Return a cell: on one line, and without a bar that would end it."""
        text = self.inlines(cell).replace("\\\n", "<br>")
        return re.sub(r"(?<!\\)\|", r"\|", text)

    def claims(self, block: Claims) -> str:
        return self._caption(block) + "\n\n".join(map(self._claim, block.rows))

    def _claim(self, row: ClaimRow) -> str:
        verdict = self.words.verdict(row.verdict)
        title = f"**{row.id} {self.inlines(row.statement)}** {verdict}"
        lines = [
            _line([self._cell(line.quantity), *map(escape, (line.reported, line.measured,
                   line.seeds)), self.words.verdict(line.verdict)])
            for line in row.lines
        ]  # fmt: skip
        table = "\n".join([_line(self.words.columns), _line([":---"] * 5), *lines])
        runs = ", ".join(map(_code, row.runs))
        commands = "\n".join(row.commands)
        parts = [title, table]
        parts += [f"{self.words.shown_by} {runs}."] if runs else []
        parts += [f"{self.words.repeat}\n\n```\n{commands}\n```"] if commands else []
        return "\n\n".join(parts)


def _code(text: str) -> str:
    """Return code in the line; a fence of backticks longer than any inside it."""
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    pad = " " if text.startswith(("`", " ")) or text.endswith(("`", " ")) else ""
    return f"{fence}{pad}{text}{pad}{fence}" if text else ""


def _line(cells: "list[str] | tuple[str, ...]") -> str:
    return f"| {' | '.join(cells)} |"


def _indent(mark: str, text: str) -> str:
    return mark + text.replace("\n", "\n" + " " * len(mark))


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
