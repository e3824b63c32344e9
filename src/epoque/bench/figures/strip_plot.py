"""Strips: a dot for each run of a setting, with their median, setting beside setting."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from ..i18n import translator
from ..sweeps.aggregate import median_confidence_interval
from .number_format import format_number
from .plot import SERIES, color, mix_colors

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Strip", "draw_strip_plot", "strip_legend"]

Floats = NDArray[np.float64]

MARKERS = "oDs^v"  # one a series, as colour is never the only sign
BINS = 20  # dots of one bin lie side by side
GOLDEN = 0.618034  # its multiples' fractions are spread evenly, however many there are


@dataclass(frozen=True)
class Strip:
    """The runs of one setting.

    Attributes:
        position: where it stands along the axis.
        width: how wide it may be.
        scores: a number a run, NaN where a run has none.
        series: which of `SERIES` it belongs to.
    """

    position: float
    width: float
    scores: Floats
    series: int = 0

    @property
    def finite(self) -> Floats:
        """The numbers of the runs that have one."""
        return self.scores[np.isfinite(self.scores)]


def draw_strip_plot(axes: "Axes", strips: Sequence[Strip], language: str, *, log: bool) -> None:
    """Draw strips: dots, each median as a line, and as a box its own 95 % interval.

    Args:
        axes: where; their scale is set already.
        strips: what.
        language: "en" or "fr".
        log: whether the scale is logarithmic.
    """
    bins = _bin_edges(np.concatenate([strip.finite for strip in strips]), log=log)
    most = max(int(np.histogram(strip.finite, bins)[0].max()) for strip in strips)
    for strip in strips:
        offsets = _swarm_offsets(strip.finite, bins) / max(most, 8) * strip.width
        style = _marker_style(strip.series)
        axes.plot(strip.position + offsets, strip.finite, **style, markersize=3.2, zorder=2)
        _draw_median(axes, strip)
        _annotate_missing(axes, strip, language)


def strip_legend(names: Sequence[str]) -> list[Line2D]:
    """Return the legend's handles for series with these names."""
    return [Line2D([], [], label=n, **_marker_style(i), markersize=5) for i, n in enumerate(names)]


def _marker_style(series: int) -> dict[str, Any]:
    face = mix_colors(SERIES[series], 0.6)
    return {"linestyle": "none", "marker": MARKERS[series], "color": face, "markeredgewidth": 0}


def _draw_median(axes: "Axes", strip: Strip) -> None:
    middle, low, high = median_confidence_interval(strip.finite)
    left, width = strip.position - 0.3 * strip.width, 0.6 * strip.width
    if np.isfinite(high - low):
        box = Rectangle((left, low), width, high - low, facecolor=color("ink"), alpha=0.25)
        box.set_linewidth(0)
        box.set_zorder(2.5)
        axes.add_patch(box)
    axes.hlines(middle, left, left + width, color=color("ink"), linewidth=2, zorder=3)


def _annotate_missing(axes: "Axes", strip: Strip, language: str) -> None:
    """Say at the foot of a strip how many of its runs have no number."""
    count = len(strip.scores) - len(strip.finite)
    if count:
        _ = translator(language)
        text = _("{count} without").format(count=format_number(count, language))
        where = axes.get_xaxis_transform()
        style: dict[str, Any] = {"ha": "center", "va": "bottom", "fontsize": 8}
        axes.annotate(text, (strip.position, 0.01), xycoords=where, color=color("muted"), **style)


def _bin_edges(scores: Floats, *, log: bool) -> Floats:
    low, high = float(scores.min()), float(scores.max())
    if not high > low:
        low, high = low - 0.5, high + 0.5
    edges: Floats = (np.geomspace if log and low > 0 else np.linspace)(low, high, BINS + 1)
    edges[[0, -1]] = low, high
    return edges


def _swarm_offsets(scores: Floats, bins: Floats) -> Floats:
    """Return how many places each dot stands aside, so that those of one bin do not overlap."""
    places = np.clip(np.searchsorted(bins, scores, side="right") - 1, 0, len(bins) - 2)
    offsets = np.zeros(len(scores))
    for place in np.unique(places):
        members = np.flatnonzero(places == place)
        members = members[np.argsort(scores[members], kind="stable")]
        order = (np.arange(len(members)) * GOLDEN) % 1  # neighbours in height stand far apart
        offsets[members] = order.argsort().argsort() - (len(members) - 1) / 2
    return offsets
