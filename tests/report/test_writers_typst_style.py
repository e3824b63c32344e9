"""How the book looks in print, asked of Typst itself."""

from importlib.resources import files
from pathlib import Path

import pytest

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
