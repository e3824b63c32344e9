"""Figures that the book draws itself: runs beside one another, and settings in their order.

The house style (`epoque.bench.figures.plot`) is already active when a function is called.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from epoque.bench.errors import UsageError
from epoque.bench.i18n import translator
from epoque.bench.lab import lab_of
from epoque.bench.runs.history import rows_with

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from epoque.bench.runs.run import Run
    from epoque.bench.sweeps.sweep import Sweep

__all__ = ["ranking_figure", "timeline_figure"]

LOG_FROM = 10.0  # times between the least and the greatest number
FEW = 60  # points of a curve below which each is marked
DASHES = ("-", "--", "-.", ":")
MARKERS = "osD^"

Names = tuple[tuple[str, str], ...]
Levels = tuple[tuple[str, float], ...]


def timeline_figure(
    runs: "Sequence[Run]", language: str, column: str, names: Sequence[str], levels: Levels
) -> "Figure":
    """Draw a metric of several runs over the seconds of training.

    Args:
        runs: runs that told the seconds of their steps.
        language: "en" or "fr".
        column: the metric.
        names: what to call each run.
        levels: numbers to compare with, drawn across, and what to call them.

    Raises:
        UsageError: if a run never measured it, or no seconds.
    """
    from epoque.bench.figures.plot import SERIES, add_heading, color, new_figure
    from epoque.bench.figures.ticks import format_axis, label_line_ends

    _ = translator(language)
    curves = [_over_seconds(run, column) for run in runs]
    figure = new_figure(3.6)
    axes = figure.add_subplot()
    values = [value for _x, y in curves for value in y] + [value for _name, value in levels]
    axes.set_yscale("log" if _is_wide(values) else "linear")
    ends = []
    for (x, y), name, role, dash, marker in zip(
        curves, names, SERIES, DASHES, MARKERS, strict=False
    ):
        mark = marker if len(x) < FEW else ""
        axes.plot(x, y, color=color(role), linestyle=dash, marker=mark, markersize=3, zorder=3)
        ends.append((y[-1], name, color(role)))
    for name, value in levels:
        axes.axhline(value, color=color("muted"), linewidth=0.9, linestyle=(0, (1, 2)))
        ends.append((value, name, color("muted")))
    if _is_wide(values):
        axes.set_ylim(min(values) / 1.15, max(values) * 1.15)
    axes.set_xlim(0, max(x[-1] for x, _y in curves))
    format_axis(axes.xaxis, language, whole=True)
    format_axis(axes.yaxis, language)
    axes.set_xlabel(_("Seconds of training"))
    add_heading(axes, _(lab_of(runs[0]).result_labels.get(column, column)))
    label_line_ends(axes, ends)
    return figure


def ranking_figure(
    sweeps: "Sequence[Sweep]", language: str, column: str, names: Names, levels: Levels
) -> "Figure":
    """Draw a result of every setting of a sweep, the best on top.

    Args:
        sweeps: one sweep.
        language: "en" or "fr".
        column: the result, a number.
        names: values of the axes as the sweep holds them, and what to call them.
        levels: numbers to compare with, drawn down, and what to call them.

    Raises:
        UsageError: if no setting has that result.
    """
    from epoque.bench.figures.number_format import format_number
    from epoque.bench.figures.plot import add_heading, color, new_figure
    from epoque.bench.figures.ticks import format_axis

    _ = translator(language)
    rows = _rank(sweeps[0], column, dict(names), language)
    figure = new_figure(1.35 + 0.27 * len(rows))
    axes = figure.add_subplot()
    places, values = range(len(rows)), [value for _name, value in rows]
    numbers = [*values, *(value for _name, value in levels)]
    log = _is_wide(numbers)
    axes.set_xscale("log" if log else "linear")
    low, high = min(numbers), max(numbers)
    span = (low / 1.25, high * 1.6) if log else (min(low, 0), high + 0.15 * (high - min(low, 0)))
    axes.set_xlim(span)
    for name, value in levels:
        axes.axvline(value, color=color("muted"), linewidth=0.9, linestyle=(0, (1, 2)))
        axes.annotate(name, (value, 1), (0, 3), xycoords=("data", "axes fraction"),
                      textcoords="offset points", ha="center", va="bottom", fontsize=8,
                      color=color("muted"))  # fmt: skip
    axes.hlines(places, span[0], values, color=color("grid"), linewidth=1.2)
    axes.plot(values, places, "o", color=color("blue"), markersize=6)
    ground = {"facecolor": color("paper"), "edgecolor": "none", "pad": 1.0}
    for place, value in zip(places, values, strict=True):
        axes.annotate(format_number(value, language, digits=3), (value, place), (7, 0), va="center",
                      textcoords="offset points", fontsize=9, bbox=ground)  # fmt: skip
    axes.set_yticks(places, [name for name, _value in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    format_axis(axes.xaxis, language)
    title = add_heading(
        axes, _(lab_of(sweeps[0]).result_labels.get(column, column)), " " if levels else ""
    )
    title.set_visible(bool(levels))
    return figure


def _over_seconds(run: "Run", column: str) -> tuple[list[float], list[float]]:
    rows = rows_with(run.timed_metrics, column)
    if not len(rows) or "seconds" not in rows:
        raise UsageError(f"{run.id} has not measured {column} over seconds of training.")
    return list(rows["seconds"]), list(rows[column])


def _rank(
    sweep: "Sweep", column: str, names: dict[str, str], language: str
) -> list[tuple[str, float]]:
    """Return each setting's name and number, ascending."""
    table = sweep.table
    if column not in table or table[column].dtype.kind not in "iuf":
        raise UsageError(f"{sweep.id} has no numbers named {column}.")
    varied = [field for field, values in sweep.axes.items() if len(values) > 1]
    settings = lab_of(sweep).config_class.settings()
    words = {field: {**settings[field].choice_words(language), **names} for field in varied}
    ranked = table.dropna(subset=[column]).sort_values(column, kind="stable")
    if not len(ranked):
        raise UsageError(f"{sweep.id} has no numbers named {column}.")
    return [
        (" · ".join(_name(row[field], words[field]) for field in varied), float(row[column]))
        for _index, row in ranked.iterrows()
    ]


def _name(value: Any, names: dict[str, str]) -> str:
    return names.get(str(value), str(value))


def _is_wide(values: Sequence[float]) -> bool:
    return min(values) > 0 and max(values) > LOG_FROM * min(values)
