"""How the book looks in print, asked of Typst itself."""

import datetime
from importlib.resources import files
from pathlib import Path

import pytest

TIME = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
BOOK = """#import "style.typ": *
#show: book.with(title: "A book")
#block(height: {height}cm)
#numbered-table("1", [A caption <above>], plain-table(
  (left,), (1fr,), ([Column], [first row <first>], ..range(60).map(i => [#i])),
))
#context assert(locate(<above>).page() == locate(<first>).page(), message: "torn")
"""


@pytest.mark.parametrize("height", [22.3, 22.6, 22.9, 23.2, 23.5])  # cm, to the foot of a page
def test_a_tables_caption_never_stands_alone(height: float, tmp_path: Path) -> None:
    typst = pytest.importorskip("typst")
    style = (files("epoque.report.writers") / "style.typ").read_text("utf-8")
    (tmp_path / "style.typ").write_text(style, "utf-8")
    (tmp_path / "book.typ").write_text(BOOK.format(height=height))
    assert typst.compile(str(tmp_path / "book.typ")).startswith(b"%PDF")


SHORT = """#import "style.typ": *
#show: book.with(title: "A book")
#block(height: 21cm)
#numbered-table("1", [A caption], plain-table(
  (left,), (1fr,), ([Column], [first row <first>], ..range(5).map(i => [#i]), [last row <last>]),
))
#context assert(locate(<last>).page() == locate(<first>).page(), message: "torn")
#chapter-break()
#heading(level: 1)[A chapter] <chapter>
Words. <words>
#context assert(locate(<chapter>).page() == locate(<words>).page(), message: "told wrong")
"""


def test_short_tables_hold_together_and_chapters_are_where_the_contents_say(tmp_path: Path) -> None:
    typst = pytest.importorskip("typst")
    style = (files("epoque.report.writers") / "style.typ").read_text("utf-8")
    (tmp_path / "style.typ").write_text(style, "utf-8")
    (tmp_path / "book.typ").write_text(SHORT)
    assert typst.compile(str(tmp_path / "book.typ"), pdf_standards="ua-1", timestamp=TIME)
