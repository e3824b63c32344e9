"""What stands for a figure says what its axes and data say, and nothing else."""

import numpy as np
import pytest

from epoque.bench.figures.describe import describe_figure
from epoque.bench.figures.plot import add_heading, color, encode_svg, figure_style, new_figure
from epoque.bench.figures.ticks import format_axis, label_line_ends


def describe(draw, language: str = "en") -> str:
    with figure_style():
        figure = new_figure()
        draw(figure, language)
        encode_svg(figure)
        return describe_figure(figure, language)


def curve(figure, language: str, scale: str = "linear") -> None:
    axes = figure.add_subplot()
    y = [0.5, 0.9, 0.1, 0.25]
    axes.plot([1, 10, 100, 1000], y, color=color("blue"))
    axes.set_xscale(scale)
    axes.set(xlim=(1, 1000), ylim=(0, 1), xlabel="Iteration")
    format_axis(axes.xaxis, language)
    format_axis(axes.yaxis, language)
    label_line_ends(axes, [(y[-1], "the model", color("blue"))])
    add_heading(axes, "Error", "AND, learning rate 0.7")


def test_a_curve_with_its_axes() -> None:
    assert describe(curve) == (
        "Error. AND, learning rate 0.7. "
        "Horizontal axis (Iteration): from 1 to 1,000. Vertical axis: from 0 to 1. "
        "Curve the model: from 0.5 to 0.25, at the lowest 0.1, at the highest 0.9."
    )


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_logarithmic_only_where_it_is(scale: str) -> None:
    text = describe(lambda figure, language: curve(figure, language, scale))
    assert text.count("logarithmic") == (scale == "log")


def test_numbers_follow_the_data_and_the_language() -> None:
    text = describe(curve, "fr")
    assert "1\u202f000" in text
    assert "0,25" in text
    assert "Axe horizontal" in text


def test_points_bars_cells_and_images_are_counted() -> None:
    def draw(figure, language) -> None:
        points, bars, cells = figure.subplots(1, 3)
        points.plot(np.arange(40), np.arange(40), "o")
        points.scatter(np.arange(5), np.arange(5))
        bars.bar(range(7), range(7))
        mesh = cells.pcolormesh(np.arange(12).reshape(3, 4))
        figure.colorbar(mesh, ax=cells)

    text = describe(draw)
    assert "Points drawn: 45." in text
    assert "Bars: 7." in text
    assert "Colored cells: 12, from 0 to 11." in text
    assert text.count("Vertical axis") == 3  # none of the key of the colors


def test_names_along_an_axis_are_read_out() -> None:
    def draw(figure, language) -> None:
        axes = figure.add_subplot()
        axes.plot([0, 1, 2], [3, 4, 5], "o")
        axes.set_xticks([0, 1, 2], ["ring", "grid", "line"])
        axes.set_yticks([3, 4, 5], ["8-8", "16-16", "1998"])

    assert "Horizontal axis: ring, grid, line. Vertical axis: 8-8, 16-16, 1998." in describe(draw)


def test_the_number_of_a_cell_is_no_subtitle() -> None:
    def draw(figure, language) -> None:
        axes = figure.add_subplot()
        axes.set_title("Map", loc="left")
        axes.annotate("0.832", (0, 1))

    assert "0.832" not in describe(draw)


def test_what_is_written_in_a_figure_without_axes() -> None:
    def draw(figure, language) -> None:
        axes = figure.add_subplot()
        axes.axis("off")
        axes.text(0, 0, "the cat")
        axes.imshow(np.zeros((3, 5)))
        add_heading(axes, "Words used alike")

    text = describe(draw)
    assert text.startswith("Words used alike.")
    assert "Image of 5 × 3 cells." in text
    assert "the cat." in text
    assert "axis" not in text


def test_many_pictures_are_told_by_their_names() -> None:
    def draw(figure, language) -> None:
        for i, axes in enumerate(figure.subplots(2, 3).flat):
            axes.set_title(f"iteration {i}")

    text = describe(draw)
    assert "6 pictures side by side: iteration 0, iteration 1" in text


def test_a_curve_without_numbers_is_passed_over() -> None:
    def draw(figure, language) -> None:
        figure.add_subplot().plot([0, 1, 2], [np.nan] * 3)

    assert "Curve" not in describe(draw)
