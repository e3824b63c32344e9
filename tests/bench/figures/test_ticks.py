"""Numbers as each language writes them, and labels that keep apart."""

from math import inf, nan

import numpy as np
import pytest

from epoque.bench.figures.number_format import format_number, to_subscript
from epoque.bench.figures.plot import figure_style, new_figure, render_rgb
from epoque.bench.figures.ticks import format_axis, is_log_spaced, label_line_ends, spread_labels


@pytest.mark.parametrize(
    ("value", "english", "french"),
    [
        (0, "0", "0"),
        (1, "1", "1"),
        (1000, "1,000", "1\N{NARROW NO-BREAK SPACE}000"),
        (12345.678, "12,346", "12\N{NARROW NO-BREAK SPACE}346"),
        (0.1 + 0.2, "0.3", "0,3"),
        (-0.25, "−0.25", "−0,25"),
        (14.4961, "14.5", "14,5"),
        (9.99996, "10", "10"),
        (0.00012345, "0.0001234", "0,0001234"),
        (1e-5, "10⁻⁵", "10⁻⁵"),
        (-1e-9, "−10⁻⁹", "−10⁻⁹"),
        (2.5e-7, "2.5×10⁻⁷", "2,5×10⁻⁷"),
        (1_234_567, "1.235×10⁶", "1,235×10⁶"),
    ],
)
def test_number(value, english, french):
    assert format_number(value) == english
    assert format_number(value, "fr") == french


def test_number_of_fixed_decimals():
    assert format_number(14.5, "en", decimals=2) == "14.50"
    assert format_number(-0.4, "fr", decimals=2) == "−0,40"


def test_subscript():
    assert to_subscript(10) == "₁₀"


@pytest.mark.parametrize(
    ("values", "log"),
    [
        ([0.01, 0.1, 1, 10], True),
        ([10, 22, 46, 100, 215, 464, 1000], True),
        ([0.01, 0.7, 10], True),
        (list(range(100, 2001, 100)), False),
        ([1, 2, 3], False),
        ([-2, -1, 0], False),
        ([1, 100], False),
    ],
)
def test_is_log_spaced(values, log):
    assert is_log_spaced(values) is log


def ticks(scale, limits, language, **options):
    with figure_style():
        figure = new_figure()
        axes = figure.add_subplot()
        axes.set_xscale(scale)
        axes.set_xlim(*limits)
        format_axis(axes.xaxis, language, **options)
        render_rgb(figure, 50)
        return [label.get_text() for label in axes.get_xticklabels()]


def test_ticks_use_the_language_s_decimal_sign():
    assert ticks("linear", (0, 1), "en") == ["0", "0.2", "0.4", "0.6", "0.8", "1"]
    assert ticks("linear", (0, 1), "fr") == ["0", "0,2", "0,4", "0,6", "0,8", "1"]


def test_ticks_of_a_log_axis_are_plain_numbers():
    wanted = {"0,01", "0,1", "1", "10"}
    assert wanted <= set(ticks("log", (0.01, 10), "fr"))
    assert {"1", "2", "5", "10", "20"} <= set(ticks("log", (1, 30), "en"))


def test_whole_ticks_are_whole():
    assert all("." not in text for text in ticks("linear", (0, 3), "en", whole=True))


def test_spread_keeps_what_is_apart_and_parts_what_is_not():
    assert spread_labels([0.1, 0.9, 0.5], 0.1) == pytest.approx([0.1, 0.9, 0.5])
    assert spread_labels([0.5, 0.5], 0.1) == pytest.approx([0.45, 0.55])
    assert spread_labels([0.0, 0.0, 0.0], 0.1) == pytest.approx([0.0, 0.1, 0.2])
    assert spread_labels([1.0, 1.0], 0.1) == pytest.approx([0.9, 1.0])
    rng = np.random.default_rng(0)
    places = np.sort(spread_labels(rng.random(8).tolist(), 0.08))
    assert np.diff(places).min() >= 0.08 - 1e-12
    assert places.min() >= 0
    assert places.max() <= 1


def test_labels_stand_beside_the_ends_of_their_curves():
    with figure_style():
        figure = new_figure()
        axes = figure.add_subplot()
        axes.plot([0, 1], [0, 10])
        label_line_ends(axes, [(10.0, "high", "blue"), (2.5, "low", "red")])
        render_rgb(figure, 50)
        heights = {text.get_text(): text.xy[1] for text in axes.texts}
        bottom, top = axes.get_ylim()
    assert heights["low"] == pytest.approx((2.5 - bottom) / (top - bottom))
    assert heights["high"] == pytest.approx((10 - bottom) / (top - bottom))


def test_what_is_no_number_is_written_as_none() -> None:
    for decimals in (None, 1):
        told = [format_number(value, "fr", decimals=decimals) for value in (nan, inf, -inf)]
        assert told == ["–", "∞", "−∞"]
