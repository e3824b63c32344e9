"""What a sweep looks like: curves with intervals, heat maps, or the spread over the seeds.

The shape follows from the axes, the seed left out: none gives the distribution of the score; one,
or a second one of few values, gives curves; two give a heat map; three give small heat maps.
Further axes are summarised together with the seeds. Few values are also drawn as strips, a dot a
run (`epoque.bench.figures.strip_plot`).

A result that is 0 or 1 in each run (diverged, solved) is aggregated as a proportion instead of the
median.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from ..errors import UnknownNameError, UsageError
from ..lab import lab_of
from ..result_labels import translate_labels
from .heatmaps import draw_heatmap, draw_heatmap_grid
from .number_format import format_number
from .plot import SERIES, add_heading, color, new_figure
from .strip_plot import Strip, draw_strip_plot, strip_legend
from .sweep_data import MAX_CURVES, Floats, SweepData, is_numeric, is_wide
from .ticks import format_axis

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..sweeps.sweep import Sweep

__all__ = ["sweep_figures", "table_figures"]

MAX_BINS = 40
STRIPS_WIDTH = 0.84  # of the distance between two values, for their strips


def sweep_figures(
    sweep: "Sweep",
    language: str = "en",
    score: str = "",
    at: Mapping[str, object] | None = None,
    labels: Mapping[str, str] | None = None,
) -> "Mapping[str, Callable[[], Figure]]":
    """Return what can be drawn of a sweep's folder (see `table_figures`).

    Args:
        sweep: the sweep.
        language: "en" or "fr".
        score: the result to draw; by default the sweep's own score.
        at: axes to hold at one value.
        labels: learner's names for results, in English.

    Raises:
        UsageError: if nothing is measured yet, or an axis never has that value.
        UnknownNameError: if there is no such result or axis.
        DamagedRunError: if the folder cannot be read.
    """
    settings = lab_of(sweep).config_class.settings()
    names = {path: info.label(language) for path, info in settings.items()}
    words = {path: info.choice_words(language) for path, info in settings.items()}
    # An axis is a setting, and a result may be called like one: `seeds`, `precision`.
    results = {name: text for name, text in (labels or {}).items() if name not in sweep.axes}
    names |= translate_labels(results, language)
    fixed = at or {}
    axes = {field: values for field, values in sweep.axes.items() if field not in fixed}
    rows, column = sweep.rows(fixed), score or sweep.score
    return table_figures(rows, axes, column, names, language, words=words)


def table_figures(
    table: "pd.DataFrame",
    axes: Mapping[str, Sequence[object]],
    score: str,
    labels: Mapping[str, str] | None = None,
    language: str = "en",
    *,
    words: Mapping[str, Mapping[str, str]] | None = None,
) -> "Mapping[str, Callable[[], Figure]]":
    """Return the figure of a sweep's table: `distribution`, `curve`, `map` or `maps`.

    Over few values of one axis or two there is also a `strip`.

    The house style (`epoque.bench.figures.plot`) is already active when the function is called.

    Args:
        table: one row a run; a column for each axis, and the results.
        axes: field to its values, as the table holds them.
        score: the result to draw, a column of numbers.
        labels: field to a learner's name for it, in that language.
        language: "en" or "fr".
        words: field to a learner's words for its values, in that language.

    Raises:
        UnknownNameError: if the table lacks the score or an axis.
        UsageError: if no run has a score that is a number.
    """
    for name in (score, *axes):
        if name not in table:
            raise UnknownNameError("column of the sweep named", name, table.columns)
    if table[score].dtype.kind not in "biuf" or not np.isfinite(table[score].astype(float)).any():
        raise UsageError(f"The sweep has no number in {score} yet, so there is nothing to draw.")
    data = SweepData(table, axes, score, labels or {}, language, words=words)
    name = ("distribution", "curve", "map", "maps")[min(len(data.varying_fields), 3)]
    if len(data.varying_fields) == 2 and data.series_field is not None:
        name = "curve"
    names = [name, *(["strip"] if data.fits_strip_plot else [])]
    return {name: partial(_DRAW[name], data) for name in names}


def _draw_distribution(data: SweepData) -> "Figure":
    """Draw how the score is spread over all runs: a histogram, its median and 95 %."""
    scores = data.table[data.score].to_numpy(float)
    scores = scores[np.isfinite(scores)]
    figure = new_figure(2.8)
    axes = figure.add_subplot()
    log = is_wide(scores)
    axes.hist(scores, _bin_edges(scores, log=log).tolist(), color=color("blue"), rwidth=0.92)
    axes.set_xscale("log" if log else "linear")
    low, median, high = np.quantile(scores, [0.025, 0.5, 0.975])
    axes.axvspan(low, high, color=color("vermilion"), alpha=0.15, linewidth=0, zorder=0)
    axes.axvline(median, color=color("vermilion"), linewidth=1.8)
    axes.set_xlabel(data.label(data.score))
    axes.set_ylabel(data.translate("runs"))
    format_axis(axes.xaxis, data.language)
    format_axis(axes.yaxis, data.language, whole=True)
    numbers = [format_number(n, data.language, digits=3) for n in (len(scores), median, low, high)]
    text = data.translate("{count} runs: median {median}, 95 % between {low} and {high}")
    quantities = dict(zip(("count", "median", "low", "high"), numbers, strict=True))
    add_heading(axes, data.label(data.score), text.format(**quantities))
    return figure


def _draw_curve(data: SweepData) -> "Figure":
    """Draw the median along an axis with its 95 % interval, a curve for each other value."""
    series = data.series_field if len(data.varying_fields) == 2 else None
    (along,) = [field for field in data.varying_fields if field != series]
    runs, cubes = data.aggregate(along, *([series] if series else []))
    cubes = {name: cube.reshape(len(cube), -1) for name, cube in cubes.items()}
    figure = new_figure()
    axes = figure.add_subplot()
    if is_wide(cubes["median"]):
        axes.set_yscale("log")
    x = data.set_up_axis(axes.xaxis, along)
    numeric = is_numeric(data.values[along])
    for j, role in zip(range(cubes["median"].shape[1]), SERIES, strict=False):
        median, low, high = (cubes[name][:, j] for name in ("median", "low", "high"))
        text = data.format_value(series, data.values[series][j]) if series else ""
        _draw_line(axes, x, (median, low, high), color(role), text, connected=numeric)
    format_axis(axes.yaxis, data.language)
    if series:
        figure.legend(loc="outside lower center", ncols=MAX_CURVES, title=data.label(series))
    add_heading(axes, data.label(data.score), data.subtitle(runs, interval=True))
    return figure


def _draw_line(
    axes: "Axes",
    x: Floats,
    numbers: tuple[Floats, Floats, Floats],
    ink: str,
    text: str,
    *,
    connected: bool,
) -> None:
    """Draw medians [n] with their intervals: a band along numbers, bars for categories."""
    median, low, high = numbers
    if connected:
        if np.nanmax(high - low) > 0:
            axes.fill_between(x, low, high, color=ink, alpha=0.18, linewidth=0)
        axes.plot(
            x, median, color=ink, label=text, marker="o" if len(x) <= 12 else "", markersize=4
        )
    else:
        axes.vlines(x, low, high, color=ink, alpha=0.5, linewidth=3)
        axes.plot(x, median, "o", color=ink, label=text, markersize=6)


def _draw_strips(data: SweepData) -> "Figure":
    """Draw a dot for each run beside the medians, for each value of one axis or of two."""
    along, *others = sorted(data.varying_fields, key=lambda f: -len(data.values[f]))
    by = others[0] if others else along
    series = data.values[by] if others else [None]
    figure = new_figure(3.4)
    axes = figure.add_subplot()
    width = STRIPS_WIDTH / len(series)
    strips = [
        Strip(i + (j - (len(series) - 1) / 2) * width, 0.94 * width, scores, j)
        for i, value in enumerate(data.values[along])
        for j, other in enumerate(series)
        if len(scores := data.scores({by: other, along: value}))
    ]
    log = is_wide(np.concatenate([strip.finite for strip in strips]))
    axes.set_yscale("log" if log else "linear")
    draw_strip_plot(axes, strips, data.language, log=log)
    data.set_up_categories(axes.xaxis, along)
    format_axis(axes.yaxis, data.language)
    axes.grid(visible=False, axis="x")
    if others:
        keys = strip_legend([data.format_value(by, value) for value in series])
        figure.legend(handles=keys, loc="outside lower center", ncols=5, title=data.label(by))
    count = format_number(max(len(strip.scores) for strip in strips), data.language)
    text = data.translate("each of {count} runs; the median and its 95 % interval")
    add_heading(axes, data.label(data.score), text.format(count=count))
    return figure


def _bin_edges(scores: Floats, *, log: bool) -> Floats:
    """Return the edges of about √n bins, at most `MAX_BINS`."""
    low, high = float(scores.min()), float(scores.max())
    if high - low <= 1e-12 * max(abs(low), abs(high)):
        low, high = low - 0.5, high + 0.5
    count = int(np.clip(np.sqrt(len(scores)), 5, MAX_BINS)) + 1
    edges: Floats = (np.geomspace if log else np.linspace)(low, high, count)
    return edges


_DRAW: Mapping[str, "Callable[[SweepData], Figure]"] = {
    "distribution": _draw_distribution,
    "curve": _draw_curve,
    "strip": _draw_strips,
    "map": draw_heatmap,
    "maps": draw_heatmap_grid,
}
