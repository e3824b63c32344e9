"""docs/how-to/own-book.md, followed literally: files are written, commands run, in order."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from guide import STEP
from waiting import PATIENCE

GUIDE = (Path(__file__).parents[2] / "docs" / "how-to" / "own-book.md").read_text("utf-8")


def test_the_guide_does_what_it_says(
    call: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("epoque.report.book.MAX_BOOK_SILENCE", PATIENCE)  # on a busy machine
    said = {}
    for step in STEP.finditer(GUIDE):
        if step["file"]:
            Path(step["file"]).parent.mkdir(exist_ok=True)
            Path(step["file"]).write_text(step["text"], "utf-8")
            continue
        for line in step["text"].splitlines():
            command = line.partition("#")[0].strip()
            done = call(command.removeprefix("epoque "))
            assert done.code == 0, f"{command}\n{done.out}{done.err}"
            said[command] = done.out
    assert "✓ holds" in said["epoque claims show fast --book my-book"]
    assert "✓ holds" in said["epoque claims check class/ada.md --book my-book"]
    written = {"ada.en.html", "ada.en.md", "reports.en.html", "reports.en.md", "reports.csv"}
    assert {path.name for path in Path("checked").iterdir()} == written
    assert Path("book.en.html").is_file()
    assert "fast" in Path("my-book/verdicts.yaml").read_text()
    assert Path("my-book/book.md").read_text().count("\n# ") == 2
