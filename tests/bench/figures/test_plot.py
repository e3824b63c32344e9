"""The house style: colours that all can tell apart, and the same bytes for the same figure."""

import os
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

from epoque.bench.errors import RunWriteError, UnknownNameError
from epoque.bench.figures.plot import (
    SERIES,
    add_heading,
    color,
    encode_png,
    encode_svg,
    figure_style,
    mix_colors,
    new_figure,
    render_rgb,
    save_figure,
)
from epoque.bench.figures.styles import HOUSE
from epoque.bench.figures.ticks import format_default_ticks

THEMES = ("light", "dark")

# Machado, Oliveira and Fernandes 2009, "A physiologically-based model for simulation of color
# vision deficiency", table 1, severity 1.0; on linear RGB.
VISIONS = {
    "normal": np.eye(3),
    "protan": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deutan": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritan": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def linear(hex_color):
    c = np.array(to_rgb(hex_color))
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def luminance(hex_color):
    return float(linear(hex_color) @ [0.2126, 0.7152, 0.0722])


def contrast(one, other):
    """WCAG 2.2's contrast ratio."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def lab(rgb):
    """CIE 1976 L*a*b* of linear sRGB under D65."""
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    x = np.array(to_xyz) @ np.clip(rgb, 0, 1) / [0.9505, 1, 1.089]
    f = np.where(x > 0.008856, np.cbrt(x), 7.787 * x + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("vision", VISIONS)
def test_series_differ_for_every_vision(theme, vision):
    seen = {role: lab(VISIONS[vision] @ linear(HOUSE.colors[theme][role])) for role in SERIES}
    for one, other in combinations(SERIES, 2):
        assert np.linalg.norm(seen[one] - seen[other]) > 20, (one, other)


@pytest.mark.parametrize("theme", THEMES)
def test_colors_stand_out_from_the_paper(theme):
    palette = HOUSE.colors[theme]
    for role in SERIES:
        assert contrast(palette[role], palette["paper"]) >= 3
    assert contrast(palette["ink"], palette["paper"]) >= 12
    assert contrast(palette["muted"], palette["paper"]) >= 4.5


def draw(theme="light"):
    with figure_style(theme):
        figure = new_figure()
        axes = figure.add_subplot()
        axes.plot([0, 1, 2], [0.0, 1.5, -1.0])
        axes.plot([0, 1, 2], [1.0, 0.5, 2.0], "--")
        axes.imshow(np.linspace(0, 1, 12).reshape(3, 4), extent=(0, 2, -1, 2), alpha=0.5)
        add_heading(axes, "Époque: l’été, ça dépend", "où $x_1$ coûte 5 $ − œuvre")
        axes.set_xlabel("Itération")
    return figure


def test_a_figure_gives_the_same_bytes_each_time():
    figure = draw()
    first = encode_png(figure), encode_svg(figure)
    assert (encode_png(figure), encode_svg(figure)) == first
    again = draw()
    assert (encode_png(again), encode_svg(again)) == first


def test_two_processes_give_the_same_bytes():
    code = (
        "import sys, hashlib; sys.path.insert(0, sys.argv[1]); import test_plot as t;"
        "f = t.draw('dark');"
        "print(hashlib.sha256(t.encode_png(f) + t.encode_svg(f)).hexdigest())"
    )
    here = str(Path(__file__).parent)
    digests = {
        subprocess.run(
            [sys.executable, "-c", code, here],
            env={**os.environ, "PYTHONHASHSEED": seed, "SOURCE_DATE_EPOCH": ""},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1


def test_files_say_neither_date_nor_program():
    figure = draw()
    svg, png = encode_svg(figure), encode_png(figure)
    assert b"<dc:date>" not in svg
    assert b"<dc:creator>" not in svg
    assert b"Software" not in png
    assert b"tEXt" not in png


def test_letters_are_shapes_and_a_dollar_is_a_dollar():
    svg = encode_svg(draw()).decode()
    assert "<text" not in svg
    assert "<!-- où $x_1$ coûte 5 $ − œuvre -->" in svg


@pytest.mark.parametrize(("theme", "paper"), [("light", (255,) * 3), ("dark", (20, 22, 26))])
def test_the_background_is_the_theme_s_paper(theme, paper):
    pixels = render_rgb(draw(theme), 50)
    assert tuple(pixels[0, 0]) == paper
    assert pixels.shape == (155, 250, 3)
    assert pixels.dtype == np.uint8


def test_the_user_s_own_settings_change_nothing():
    wanted = encode_svg(draw())
    with mpl.rc_context({"font.size": 30, "lines.linewidth": 9, "svg.fonttype": "none"}):
        assert encode_svg(draw()) == wanted


def test_the_style_ends_with_its_block():
    before = dict(mpl.rcParams)
    with figure_style("dark"):
        assert color("paper") == HOUSE.colors["dark"]["paper"]
        assert mpl.rcParams["axes.facecolor"] == HOUSE.colors["dark"]["paper"]
        with figure_style("light"):
            assert color("paper") == HOUSE.colors["light"]["paper"]
        assert color("paper") == HOUSE.colors["dark"]["paper"]
    assert dict(mpl.rcParams) == before
    assert color("paper") == HOUSE.colors["light"]["paper"]


@pytest.mark.parametrize("letters", [1, 40, 70, 85])
def test_a_subtitle_stays_on_the_page(letters):
    with figure_style():
        figure = new_figure()
        axes = figure.add_subplot()
        text = add_heading(axes, "Poids", "n" * letters)
        encode_svg(figure)
        box = text.get_window_extent()
    assert box.x0 > 0
    assert box.x1 < figure.bbox.x1


def test_mix_goes_from_one_color_to_the_other():
    assert mix_colors("blue", 1) == HOUSE.colors["light"]["blue"]
    assert mix_colors("blue", 0) == HOUSE.colors["light"]["paper"]
    assert mix_colors("blue", 0.5, "blue") == HOUSE.colors["light"]["blue"]


def test_saving_writes_both_files(tmp_path):
    save_figure(draw(), tmp_path / "learning_rate=0.7")
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "learning_rate=0.7.png",
        "learning_rate=0.7.svg",
    ]
    with Image.open(tmp_path / "learning_rate=0.7.png") as image:
        assert image.size == (1000, 620)


def test_a_folder_that_is_gone_is_one_clear_error(tmp_path):
    with pytest.raises(
        RunWriteError, match=r"Cannot write .*error\.png: the folder does not exist"
    ):
        save_figure(draw(), tmp_path / "gone" / "error")


@pytest.mark.parametrize(
    ("language", "ticks"),
    [("en", {"0.2", "10", "10⁻⁵"}), ("fr", {"0,2", "10", "10⁻⁵"})],
)
def test_axes_left_to_matplotlib_are_written_as_the_language_writes(
    language: str, ticks: set[str]
) -> None:
    with figure_style():
        figure = new_figure()
        axes = figure.add_subplot()
        axes.semilogy([0.0, 0.5, 1.0], [1e-5, 1e-2, 10])
        format_default_ticks(figure, language)
        render_rgb(figure, 50)
    texts = {
        label.get_text() for axis in (axes.xaxis, axes.yaxis) for label in axis.get_ticklabels()
    }
    assert ticks <= texts
    assert not any("$" in text for text in texts)


def test_a_figure_is_never_saved_with_ticks_that_are_formulas(tmp_path: Path) -> None:
    with figure_style():
        figure = new_figure()
        axes = figure.add_subplot()
        axes.semilogy([1e-5, 1e-2, 10])
        axes.xaxis.set_major_formatter("{x:.3f}")
        save_figure(figure, tmp_path / "loss")
    assert "10⁻⁵" in [label.get_text() for label in axes.get_yticklabels()]
    assert "1.000" in [label.get_text() for label in axes.get_xticklabels()]


def test_a_color_that_is_no_role_is_refused_with_the_roles() -> None:
    with (
        figure_style(),
        pytest.raises(UnknownNameError, match=r"no color .xyz.\. There are .*blue"),
    ):
        color("xyz")
