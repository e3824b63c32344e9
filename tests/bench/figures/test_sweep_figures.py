"""The figure of a sweep follows from its axes, and shows the table's numbers."""

from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import QuadMesh
from matplotlib.colors import LogNorm, Normalize

from epoque.bench.errors import UnknownNameError, UsageError
from epoque.bench.figures import heatmaps
from epoque.bench.figures.plot import encode_svg, figure_style
from epoque.bench.figures.sweep_figures import table_figures
from epoque.bench.i18n import translator

RATES = [float(f"{rate:.12g}") for rate in np.geomspace(0.01, 10, 13)]
SEEDS = tuple(range(20))
LABELS = {"learning_rate": "Learning rate", "iterations": "Iterations"}


def swept(**axes):
    """Return a table over a grid, and its axes; the score depends on each of them."""
    axes = {field: tuple(values) for field, values in axes.items()}
    table = pd.DataFrame(list(product(*axes.values())), columns=list(axes))
    rng = np.random.default_rng(1)
    speed = np.exp(0.3 * rng.standard_normal(len(table)))
    for field, factor in (("learning_rate", 50), ("iterations", 0.02)):
        if field in table:
            speed = speed * table[field] * factor
    if "update" in table:
        speed = speed * table["update"].map({"online": 1.0, "batch": 0.3})
    return table.assign(final_error=0.9 / (1 + speed)), axes


def draw(language="en", theme="light", score="final_error", **axes):
    table, axes = swept(**axes)
    with figure_style(theme):
        labels = {field: translator(language)(label) for field, label in LABELS.items()}
        name, function = next(iter(table_figures(table, axes, score, labels, language).items()))
        figure = function()
        encode_svg(figure)  # a glyph that is missing would warn here, and a warning is an error
    return name, figure, table


def test_seeds_alone_give_a_distribution():
    name, figure, table = draw(seed=range(400))
    (axes,) = figure.axes
    heights = [patch.get_height() for patch in axes.patches if patch.get_height() > 1.5]
    assert name == "distribution"
    assert sum(p.get_height() for p in axes.containers[0]) == 400
    assert max(heights) < 400
    median = axes.lines[0].get_xdata()[0]
    assert median == pytest.approx(table.final_error.median())
    assert f"400 runs: median {median:.3g}" in axes.texts[0].get_text()


def test_one_axis_gives_the_median_and_its_interval():
    name, figure, table = draw(learning_rate=RATES, seed=SEEDS)
    (axes,) = figure.axes
    groups = table.groupby("learning_rate").final_error
    x, y = axes.lines[0].get_data()
    assert name == "curve"
    assert axes.get_xscale() == "log"
    assert axes.get_xlabel() == "Learning rate"
    assert axes.get_title("left") == "Final error"
    np.testing.assert_array_equal(x, RATES)
    np.testing.assert_allclose(y, groups.median())
    band = axes.collections[0].get_paths()[0].vertices[:, 1]
    assert band.min() == pytest.approx(groups.quantile(0.025).min())
    assert band.max() == pytest.approx(groups.quantile(0.975).max())
    assert axes.texts[0].get_text() == "median and 95 % interval of 20 runs per point"


def test_without_seeds_there_is_no_interval():
    _, figure, table = draw(learning_rate=RATES)
    (axes,) = figure.axes
    assert not axes.collections
    np.testing.assert_allclose(axes.lines[0].get_ydata(), table.final_error)
    assert axes.texts[0].get_text() == "one run per point"


def test_values_need_not_be_in_order():
    table, axes = swept(learning_rate=RATES[::-1], seed=SEEDS)
    with figure_style():
        figure = table_figures(table, axes, "final_error")["curve"]()
    x, y = figure.axes[0].lines[0].get_data()
    np.testing.assert_array_equal(x, RATES)
    np.testing.assert_allclose(y, table.groupby("learning_rate").final_error.median())


def test_categories_are_not_joined():
    name, figure, table = draw(update=["online", "batch"], seed=SEEDS)
    (axes,) = figure.axes
    assert name == "curve"
    assert axes.lines[0].get_linestyle() == "None"
    assert [t.get_text() for t in axes.get_xticklabels()] == ["online", "batch"]
    medians = table.groupby("update").final_error.median()[["online", "batch"]]
    np.testing.assert_allclose(axes.lines[0].get_ydata(), medians)


def test_few_values_of_a_second_axis_are_a_curve_each():
    name, figure, table = draw(learning_rate=RATES, update=["online", "batch"], seed=SEEDS)
    (axes,) = figure.axes
    assert name == "curve"
    assert [text.get_text() for text in figure.legends[0].texts] == ["online", "batch"]
    for line, update in zip(axes.lines, ("online", "batch"), strict=True):
        part = table[table["update"] == update].groupby("learning_rate").final_error.median()
        np.testing.assert_allclose(line.get_ydata(), part)


def test_two_axes_give_a_heat_map_with_contours():
    name, figure, table = draw(
        learning_rate=RATES, iterations=[10, 30, 100, 300, 1000, 3000], seed=SEEDS
    )
    axes, bar = figure.axes
    mesh = axes.collections[0]
    wanted = table.groupby(["iterations", "learning_rate"]).final_error.median().unstack()
    assert name == "map"
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    np.testing.assert_allclose(mesh.get_array().reshape(6, 13), wanted.to_numpy())
    assert isinstance(mesh.norm, LogNorm)
    lines = axes.collections[1]
    assert len(lines.levels) >= 2
    np.testing.assert_allclose(np.log10(lines.levels), np.round(np.log10(lines.levels)))
    assert bar.get_ylim() == pytest.approx((wanted.min().min(), wanted.max().max()))
    x = mesh.get_coordinates()[0, :, 0]
    np.testing.assert_allclose(np.sqrt(x[1:] * x[:-1]), RATES)  # each value in its cell's middle


def test_few_cells_have_their_number_written():
    name, figure, table = draw("fr", update=["online", "batch"], init=["a", "b"], seed=SEEDS)
    written = {text.get_text() for text in figure.axes[0].texts[:4]}
    medians = table.groupby(["update", "init"]).final_error.median()
    assert name == "map"
    assert written == {f"{median:.3g}".replace(".", ",") for median in medians}


def test_a_third_axis_gives_small_maps():
    name, figure, table = draw(
        learning_rate=RATES, iterations=range(100, 701, 100), update=["online", "batch"], seed=[0]
    )
    *maps, _ = figure.axes
    assert name == "maps"
    assert [axes.get_title() or axes.get_title("left") for axes in maps] == ["online", "batch"]
    for axes, update in zip(maps, ("online", "batch"), strict=True):
        part = table[table["update"] == update].pivot_table(
            index="iterations", columns="learning_rate", values="final_error"
        )
        np.testing.assert_allclose(axes.collections[0].get_array().reshape(7, 13), part)
    assert figure.get_suptitle() == "Final error by update"


def test_a_fourth_axis_is_summarised():
    name, figure, table = draw(
        learning_rate=RATES, iterations=range(1, 8), init=list("abc"), update=["online", "batch"]
    )
    assert name == "maps"
    part = table[table.init == "a"].groupby(["iterations", "learning_rate"]).final_error.median()
    shown = figure.axes[0].collections[0].get_array()
    np.testing.assert_allclose(shown.reshape(7, 13), part.unstack())


def test_at_most_nine_maps():
    steps = list(range(10, 210, 10))
    _, figure, _ = draw(learning_rate=RATES, iterations=steps, init=steps[:12])
    assert sum(axes.get_visible() for axes in figure.axes) == 9 + 1


def test_undefined_scores_are_left_out_and_missing_cells_are_empty():
    table, axes = swept(learning_rate=RATES, iterations=range(1, 8), seed=SEEDS)
    first = (table.learning_rate == RATES[0]) & (table.iterations == 1)
    table.loc[first, "final_error"] = np.nan
    table.loc[(table.learning_rate == RATES[1]) & (table.seed > 9), "final_error"] = np.nan
    with figure_style():
        figure = table_figures(table, axes, "final_error")["map"]()
        encode_svg(figure)
    shown = figure.axes[0].collections[0].get_array().reshape(7, 13)
    assert np.ma.getmaskarray(shown)[0, 0]
    assert np.ma.count_masked(shown) == 1
    half = table[(table.learning_rate == RATES[1]) & (table.iterations == 1)].final_error
    assert shown[0, 1] == pytest.approx(half.median())


def test_a_constant_score_can_be_drawn():
    for axes in ({"seed": range(9)}, {"learning_rate": RATES, "iterations": range(1, 8)}):
        table, axes = swept(**axes)
        with figure_style():
            for function in table_figures(table.assign(solved=1.0), axes, "solved").values():
                encode_svg(function())


@pytest.mark.parametrize(
    "axes",
    [
        {"seed": range(50)},
        {"learning_rate": RATES, "seed": SEEDS},
        {"learning_rate": RATES, "iterations": range(1000, 8000, 1000), "seed": [0, 1]},
        {"learning_rate": RATES, "iterations": range(1, 8), "update": ["online", "batch"]},
    ],
)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_french_has_no_decimal_point(axes, theme):
    _, figure, _ = draw("fr", theme, **axes)
    for part in figure.axes:
        for label in (*part.get_xticklabels(), *part.get_yticklabels(), *part.texts):
            assert "." not in label.get_text()


def test_the_same_table_gives_the_same_bytes():
    axes = {"learning_rate": RATES, "iterations": range(1, 9), "seed": SEEDS}
    assert encode_svg(draw(**axes)[1]) == encode_svg(draw(**axes)[1])


def test_a_large_map_is_a_small_file():
    rates = np.geomspace(0.01, 10, 100).tolist()
    _, figure, _ = draw(learning_rate=rates, iterations=range(1, 101))
    assert len(encode_svg(figure)) < 300_000  # a path for each cell would take megabytes


def test_bad_input_is_one_sentence():
    table, axes = swept(learning_rate=RATES, seed=SEEDS)
    with pytest.raises(UnknownNameError, match=r"'final_eror'\. Did you mean final_error\?"):
        table_figures(table, axes, "final_eror")
    with pytest.raises(UnknownNameError, match="'iterations'"):
        table_figures(table, {**axes, "iterations": (1, 2)}, "final_error")
    with pytest.raises(UsageError, match="no number in final_error"):
        table_figures(table.assign(final_error=np.nan), axes, "final_error")
    with pytest.raises(UsageError, match="no number in final_error"):
        table_figures(table.assign(final_error="x"), axes, "final_error")
    with pytest.raises(UsageError, match="no language 'de'"):
        table_figures(table, axes, "final_error", {}, "de")


@pytest.mark.parametrize(("language", "told"), [("en", "a cell is"), ("fr", "une case est")])
def test_a_map_of_more_cells_than_pixels_is_drawn_by_blocks(monkeypatch, language, told):
    monkeypatch.setattr(heatmaps, "MAX_CELLS", 20)
    monkeypatch.setattr(heatmaps, "MAX_CONTOUR_CELLS", 10)
    rates = [float(f"{rate:.12g}") for rate in np.geomspace(0.01, 10, 50)]
    name, figure, table = draw(language, learning_rate=rates, iterations=range(100, 4100, 100))
    mesh = next(c for c in figure.axes[0].collections if isinstance(c, QuadMesh))
    cells = np.asarray(mesh.get_array())
    assert (name, cells.shape) == ("map", (20, 20))
    block = table[table.iterations.isin([100, 200]) & table.learning_rate.isin(rates[:2])]
    mean = np.exp(np.log(block.final_error).mean()) if mesh.norm.vmin > 0 else None
    values = {block.final_error.mean(), mean}
    assert any(cells[0, 0] == pytest.approx(value) for value in values if value)
    (subtitle,) = (t.get_text() for t in figure.axes[0].texts if "×" in t.get_text())
    assert told in subtitle
    assert "3 × 2" in subtitle


def test_blocks_leave_out_what_is_undefined():
    median = np.array([[1.0, 3.0, np.nan], [np.inf, np.nan, np.nan], [5.0, 5.0, 7.0]])
    places = np.arange(3.0), np.arange(3.0)
    (x, y), cells = heatmaps._downsample(places, median, Normalize(0, 7), 2)
    np.testing.assert_array_equal(cells, [[1.0, 3.0], [5.0, 6.0]])
    np.testing.assert_array_equal(x, y)
    assert heatmaps._downsample(places, median, Normalize(0, 7), 3)[1] is median


def test_a_map_of_a_million_cells_is_small():
    many = np.geomspace(0.01, 10, 1000), np.linspace(-2, 2, 1000)
    rates, lows = np.meshgrid(*many, indexing="ij")
    noise = 0.05 * np.random.default_rng(0).random(rates.shape)
    score = np.abs(np.sin(rates) * lows) + noise
    columns = {"learning_rate": rates, "init_low": lows, "final_error": score}
    table = pd.DataFrame({name: column.ravel() for name, column in columns.items()})
    axes = dict(zip(columns, map(tuple, many), strict=False))
    with figure_style():
        figure = table_figures(table, axes, "final_error")["map"]()
        assert len(encode_svg(figure)) < 1_000_000


def test_the_words_around_a_single_row_of_maps_do_not_overlap():
    table, axes = swept(learning_rate=RATES, iterations=(10, 100, 1000), update=("online", "batch"))
    labels = {"iterations": "Taux d’apprentissage du générateur", "final_error": "Distance tardive"}
    with figure_style():
        figure = table_figures(table, axes, "final_error", labels, "fr")["maps"]()
        encode_svg(figure)
        boxes = [text.get_window_extent() for text in figure.texts if text.get_text()]
    assert len(boxes) == 3
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))
