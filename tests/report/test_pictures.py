"""Every figure of the book, in both languages: no word is cut, and none is a name of code."""

import re
from pathlib import Path

import pytest
from figure_words import find_faults

from epoque.bench.figures.plot import figure_style
from epoque.bench.i18n import LANGUAGES
from epoque.bench.sweeps.sweep import Sweep
from epoque.report.book import read_book
from epoque.report.needs import chapter_folder, chapter_needs, find_needs, recorded_folder
from epoque.report.pictures import Drawing

SOURCE = re.compile(r'set (\w+) = (?:sweep|run)\("([^"]+)"\)')
FIGURE = re.compile(r"figure\((\w+), \"([\w-]+)\"(.*?)\)\s*\}\}", re.DOTALL)
OPTION = re.compile(r"\b(\w+)=(?:\"([^\"]*)\"|([\d.]+))")
WORDS = ("caption", "alt", "label")


def recorded_drawings(lab: str, language: str) -> list[Drawing]:
    """Return the figures that a chapter shows of what ships recorded."""
    folder, recorded = chapter_folder(lab), recorded_folder(lab)
    assert folder
    if recorded is None:
        return []
    text = (folder / "en.md").read_text("utf-8")
    names = dict(SOURCE.findall(text))
    records = find_needs(recorded, [need for need in chapter_needs(lab) if need.recorded])
    drawings = []
    for variable, figure, rest in FIGURE.findall(text):
        record = records.get(names.get(variable, ""))
        if record is None:
            continue
        options = {
            name: word or float(number)
            for name, word, number in OPTION.findall(rest)
            if name not in WORDS
        }
        column = str(options.pop("column", "")) if isinstance(record, Sweep) else ""
        drawings.append(Drawing.of(record, figure, language, "it", column, **options))
    return drawings


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("lab", ["gan2d", "language"])
def test_figures_of_recorded_studies(lab: str, language: str) -> None:
    drawings = recorded_drawings(lab, language)
    assert len(drawings) >= 5
    for drawing in drawings:
        with figure_style():
            figure = drawing.draw()
        assert find_faults(figure, language) == [], (drawing.figure, drawing.column)


@pytest.mark.parametrize("language", LANGUAGES)
def test_figures_of_the_first_chapter(runs: Path, language: str) -> None:
    for block in read_book(runs, language).figures():
        if block.picture.film() is not None:
            continue
        with figure_style():
            figure = block.picture.draw()  # type: ignore[attr-defined]
        assert find_faults(figure, language) == [], block.label


@pytest.mark.parametrize("lab", ["gan2d", "language", "neuron"])
def test_what_ships_is_what_the_recipes_still_say(lab: str) -> None:
    """A setting's new default must not part a study from its recipe: the demo would measure it."""
    recorded = recorded_folder(lab)
    assert recorded
    needs = [need for need in chapter_needs(lab) if need.recorded and not need.optional]
    assert set(find_needs(recorded, needs)) == {need.name for need in needs}
