"""One SVG holds both themes, and gives each of them back."""

import re

import numpy as np

from epoque.bench.figures.compact_svg import ID_MARK
from epoque.bench.figures.plot import color, figure_style, mix_colors, new_figure
from epoque.bench.figures.styles import HOUSE
from epoque.bench.figures.themed_svg import MOST_MARKERS, ThemedSvg, draw_themed


def draw():
    figure = new_figure()
    axes = figure.add_subplot()
    axes.plot([0, 1, 2], [0.0, 1.5, -1.0], color=color("blue"))
    axes.plot([0, 1, 2], [1.0, 0.5, 2.0], "o", color=mix_colors("green", 0.5))
    axes.set_title("Époque & <l’été>")
    return figure


def draw_image():
    figure = new_figure()
    pixels = np.tile(np.array([int(color("paper")[1:3], 16)], np.uint8), (4, 4, 3))
    figure.add_subplot().imshow(pixels)
    return figure


def inline(svg: ThemedSvg) -> str:
    return svg.inline("f1-", lambda pair: f"var({pair[0]},{pair[1]})")


def test_colors_come_in_pairs() -> None:
    svg = draw_themed(draw, "en")
    light, dark = HOUSE.colors["light"], HOUSE.colors["dark"]
    text = inline(svg)
    for role in ("blue", "ink", "muted", "grid", "paper"):
        assert f"var({light[role]},{dark[role]})" in text
    assert not re.search(r"(?<!var\()(?<!,)#[0-9a-f]{6}", text)
    assert "f1-0" in text
    assert ID_MARK not in text
    assert "Époque &amp; &lt;l’été&gt;" in text


def test_each_theme_comes_back() -> None:
    svg = draw_themed(draw, "en")
    for theme in ("light", "dark"):
        text = svg.plain(theme).decode()
        assert HOUSE.colors[theme]["blue"] in text
        other = "dark" if theme == "light" else "light"
        assert HOUSE.colors[other]["blue"] not in text
        assert text.startswith('<svg width="360pt"')


def test_an_image_that_differs_is_there_twice() -> None:
    text = inline(draw_themed(draw_image, "en"))
    assert text.count("<image") == 2
    assert re.search(r'<g class="light"><image [^>]*/></g><g class="dark"><image ', text)


def test_an_image_that_is_the_same_is_there_once() -> None:
    def same():
        figure = new_figure()
        figure.add_subplot().imshow(np.zeros((4, 4, 3), np.uint8))
        return figure

    assert inline(draw_themed(same, "en")).count("<image") == 1


def test_drawings_that_differ_otherwise_are_both_there() -> None:
    def differs():
        figure = draw()
        if color("paper") == HOUSE.colors["dark"]["paper"]:
            figure.axes[0].plot([0, 1], [0, 1], color=color("ink"))
        return figure

    text = inline(draw_themed(differs, "en"))
    assert text.count('<g class="light">') == text.count('<g class="dark">') == 1
    assert text.count("Époque") == 2


def test_thousands_of_points_become_an_image() -> None:
    def crowd(count: int):
        figure = new_figure()
        points = np.random.default_rng(0).normal(size=(2, count))
        figure.add_subplot().plot(*points, "o", color=color("blue"))
        return figure

    few, many = (inline(draw_themed(lambda n=n: crowd(n), "en")) for n in (100, MOST_MARKERS + 1))
    assert "<image" not in few
    assert few.count("<use") > 100
    assert "<image" in many
    assert many.count("<use") < 100


def test_points_of_several_series_are_counted_together() -> None:
    def crowds():
        figure = new_figure()
        for axes in figure.subplots(2, 2).flat:
            axes.plot(*np.random.default_rng(0).normal(size=(2, MOST_MARKERS // 3)), "o")
        return figure

    text = inline(draw_themed(crowds, "en"))
    assert "<image" in text
    assert text.count("<use") < MOST_MARKERS // 3


def test_the_same_drawing_gives_the_same_parts() -> None:
    assert draw_themed(draw, "fr") == draw_themed(draw, "fr")


def test_the_light_figure_is_shown_when_it_is_laid_out() -> None:
    seen = []

    def look(figure) -> None:
        seen.append([label.get_text() for label in figure.axes[0].get_yticklabels()])

    with figure_style():
        draw_themed(draw, "fr", look)
    assert len(seen) == 1
    assert "−0,5" in seen[0]
