"""One self-contained HTML file: no script, font or picture from anywhere else."""

import base64
import hashlib
import json
import re
from collections.abc import Callable
from html import escape
from importlib.resources import files
from math import isfinite
from pathlib import Path
from typing import Any

from jinja2 import Environment

from epoque.bench.files.atomic import write_atomic
from epoque.report.film_pictures import DrawnFilm
from epoque.report.maths import latex_to_mathml
from epoque.report.model import (
    Bibliography,
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
    Place,
    Quote,
    Reference,
    Rule,
    Strong,
    Table,
    Text,
    Verdict,
)
from epoque.report.words import Words, short_caption

from .embedded_fonts import embed_fonts
from .palette import Palette

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
    body = writer.blocks(document.blocks)
    return page.render(
        document=document,
        words=writer.words,
        style=style + writer.palette.css() + embed_fonts(writer.drawings),
        script=script,
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        inline=writer.inlines,
        short=lambda block: writer.inlines(short_caption(block)),
        body=body,
        provenance=writer.table(document.provenance) if document.provenance else "",
    )


class _Writer:
    """Writes a document's blocks.

    Attributes:
        words: of the document's language.
        palette: the colors that the drawings so far have in both themes.
        drawings: the SVG elements so far.
    """

    def __init__(self, document: Document) -> None:
        self.words = Words(document)
        self.palette = Palette()
        self.drawings: list[str] = []
        self._shown_claims: set[str] = set()

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
                words = escape(self.words.reference(label))
                return f'<a class="reference" href="#{escape(label)}">{words}</a>'
            case LineBreak():
                return "<br>"

    def heading(self, block: Heading) -> str:
        level = min(block.level + 1, 6)  # the title is the page's only h1
        number = f'<span class="number">{block.number}</span> ' if block.number else ""
        title = self.inlines(block.children)
        link = escape(self.words.anchor(block))
        anchor = f' <a class="anchor" href="#{block.label}" aria-label="{link}">#</a>'
        return f'<h{level} id="{block.label}">{number}{title}{anchor}</h{level}>'

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
        return f'<div class="display" tabindex="0"{label}>{formula}{number}</div>'

    def rule(self, block: Rule) -> str:
        return "<hr>"

    def bibliography(self, block: Bibliography) -> str:
        entries = "".join(
            f'<li id="{escape(entry.label)}">{self.inlines(entry.children)}</li>'
            for entry in block.entries
        )
        return f'<ul class="bibliography">{entries}</ul>'

    def figure(self, block: Figure) -> str:
        if (film := block.picture.film()) is not None:
            return self._film(block, film)
        number = self.words.caption("figure", block.number)
        enlarge = escape(self.words.enlarge(block))
        return (
            f'<figure id="{escape(block.label)}"><div class="picture">{self._picture(block)}'
            f'<button type="button" class="enlarge" aria-label="{enlarge}" hidden>⤢</button></div>'
            f"<figcaption><p><b>{escape(number)}</b> {self.inlines(block.caption)}</p>"
            f"{self._commands(block)}</figcaption></figure>"
        )

    def _film(self, block: Figure, film: DrawnFilm) -> str:
        """Return a film: frames below one another, of which the page shows one at a time.

        Without a script, and on paper, it stands still at its end.
        """
        number = self.words.caption("figure", block.number)
        width, height = film.size
        sheets = [(theme, film.sheets[theme]) for theme in ("light", "dark")]
        if sheets[0][1] == sheets[1][1]:
            sheets = [("both", sheets[0][1])]
        images = "".join(
            f'<img class="{theme}" alt="" src="data:image/webp;base64,'
            f'{base64.b64encode(data).decode()}">'
            for theme, data in sheets
        )
        moments = escape(json.dumps(film.moments, ensure_ascii=False))
        count = len(film.moments)
        shape = f"--frames:{count};--frame:{count - 1};aspect-ratio:{width}/{height}"
        return (
            f'<figure class="film" id="{escape(block.label)}" data-moments="{moments}" '
            f'data-ms="{film.frame_ms}"><div class="screen" role="img" style="{shape}" '
            f'aria-label="{escape(block.describe())}">{images}</div>'
            f'<div class="controls" hidden><button type="button" class="play" '
            f'data-play="{escape(self.words.play)}" data-pause="{escape(self.words.pause)}">'
            f"</button>"
            f'<input type="range" min="0" max="{count - 1}" value="{count - 1}" '
            f'aria-label="{escape(self.words.frame_of(block))}"></div>'
            f"<figcaption><p><b>{escape(number)}</b> {self.inlines(block.caption)}</p>"
            f"{self._commands(block)}</figcaption></figure>"
        )

    def _picture(self, block: Figure) -> str:
        picture, alt = block.picture, escape(block.describe())
        drawn = picture.render()
        if drawn is None:
            data = base64.b64encode(picture.data("light")).decode()
            return f'<img alt="{alt}" src="data:{MIME[picture.kind]};base64,{data}">'
        prefix = f"f{len(self.drawings)}-"
        told = f' role="img" aria-label="{alt}"'
        self.drawings.append(drawn.svg.inline(prefix, self.palette.variable, told))
        return self.drawings[-1]

    def _commands(self, block: Figure) -> str:
        """Return, folded away, the commands that repeat what a figure shows."""
        if not block.commands:
            return ""
        commands = "".join(f"<code>{escape(command)}</code>" for command in block.commands)
        summary = escape(self.words.repeat)
        return (
            f'<details class="repeat"><summary>{summary}</summary>'
            f'<div class="commands">{commands}</div></details>'
        )

    def _caption(self, block: Table | Claims) -> str:
        if not block.number:
            return ""
        number = escape(self.words.caption("table", block.number))
        return f"<b>{number}</b> {self.inlines(block.caption)}"

    def table(self, block: Table) -> str:
        caption = f"<caption>{text}</caption>" if (text := self._caption(block)) else ""
        head = self._head(block)
        rows = "".join(f"<tr>{self._row(row, block)}</tr>" for row in block.rows)
        label = f' id="{escape(block.label)}"' if block.label else ""
        return (
            f'<div class="scroll" tabindex="0"><table{label}>{caption}'
            f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
        )

    def _head(self, block: Table) -> str:
        """Return the cells of the head; one without words, over names of rows, heads nothing."""
        heads = self._cells("th", ' scope="col"', block.header, block.align)
        return re.sub(r'<th scope="col"( class="\w+")></th>', r"<td\1></td>", heads)

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
        rows = "".join(self._claim(row, folded=block.folded) for row in block.rows)
        caption = f'<p class="caption">{self._caption(block)}</p>' if block.number else ""
        opens, closes = escape(self.words.open_all), escape(self.words.close_all)
        return (
            f'<div class="claims" id="{escape(block.label)}">{caption}'
            f'<button type="button" class="fold" data-open="{opens}" data-close="{closes}" hidden>'
            f"</button>{rows}</div>"
        )

    def _claim(self, row: ClaimRow, *, folded: bool) -> str:
        number, word = escape(row.id), escape(self.words.verdict(row.verdict))
        heads = "".join(
            f'<th scope="col" role="columnheader">{escape(w)}</th>' for w in self.words.columns
        )
        lines = "".join(self._claim_line(line) for line in row.lines)
        return (
            f'<details class="claim"{self._claim_id(row)}{"" if folded else " open"}><summary>'
            f'<span class="number">{number}</span> '
            f'<span class="statement">{self.inlines(row.statement)}</span> '
            f'<span class="verdict {row.verdict}">{word}</span></summary>'
            f'<table role="table"><thead role="rowgroup"><tr role="row">{heads}</tr></thead>'
            f'<tbody role="rowgroup">{lines}</tbody></table>{_strips(row)}'
            f"{self._claim_source(row)}</details>"
        )

    def _claim_source(self, row: ClaimRow) -> str:
        """Return what shows a claim and repeats it; nothing where there is neither."""
        runs = ", ".join(f"<code>{escape(run)}</code>" for run in row.runs)
        commands = "".join(f"<code>{escape(command)}</code>" for command in row.commands)
        shown = f'<p class="source">{escape(self.words.shown_by)} {runs}</p>' if runs else ""
        if commands:
            words = f"<span>{escape(self.words.repeat)}</span> {commands}"
            shown += f'<div class="source commands">{words}</div>'
        return shown

    def _claim_id(self, row: ClaimRow) -> str:
        """Return the name of a claim in the page, the first time that the page shows it."""
        is_first = row.id not in self._shown_claims
        self._shown_claims.add(row.id)
        return f' id="claim-{escape(row.id)}"' if is_first else ""

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


def _strips(row: ClaimRow) -> str:
    """Return pictures of where reported numbers lie; what they show stands in the table too."""
    return "".join(_strip(line.place, line.verdict) for line in row.lines if line.place)


def _strip(place: Place, verdict: Verdict) -> str:
    """Return a bar for what was measured, with its median, and a mark for what was reported."""
    middle, low, high = place.measured
    ends = (*place.reported, low, high)
    if not all(map(isfinite, (*ends, middle))):
        return ""
    margin = (max(ends) - min(ends)) / 12 or 1.0
    left, width = min(ends) - margin, max(ends) - min(ends) + 2 * margin

    def span(name: str, first: float, last: float) -> str:
        at, wide = 100 * (first - left) / width, 100 * (last - first) / width
        return f'<span class="{name}" style="left:{at:.2f}%;width:{wide:.2f}%"></span>'

    measured = span("measured", low, high) + span("median", middle, middle)
    reported = span(f"reported {verdict}", *place.reported)
    return f'<div class="strip" aria-hidden="true">{measured}{reported}</div>'


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
