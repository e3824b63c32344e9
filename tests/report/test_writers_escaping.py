"""A reader's text stays text in every format, whatever characters it holds."""

import json
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from epoque.report.markdown_rules import add_formulas
from epoque.report.model import (
    ClaimLine,
    ClaimRow,
    Claims,
    Code,
    CodeBlock,
    Document,
    Heading,
    Items,
    Paragraph,
    Table,
    Target,
    Text,
)
from epoque.report.placeholders import Placeholders, clean
from epoque.report.writers.html import to_html
from epoque.report.writers.markdown import to_markdown
from epoque.report.writers.pdf import to_typst, write

SPECIAL = "#$<>&\\_*`~^@[](){}|\"'/=-+.!:;%0 1.aé«»\u202f\u00a0\n\t\x00\ue0001\ue001\ud800"
texts = st.text(st.one_of(st.sampled_from(SPECIAL), st.characters()), max_size=40).map(clean)
typst = pytest.importorskip("typst")


def words(text: str) -> list[str]:
    return text.split()


def document(text: str) -> Document:
    """Put a text in every place where a document holds one."""
    piece = (Text(text),)
    line = ClaimLine(piece, text, text, text, "partly")
    row = ClaimRow(text, piece, (line,), "holds", (text,), (text,))
    blocks = (
        Heading(1, piece, "chapter", "1"),
        Paragraph(piece),
        Paragraph((Code(text),)),
        Items(((Paragraph(piece),),)),
        CodeBlock(text),
        Table((piece, piece), ((piece, (Code(text),)),), ("left", "right"), piece, "table", 1),
        Claims((row,), piece, "claims", 2),
    )
    targets = {"table": Target("table", "1")}
    return Document(text, text, text, "", "en", blocks, targets)


class Page(HTMLParser):
    """Collects what a browser would show, and every tag."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.shown: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.shown.append(data)


def page(text: str) -> Page:
    read = Page()
    read.feed(to_html(document(text)))
    return read


@given(texts)
def test_html_shows_the_text_and_no_other_tag(text: str) -> None:
    read, plain = page(text), page("x")
    if text:  # an empty author or subtitle leaves its element out
        assert read.tags == plain.tags
    shown = "".join(read.shown)
    assert shown.count(text) >= 6 or not text.strip()


@given(texts)
def test_markdown_reads_back_as_the_text(text: str) -> None:
    markdown = to_markdown(Document("T", "", "", "", "en", (Paragraph((Text(text),)),)), "figures")
    parser = MarkdownIt("commonmark").enable("table")
    add_formulas(parser)
    tokens = parser.parse(markdown)
    kinds = [token.type for token in tokens if token.type.endswith("_open")]
    paragraphs = kinds.count("paragraph_open")
    assert kinds == ["heading_open", *["paragraph_open"] * paragraphs]
    assert paragraphs <= 1
    inline = [child for token in tokens[3:] for child in token.children or []]
    assert {child.type for child in inline} <= {"text", "text_special", "softbreak"}
    assert words("".join(child.content for child in inline)) == words(text)


@settings(max_examples=25)
@given(texts)
def test_typst_reads_the_text_as_text(text: str) -> None:
    source = to_typst(Document("T", "", "", "", "en", (Paragraph((Text(text),)),)))
    paragraph = source[source.index(")\n\n") :].strip(")\n")
    query = f"#metadata[{paragraph}]<it>".encode()
    told = json.loads(typst.query(query, "<it>", field="value", one=True))
    assert text_of(told) == text


def text_of(content: dict[str, object]) -> str:
    """Return the words of Typst content as a query tells it."""
    if "children" in content:
        return "".join(map(text_of, content["children"]))  # type: ignore[arg-type]
    return str(content.get("text", "" if content.get("func") != "space" else " "))


@settings(max_examples=10)
@given(texts)
def test_pdf_is_written_whatever_the_text(tmp_path: Path, text: str) -> None:
    write(document(text), tmp_path / "book.pdf")
    assert (tmp_path / "book.pdf").read_bytes().startswith(b"%PDF-")


@given(st.text(max_size=30))
def test_a_mark_in_a_text_cannot_forge_a_slot(text: str) -> None:
    placeholders = Placeholders()
    placeholders.add_text("secret")
    assert "secret" not in str(
        placeholders.split(clean(f"{text}\ue0000\ue001").replace("\ue000", ""))
    )
