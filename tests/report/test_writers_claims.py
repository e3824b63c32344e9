"""What shows a claim and repeats it is printed where there is any, and not announced where not."""

from pathlib import Path

import pytest

from epoque.report.model import ClaimLine, ClaimRow, Claims, Document, Text
from epoque.report.writers.html import to_html
from epoque.report.writers.markdown import to_markdown
from epoque.report.writers.pdf import write


def book(runs: tuple[str, ...], commands: tuple[str, ...]) -> Document:
    line = ClaimLine((Text("error"),), "0.1", "0.2", "–", "fails")
    row = ClaimRow("1.1", (Text("It falls."),), (line,), "fails", runs, commands)
    return Document("T", "", "", "", "en", (Claims((row,), (), "claims"),))


@pytest.mark.parametrize(
    ("runs", "commands", "shown", "repeated"),
    [
        (("a-run",), ("epoque run x",), True, True),
        ((), ("epoque run x",), False, True),
        (("a-run",), (), True, False),
        ((), (), False, False),
    ],
)
def test_nothing_is_announced_that_is_not_there(
    tmp_path: Path, runs: tuple[str, ...], commands: tuple[str, ...], shown: bool, repeated: bool
) -> None:
    document = book(runs, commands)
    for text in (to_html(document), to_markdown(document, "figures")):
        assert ("Shown by" in text) == shown
        assert ("To repeat" in text) == repeated
    pytest.importorskip("typst")
    write(document, tmp_path / "book.pdf")
    assert (tmp_path / "book.pdf").read_bytes().startswith(b"%PDF")
