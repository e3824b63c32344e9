"""Axes of every figure: ticks as a language writes numbers, and names at the ends of lines."""

from collections.abc import Sequence
from itertools import pairwise
from math import log10
from typing import TYPE_CHECKING

from matplotlib.ticker import (
    FuncFormatter,
    LogFormatterSciNotation,
    LogLocator,
    MaxNLocator,
    NullFormatter,
    NullLocator,
    ScalarFormatter,
)

from .number_format import format_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

__all__ = [
    "format_axis",
    "format_default_ticks",
    "format_ticks",
    "is_log_spaced",
    "label_line_ends",
    "spread_labels",
]

LINE_HEIGHT = 12.0  # points between two labels, one above the other


def format_axis(axis: "Axis", language: str, *, whole: bool = False) -> None:
    """Write an axis' ticks with `format_number`; call it after the scale and the limits are set.

    A log axis of less than two decades also labels 2 and 5 in each decade.

    Args:
        axis: `axes.xaxis` or `axes.yaxis`.
        language: "en" or "fr".
        whole: whether only whole numbers make sense (iterations).
    """
    low, high = sorted(axis.get_view_interval())
    if axis.get_scale() == "log":
        near = log10(high / low) < 2
        axis.set_major_locator(LogLocator(subs=(1, 2, 5) if near else (1,), numticks=9))
        axis.set_minor_locator(NullLocator() if near else LogLocator(subs="auto", numticks=9))
        axis.set_minor_formatter(NullFormatter())
    else:
        axis.set_major_locator(MaxNLocator(6, integer=whole, steps=[1, 2, 2.5, 5, 10]))
    format_ticks(axis, language)


def format_ticks(axis: "Axis", language: str) -> None:
    """Write an axis' ticks with `format_number`, wherever they are."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: format_number(value, language, 6)))


def format_default_ticks(figure: "Figure", language: str) -> None:
    """Write those ticks of a figure with `format_number` that matplotlib would write its own way.

    It writes numbers in English only, and powers as formulas, which the house's figures do not set
    (a $ in a name of the user's is a dollar). Axes that have a formatter of their own keep it.

    Args:
        figure: when all of it is drawn.
        language: "en" or "fr".
    """
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            kind = type(axis.get_major_formatter())
            if kind is LogFormatterSciNotation and axis.get_scale() == "log":
                format_axis(axis, language)
            elif kind in (ScalarFormatter, LogFormatterSciNotation):
                format_ticks(axis, language)


def is_log_spaced(values: Sequence[float]) -> bool:
    """Return whether ascending values span a decade and are more even on a log scale."""
    if len(values) < 3 or values[0] <= 0 or values[-1] < 10 * values[0]:
        return False

    def unevenness(places: Sequence[float]) -> float:
        steps = [b - a for a, b in pairwise(places)]
        return (max(steps) - min(steps)) / (places[-1] - places[0])

    return unevenness([log10(value) for value in values]) < unevenness(values)


def label_line_ends(axes: "Axes", ends: Sequence[tuple[float, str, str]]) -> None:
    """Name curves at their right ends, beside the axes, moved apart where they would overlap.

    It fixes the limits of the y axis, so call it after everything is drawn.

    Args:
        axes: where the curves are.
        ends: for each curve its last y, its text and its colour.
    """
    axes.set_ylim(axes.get_ylim())
    to_fraction = axes.transScale + axes.transLimits
    positions = [float(to_fraction.transform((1.0, y))[1]) for y, _, _ in ends]
    figure = axes.get_figure(root=True)
    assert figure is not None
    height = figure.get_figheight() * 72 * 0.72  # points; the rest is titles and ticks
    for (_, text, color), place in zip(
        ends, spread_labels(positions, LINE_HEIGHT / height), strict=True
    ):
        axes.annotate(
            text,
            (1, place),
            (5, 0),
            xycoords="axes fraction",
            textcoords="offset points",
            color=color,
            fontsize=9,
            va="center",
        )


def spread_labels(positions: Sequence[float], gap: float) -> list[float]:
    """Return places in [0, 1] nearest to these (least squares) and `gap` apart.

    That is isotonic regression of `positions[i] - i·gap`, solved by pooling adjacent violators.
    Where there are too many for [0, 1], the lowest ones go below 0.
    """
    order = sorted(range(len(positions)), key=lambda i: positions[i])
    pools: list[tuple[float, int]] = []  # mean, size
    for rank, i in enumerate(order):
        mean, size = positions[i] - rank * gap, 1
        while pools and pools[-1][0] > mean:
            before, count = pools.pop()
            mean, size = (mean * size + before * count) / (size + count), size + count
        pools.append((mean, size))
    means = [mean for mean, size in pools for _ in range(size)]
    places = [0.0] * len(positions)
    for rank, i in enumerate(order):
        place = max(means[rank], 0) + rank * gap
        places[i] = min(place, 1 - (len(order) - 1 - rank) * gap)
    return places
