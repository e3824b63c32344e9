"""Strips show every run, and the median with an interval that can be trusted."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from epoque.bench.figures.plot import encode_svg, figure_style, new_figure
from epoque.bench.figures.strip_plot import Strip, draw_strip_plot
from epoque.bench.figures.sweep_figures import table_figures
from epoque.bench.sweeps.aggregate import median_confidence_interval, wilson_interval

SEEDS = 64


def swept(**axes):
    rows = pd.MultiIndex.from_product([*axes.values(), range(SEEDS)], names=[*axes, "seed"])
    table = rows.to_frame(index=False)
    scores = np.random.default_rng(2).gamma(2.0, size=len(table))
    return table.assign(score=scores), {**axes, "seed": tuple(range(SEEDS))}


def draw(name="strip", language="en", **axes):
    table, axes = swept(**axes)
    with figure_style():
        figure = table_figures(table, axes, "score", {}, language)[name]()
        encode_svg(figure)
    return table, figure


def dots(axes):
    return [line.get_ydata() for line in axes.lines if line.get_marker() != "None"]


def test_every_run_is_a_dot_and_every_median_a_line():
    layers = ("2", "10,10", "64,64,64,64")
    table, figure = draw(**{"generator.layers": layers})
    (axes,) = figure.axes
    for layer, shown in zip(layers, dots(axes), strict=True):
        np.testing.assert_array_equal(shown, table.score[table["generator.layers"] == layer])
    heights = [lines.get_segments()[0][0, 1] for lines in axes.collections]
    assert heights == pytest.approx(
        [table.score[table["generator.layers"] == n].median() for n in layers]
    )
    assert [t.get_text() for t in axes.get_xticklabels()] == ["2", "10-10", "64-64-64-64"]
    assert axes.texts[0].get_text() == "each of 64 runs; the median and its 95 % interval"


def test_two_axes_stand_beside_each_other_with_a_key():
    table, figure = draw(data=("ring", "line"), noise=("a", "b", "c"))
    (axes,) = figure.axes
    assert [text.get_text() for text in figure.legends[0].texts] == ["ring", "line"]
    assert axes.get_xlabel() == "Noise"
    second = table.score[(table.noise == "a") & (table.data == "line")]
    np.testing.assert_array_equal(dots(axes)[1], second)
    assert {line.get_marker() for line in axes.lines} == {"o", "D"}


def test_dots_keep_to_their_width_and_do_not_coincide():
    strips = [Strip(place, 0.4, np.random.default_rng(1).normal(size=500)) for place in (0, 1)]
    with figure_style():
        axes = new_figure().add_subplot()
        draw_strip_plot(axes, strips, "en", log=False)
    for line, strip in zip(axes.lines, strips, strict=True):
        x = np.asarray(line.get_xdata())
        assert np.abs(x - strip.position).max() <= 0.2
        assert len(np.unique(np.round(x, 6))) > 30


def test_runs_without_a_number_are_counted():
    scores = np.r_[np.nan, np.nan, np.arange(10.0)]
    with figure_style():
        axes = new_figure().add_subplot()
        draw_strip_plot(axes, [Strip(0, 1, scores), Strip(1, 1, np.arange(3.0))], "en", log=False)
    assert [text.get_text() for text in axes.texts] == ["2 without"]
    assert len(axes.patches) == 1  # three runs have no interval of 95 %


def test_a_strip_is_there_where_dots_have_room():
    for axes, there in (
        ({"noise": ("a", "b")}, True),
        ({"rate": tuple(range(8))}, True),
        ({"rate": tuple(range(9))}, False),
        ({"rate": (1, 2, 3), "noise": ("a", "b", "c")}, False),
        ({}, False),
    ):
        table, whole = swept(**axes)
        assert ("strip" in table_figures(table, whole, "score")) is there
    one = table[table.seed == 0]
    assert "strip" not in table_figures(one, {"seed": (0,)}, "score")


def test_a_result_of_yes_and_no_is_told_as_a_share():
    table, axes = swept(noise=("a", "b"), data=("c", "d"))
    table["lost"] = (table.noise == "b") & (table.seed % 4 == 0)
    with figure_style():
        draws = table_figures(table, axes, "lost", {}, "fr")
        assert list(draws) == ["map"]
        figure = draws["map"]()
        figure.draw_without_rendering()
    main, bar = figure.axes
    cells = [text.get_text() for text in main.texts if "%" in text.get_text()]
    assert sorted(cells) == ["0\u202f%", "0\u202f%", "25\u202f%", "25\u202f%"]
    assert all(t.get_text().endswith("%") for t in bar.get_yticklabels())


@pytest.mark.parametrize("n", [6, 8, 20, 64, 65, 200])
def test_the_interval_of_a_median_holds_it_in_95_percent_and_is_no_wider(n):
    values = np.arange(n, dtype=float)
    middle, low, high = median_confidence_interval(np.r_[values[::-1], np.nan])
    rank = int(low) + 1
    assert middle == pytest.approx((n - 1) / 2)
    assert high == n - rank
    assert binom.cdf(rank - 1, n, 0.5) <= 0.025 < binom.cdf(rank, n, 0.5)


def test_too_few_numbers_have_no_interval():
    assert median_confidence_interval([1.0, 2.0, 3.0, 4.0, 5.0]) == (3.0, -np.inf, np.inf)
    assert np.isnan(median_confidence_interval([np.nan])).all()


def test_shares_of_columns_are_those_of_numbers():
    counts, trials = np.array([0, 3, 20]), np.array([20, 20, 20])
    columns = np.array(wilson_interval(counts, trials))
    for i in range(3):
        np.testing.assert_allclose(columns[:, i], wilson_interval(int(counts[i]), int(trials[i])))
    assert columns[1, 0] == 0
    assert columns[2, 2] == 1
