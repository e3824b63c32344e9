"""A layout is found once, and given to what says the same."""

import re

import pytest
from matplotlib.figure import Figure

from epoque.bench.figures import plot
from epoque.bench.figures.fit_texts import texts_outside
from epoque.bench.figures.layout import copy_layout, find_layout, keep_layout
from epoque.bench.figures.plot import (
    add_heading,
    color,
    encode_png,
    encode_svg,
    figure_style,
    new_figure,
)
from epoque.bench.figures.styles import THEMES

LONG = "Divergence de Jensen-Shannon tardive, en bits, selon le nombre de pas du discriminateur"
COLOR = re.compile(rb"#[0-9a-f]{6}")


def draw(title: str = "Poids", label: str = "Itération", bar: bool = False) -> Figure:
    figure = new_figure()
    left, right = figure.subplots(1, 2)
    left.plot([0, 1, 2], [0, 1000, 2], color=color("blue"), label="a curve")
    shown = right.imshow([[0, 1], [2, 3]])
    if bar:
        figure.colorbar(shown, ax=right)
    left.set_xlabel(label)
    add_heading(left, title, "AND")
    figure.suptitle(LONG, x=0.015, ha="left")
    figure.legend(loc="outside lower center")
    return figure


def places(figure: Figure) -> list[tuple[float, ...]]:
    return [axes.get_position().bounds for axes in figure.axes]


@pytest.mark.parametrize("bar", [False, True])
def test_the_other_theme_looks_as_if_it_were_laid_out_itself(bar: bool) -> None:
    drawn = {}
    for theme in THEMES:
        with figure_style(theme):
            drawn[theme] = draw(bar=bar)
    encode_svg(drawn["light"], letters="text")
    with figure_style("dark"):
        alone = encode_svg(draw(bar=bar), letters="text")
    like = encode_svg(drawn["dark"], letters="text", like=drawn["light"])
    assert COLOR.sub(b"", like) == COLOR.sub(b"", alone)
    assert places(drawn["dark"]) == places(drawn["light"])
    assert list(texts_outside(drawn["dark"])) == []


def test_a_layout_is_found_once(monkeypatch: pytest.MonkeyPatch) -> None:
    layouts = []
    monkeypatch.setattr(plot, "find_layout", lambda f: layouts.append(f) or find_layout(f))
    with figure_style():
        figure, again = draw(), draw()
        encode_png(figure)
        encode_svg(figure, like=figure)
        encode_svg(again, like=figure)
    assert layouts == [figure]


@pytest.mark.parametrize("words", [{"title": "Weights"}, {"bar": True}])
def test_what_says_something_else_has_a_layout_of_its_own(words: dict[str, object]) -> None:
    with figure_style():
        first, other = draw(), draw(**words)  # type: ignore[arg-type]
        find_layout(first)
        before = places(other)
        assert not copy_layout(first, other)
        assert places(other) == before
        assert other.axes[0].get_in_layout()
        encode_svg(other, like=first)
        assert places(other) != before


def test_other_ticks_are_something_else() -> None:
    with figure_style():
        first, other = draw(), draw()
        other.axes[0].set_ylim(0, 10)
        find_layout(first)
        assert not copy_layout(first, other)


def test_afterwards_a_figure_is_laid_out_anew() -> None:
    with figure_style():
        figure = draw()
        find_layout(figure)
        before = places(figure)
        with keep_layout(figure):
            figure.axes[0].set_ylabel("high")
            figure.draw_without_rendering()
            assert places(figure) == before
        figure.draw_without_rendering()
        assert places(figure) != before


def test_a_figure_without_a_layout_keeps_its_places() -> None:
    with figure_style():
        figure = draw()
        figure.set_layout_engine("none")
        before = places(figure)
        encode_svg(figure)
        assert places(figure) == before
        figure.draw_without_rendering()
        assert places(figure) == before
