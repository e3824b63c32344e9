"""One self-contained HTML file: no script, font or picture from anywhere else."""

import base64
import hashlib
from collections.abc import Callable
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment

from epoque.bench.files.atomic import write_atomic
from epoque.report.maths import latex_to_mathml
from epoque.report.model import (
    Block,
    ClaimLine,
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
    Picture,
    Quote,
    Reference,
    Rule,
    Strong,
    Table,
    Text,
)
from epoque.report.words import Words, short_caption

__all__ = ["to_html", "write"]

MIME = {"svg": "image/svg+xml", "png": "image/png", "jpg": "image/jpeg", "webp": "image/webp"}


def write(document: Document, path: Path) -> None:
    """Write a document as one HTML file.

    Raises:
        RunWriteError: if the system refuses.
    """
    write_atomic(path, to_html(document).encode())


def to_html(document: Document) -> str:
    """Return a document as an HTML page."""
    here = files("epoque.report.writers")
    style, script = ((here / name).read_text("utf-8") for name in ("page.css", "page.js"))
    page = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(
        (here / "page.html").read_text("utf-8")
    )
    writer = _Writer(document)
    return page.render(
        document=document,
        words=writer.words,
        style=style,
        script=script,
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        inline=writer.inlines,
        short=lambda figure: writer.inlines(short_caption(figure)),
        body=writer.blocks(document.blocks),
    )


class _Writer:
    def __init__(self, document: Document) -> None:
        self.words = Words(document)

    def blocks(self, blocks: tuple[Block, ...]) -> str:
        return "\n".join(_BLOCKS[type(block)](self, block) for block in blocks)

    def inlines(self, pieces: Inlines) -> str:
        return "".join(self._inline(piece) for piece in pieces)

    def _inline(self, piece: Inline) -> str:
        match piece:
            case Text(text):
                return escape(text, quote=False)
            case Emphasis(children):
                return f"<em>{self.inlines(children)}</em>"
            case Strong(children):
                return f"<strong>{self.inlines(children)}</strong>"
            case Code(text):
                return f"<code>{escape(text, quote=False)}</code>"
            case Math(latex):
                return latex_to_mathml(latex)
            case Link(url, children):
                return f'<a href="{escape(url)}">{self.inlines(children)}</a>'
            case Reference(label):
                return f'<a href="#{escape(label)}">{escape(self.words.reference(label))}</a>'
            case LineBreak():
                return "<br>"

    def heading(self, block: Heading) -> str:
        level = min(block.level + 1, 6)  # the title is the page's only h1
        number = f'<span class="number">{block.number}</span> ' if block.number else ""
        return f'<h{level} id="{block.label}">{number}{self.inlines(block.children)}</h{level}>'

    def paragraph(self, block: Paragraph) -> str:
        return f"<p>{self.inlines(block.children)}</p>"

    def items(self, block: Items) -> str:
        tag = "ul" if block.start is None else "ol"
        start = f' start="{block.start}"' if block.start not in (None, 1) else ""
        items = "".join(f"<li>{self._item(item)}</li>" for item in block.items)
        return f"<{tag}{start}>{items}</{tag}>"

    def _item(self, blocks: tuple[Block, ...]) -> str:
        """Return an item; one of a single paragraph needs no paragraph around it."""
        match blocks:
            case (Paragraph(children), *rest):
                return self.inlines(children) + self.blocks(tuple(rest))
            case _:
                return self.blocks(blocks)

    def quote(self, block: Quote) -> str:
        return f"<blockquote>{self.blocks(block.blocks)}</blockquote>"

    def code(self, block: CodeBlock) -> str:
        return f'<pre tabindex="0"><code>{escape(block.text, quote=False)}</code></pre>'

    def display(self, block: Display) -> str:
        number = f'<span class="number">({block.number})</span>' if block.number else ""
        label = f' id="{escape(block.label)}"' if block.label else ""
        formula = latex_to_mathml(block.latex, display=True)
        return f'<div class="display"{label}>{formula}{number}</div>'

    def rule(self, block: Rule) -> str:
        return "<hr>"

    def figure(self, block: Figure) -> str:
        caption = f"<b>{escape(self.words.caption('figure', block.number))}</b>"
        return (
            f'<figure id="{escape(block.label)}">{_images(block.picture, block.alt)}'
            f"<figcaption>{caption} {self.inlines(block.caption)}</figcaption></figure>"
        )

    def _caption(self, block: Table | Claims) -> str:
        if not block.number:
            return ""
        number = escape(self.words.caption("table", block.number))
        return f"<caption><b>{number}</b> {self.inlines(block.caption)}</caption>"

    def table(self, block: Table) -> str:
        head = self._cells("th", ' scope="col"', block.header, block.align)
        rows = "".join(f"<tr>{self._row(row, block)}</tr>" for row in block.rows)
        label = f' id="{escape(block.label)}"' if block.label else ""
        return (
            f'<div class="scroll" tabindex="0"><table{label}>{self._caption(block)}'
            f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
        )

    def _row(self, row: tuple[Inlines, ...], block: Table) -> str:
        first = self._cells("th", ' scope="row"', row[:1], block.align[:1])
        return first + self._cells("td", "", row[1:], block.align[1:])

    def _cells(
        self, tag: str, scope: str, cells: tuple[Inlines, ...], align: tuple[str, ...]
    ) -> str:
        pairs = zip(cells, align, strict=True)
        return "".join(
            f'<{tag}{scope} class="{side}">{self.inlines(cell)}</{tag}>' for cell, side in pairs
        )

    def claims(self, block: Claims) -> str:
        head = "".join(
            f'<th scope="col" role="columnheader">{escape(word)}</th>'
            for word in self.words.columns
        )
        rows = "".join(self._claim(row) for row in block.rows)
        return (
            f'<table class="claims" role="table" id="{escape(block.label)}">{self._caption(block)}'
            f'<thead role="rowgroup"><tr role="row">{head}</tr></thead>{rows}</table>'
        )

    def _claim(self, row: ClaimRow) -> str:
        lines = "".join(self._claim_line(line) for line in row.lines)
        shown = ", ".join(f"<code>{escape(run)}</code>" for run in row.runs)
        commands = "".join(f"<code>{escape(command)}</code>" for command in row.commands)
        number = escape(row.id)
        return (
            f'<tbody role="rowgroup" id="claim-{number}">'
            f'<tr role="row" class="claim"><th scope="rowgroup" role="rowheader" colspan="4">'
            f'<span class="number">{number}</span> {self.inlines(row.statement)}</th>'
            f"{self._verdict(row.verdict)}</tr>{lines}"
            f'<tr role="row" class="source"><td role="cell" colspan="5">'
            f"<p>{escape(self.words.shown_by)} {shown}</p>"
            f'<p class="commands"><span>{escape(self.words.repeat)}</span> {commands}</p>'
            f"</td></tr></tbody>"
        )

    def _claim_line(self, line: ClaimLine) -> str:
        cells = zip(
            self.words.columns[1:4], (line.reported, line.measured, line.seeds), strict=True
        )
        middle = "".join(
            f'<td role="cell" data-label="{escape(label)}">{escape(cell, quote=False)}</td>'
            for label, cell in cells
        )
        return (
            f'<tr role="row"><th scope="row" role="rowheader">{self.inlines(line.quantity)}</th>'
            f"{middle}{self._verdict(line.verdict)}</tr>"
        )

    def _verdict(self, verdict: Any) -> str:
        word = escape(self.words.verdict(verdict))
        return f'<td role="cell" class="verdict {verdict}">{word}</td>'


def _images(picture: Picture, alt: str) -> str:
    """Return the picture in both themes, of which the style shows one."""
    light, dark = picture.data("light"), picture.data("dark")
    if light == dark:
        return _image(picture, light, alt, "both")
    return _image(picture, light, alt, "light") + _image(picture, dark, alt, "dark")


def _image(picture: Picture, content: bytes, alt: str, theme: str) -> str:
    data = base64.b64encode(content).decode()
    return (
        f'<img class="{theme}" alt="{escape(alt)}" src="data:{MIME[picture.kind]};base64,{data}">'
    )


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
