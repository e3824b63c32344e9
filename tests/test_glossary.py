"""The glossary tells the truth: each term once, and every place that it names is there."""

import re
from pathlib import Path

import dotted_names
import pytest

import epoque

TEXT = (Path(__file__).parents[1] / "docs/glossary.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| ([^|]+) \| (`[^|]+`) \| ([^|]+) \|$", TEXT, re.MULTILINE)


def is_there(place: str) -> bool:
    """Whether a path below `epoque`, or a dotted name, is there."""
    if "/" in place:
        folder = Path(epoque.__file__).parent
        return (folder / place.replace("<lab>", "gan2d")).exists()
    return dotted_names.is_there(f"epoque.{place}")


def test_every_term_stands_once_in_its_section() -> None:
    assert len(ROWS) > 100
    for section in TEXT.split("\n## "):
        terms = re.findall(r"^\| ([^|]+) \|", section, re.MULTILINE)
        assert [term for term in set(terms) if terms.count(term) > 1] == [], section[:40]


@pytest.mark.parametrize(("term", "places"), [row[:2] for row in ROWS])
def test_a_place_is_there(term: str, places: str) -> None:
    for place in re.findall(r"`([^`]+)`", places):
        assert is_there(place), f"{term}: {place}"
