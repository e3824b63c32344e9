"""Texts that a page would cut are set smaller or on two lines, and all others stay as they are."""

import pytest

from epoque.bench.figures.fit_texts import SMALLEST, texts_outside
from epoque.bench.figures.plot import add_heading, encode_svg, figure_style, new_figure

LONG = "Divergence de Jensen-Shannon tardive, en bits, selon le nombre de pas du discriminateur"


def draw(title: str, subtitle: str = "", label: str = "", suptitle: str = ""):
    with figure_style():
        figure = new_figure()
        axes = figure.add_subplot()
        heading = add_heading(axes, title, subtitle)
        axes.set_xlabel(label)
        axes.set_ylabel(label)
        if suptitle:
            figure.suptitle(suptitle, x=0.015, ha="left")
        encode_svg(figure)
    return figure, axes, heading


def test_what_fits_keeps_its_size() -> None:
    _figure, axes, heading = draw("Poids", "AND, pas 0,7", "Itération")
    assert axes._left_title.get_fontsize() == 10.5
    assert heading.get_fontsize() == 9.0


@pytest.mark.parametrize("place", ["title", "subtitle", "label", "suptitle"])
def test_nothing_leaves_the_page(place: str) -> None:
    words = {"title": "Poids", place: LONG[:60] if place == "label" else LONG}
    figure, _axes, _heading = draw(**words)
    assert list(texts_outside(figure)) == []


def test_a_title_is_broken_before_it_becomes_too_small() -> None:
    _figure, axes, _heading = draw(f"{LONG} et de ses neurones cachés")
    title = axes._left_title
    assert "\n" in title.get_text()
    assert title.get_fontsize() >= SMALLEST


def test_ticks_outside_of_the_view_are_not_looked_at() -> None:
    with figure_style():
        figure = new_figure()
        axes = figure.add_subplot()
        axes.plot([0, 1, 1000], [0, 1, 2])
        axes.set_xlim(0, 1)
        encode_svg(figure)
        assert list(texts_outside(figure)) == []
