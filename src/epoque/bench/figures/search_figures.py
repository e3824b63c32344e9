"""What a search looks like: what each trial reached, and the best so far."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from ..i18n import translator
from ..sweeps.search import Search
from .plot import add_heading, color, new_figure
from .ticks import format_axis

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["search_figures"]

LOG_FROM = 30.0  # times between the least and the greatest number


def search_figures(search: Search, language: str = "en") -> "Mapping[str, Callable[[], Figure]]":
    """Return what can be drawn of a search, name to a function that draws it.

    The house style (`epoque.bench.figures.plot`) is already active when the function is called.
    """
    return {"trials": partial(_draw_trials, search, language)}


def _draw_trials(search: Search, language: str) -> "Figure":
    """Draw the median of each trial with its 95 % interval over the seeds, and the best so far."""
    _ = translator(language)
    table = search.rank_trials().sort_values("trial")
    finite = table[np.isfinite(table[f"{search.objective}_median"])]
    figure = new_figure()
    axes = figure.subplots()
    _draw_finite(axes, search, finite)
    axes.set_xlim(-0.8, len(table) - 0.2)
    _draw_failed(axes, table.drop(finite.index), _("failed"))
    axes.set_xlabel(_("Trial"))
    axes.set_ylabel(_(search.objective.replace("_", " ").capitalize()))
    format_axis(axes.xaxis, language, whole=True)
    format_axis(axes.yaxis, language)
    subtitle = _("medians with 95 % intervals; line: best so far")
    add_heading(axes, _("What the search found"), subtitle)
    return figure


def _draw_finite(axes: "Axes", search: Search, trials: "pd.DataFrame") -> None:
    numbers = trials["trial"].to_numpy()
    median, low, high = (
        trials[f"{search.objective}_{name}"].to_numpy() for name in ("median", "low", "high")
    )
    if median.min() > 0 and median.max() > LOG_FROM * median.min():
        axes.set_yscale("log")
    best = np.maximum if search.worst_value < 0 else np.minimum
    axes.step(numbers, best.accumulate(median), where="post", color=color("vermilion"))
    if (trials["runs"] > 1).any():
        bounded = np.isfinite(low) & np.isfinite(high)
        axes.vlines(numbers[bounded], low[bounded], high[bounded], color=color("blue"), alpha=0.4)
    axes.plot(numbers, median, "o", color=color("blue"), markersize=4)


def _draw_failed(axes: "Axes", failed: "pd.DataFrame", word: str) -> None:
    """Mark the trials that reached nothing finite at the upper edge."""
    if failed.empty:
        return
    axes.margins(y=0.12)  # the numbers stay below
    at = axes.get_xaxis_transform()
    axes.plot(failed["trial"], [0.97] * len(failed), "x", color=color("muted"), transform=at)
    last = float(failed["trial"].iloc[-1])
    left = last > 0.8 * axes.get_xlim()[1]
    axes.annotate(
        word, (last, 0.97), (-6 if left else 6, 0), xycoords=at, textcoords="offset points",
        ha="right" if left else "left", va="center", color=color("muted"), fontsize=9,
    )  # fmt: skip
