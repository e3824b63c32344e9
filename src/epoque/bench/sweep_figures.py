"""What a sweep looks like: curves with intervals, heat maps, or the spread over the seeds.

The shape follows from the axes, the seed left out: none gives the distribution of the score; one,
or a second one of few values, gives curves; two give a heat map; three give small heat maps.
Further axes are summarised together with the seeds. Few values are also drawn as strips, a dot a
run (`epoque.bench.strips`).

A result that is 0 or 1 in each run (diverged, solved) is summarised by its share instead of the
median.
"""

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.colors import LogNorm, Normalize, rgb_to_hsv
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator
from numpy.typing import NDArray

from .axes import is_log_spaced, number, number_axis, number_ticks
from .errors import UnknownNameError, UsageError
from .i18n import translator
from .plot import SERIES, colour, heading, new_figure
from .strips import Strip, draw_strips, strip_key
from .summary import summary

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

    from .sweep import Sweep

__all__ = ["figures", "sweep_figures"]

Floats = NDArray[np.float64]

SEED = "seed"
MAX_CURVES = 5  # as many as there are colours
MAX_MAPS = 9
MAX_BINS = 40
MAX_WRITTEN = 36  # cells that have room for their number
MAX_STRIPS = 8
ROOM = 0.84  # of the distance between two values, for their strips
LOG_FROM = 100.0  # times between the least and the greatest score
_SHADOW = withStroke(linewidth=2.2, foreground="#00000070")  # white stays readable on yellow


def figures(
    sweep: "Sweep",
    language: str = "en",
    score: str = "",
    at: Mapping[str, Any] | None = None,
    labels: Mapping[str, str] | None = None,
) -> "Mapping[str, Callable[[], Figure]]":
    """Return what can be drawn of a sweep's folder (see `sweep_figures`).

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
    fields = sweep.lab.config.model_fields
    names = {name: str(field.title) for name, field in fields.items()} | dict(labels or {})
    held = at or {}
    axes = {field: values for field, values in sweep.axes.items() if field not in held}
    return sweep_figures(sweep.rows(held), axes, score or sweep.score, names, language)


def sweep_figures(
    table: "pd.DataFrame",
    axes: Mapping[str, Sequence[Any]],
    score: str,
    labels: Mapping[str, str] | None = None,
    language: str = "en",
) -> "Mapping[str, Callable[[], Figure]]":
    """Return the figure of a sweep's table: `distribution`, `curve`, `map` or `maps`.

    Over few values of one axis or two there is also a `strip`.

    The house style (`epoque.bench.plot`) is already active when the function is called.

    Args:
        table: one row a run; a column for each axis, and the results.
        axes: field to its values, as the table holds them.
        score: the result to draw, a column of numbers.
        labels: field to a learner's name for it, in English.
        language: "en" or "fr".

    Raises:
        UnknownNameError: if the table lacks the score or an axis.
        UsageError: if no run has a score that is a number.
    """
    for name in (score, *axes):
        if name not in table:
            raise UnknownNameError("column of the sweep named", name, table.columns)
    if table[score].dtype.kind not in "biuf" or not np.isfinite(table[score].astype(float)).any():
        raise UsageError(f"The sweep has no number in {score} yet, so there is nothing to draw.")
    picture = _Picture(table, axes, score, labels or {}, language)
    name = ("distribution", "curve", "map", "maps")[min(len(picture.free), 3)]
    if len(picture.free) == 2 and picture.few is not None:
        name = "curve"
    draws = {name: getattr(picture, name)}
    if picture.is_strip:
        draws["strip"] = picture.strip
    return draws


class _Picture:
    """One sweep's table, ready to draw."""

    def __init__(
        self,
        table: "pd.DataFrame",
        axes: Mapping[str, Sequence[Any]],
        score: str,
        labels: Mapping[str, str],
        language: str,
    ) -> None:
        self.table, self.score, self.language, self.labels = table, score, language, labels
        self.values = {
            field: sorted(values) if _is_numeric(values) else list(values)
            for field, values in axes.items()
        }
        self.free = [f for f, values in self.values.items() if f != SEED and len(values) > 1]
        self._ = translator(language)
        scores = table[score].dropna()
        self.is_share = table[score].dtype.kind == "b" or bool(scores.isin((0, 1)).all())

    @property
    def is_strip(self) -> bool:
        """Whether a dot for each run has room and says more than a summary."""
        points = prod(len(self.values[field]) for field in self.free)
        several = len(self.table) > points
        return 0 < len(self.free) <= 2 and points <= MAX_STRIPS and several and not self.is_share

    @property
    def few(self) -> str | None:
        """The axis of two that takes so few values that each is a curve of its own, or none."""
        short = [f for f in self.free if len(self.values[f]) <= MAX_CURVES]
        long = [f for f in self.free if len(self.values[f]) > MAX_CURVES]
        curve = [f for f in long if _is_numeric(self.values[f])]
        return short[0] if len(self.free) == 2 and short and curve else None

    def label(self, field: str) -> str:
        plain = field.replace("_", " ")
        plain = plain[0].upper() + plain[1:] if plain[1:2].isalpha() else plain  # w0 stays w0
        return self._(self.labels.get(field, plain))

    def value(self, value: Any) -> str:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if is_number:
            return number(value, self.language)
        parts = str(value).split(",")
        return "-".join(parts) if all(map(str.isdecimal, parts)) else str(value)  # 10-10 neurons

    def cube(self, *fields: str) -> tuple[NDArray[np.int64], dict[str, Floats]]:
        """Return, by place along the fields, how many runs there are, and their summary.

        Returns:
            Counts, and `median`, `low`, `high`, each with as many dimensions as fields.
        """
        told = summary(self.table, fields, [self.score], share=self.is_share)
        places = tuple(
            told[f].map({v: i for i, v in enumerate(self.values[f])}).to_numpy() for f in fields
        )
        shape = tuple(len(self.values[f]) for f in fields)
        runs = np.zeros(shape, int)
        runs[places] = told["runs"]
        cubes = {name: np.full(shape, np.nan) for name in ("median", "low", "high")}
        for name, cube in cubes.items():
            cube[places] = told[f"{self.score}_{name}"].astype(float)
        return runs, cubes

    def subtitle(self, runs: NDArray[np.int64], *, interval: bool) -> str:
        """Return how many runs stand behind each median."""
        count = int(runs.max())
        if count == 1:
            return self._("one run per point")
        text = self._("median and 95 % interval of {count} runs per point")
        if self.is_share:
            text = self._("share of {count} runs per point")
        elif not interval:
            text = self._("median of {count} runs per point")
        return text.format(count=number(count, self.language))

    # One figure each

    def distribution(self) -> "Figure":
        """Draw how the score is spread over all runs: a histogram, its median and 95 %."""
        scores = self.table[self.score].to_numpy(float)
        scores = scores[np.isfinite(scores)]
        figure = new_figure(2.8)
        axes = figure.add_subplot()
        log = _is_wide(scores)
        axes.hist(scores, _bins(scores, log=log).tolist(), color=colour("blue"), rwidth=0.92)
        axes.set_xscale("log" if log else "linear")
        low, median, high = np.quantile(scores, [0.025, 0.5, 0.975])
        axes.axvspan(low, high, color=colour("vermilion"), alpha=0.15, linewidth=0, zorder=0)
        axes.axvline(median, color=colour("vermilion"), linewidth=1.8)
        axes.set_xlabel(self.label(self.score))
        axes.set_ylabel(self._("runs"))
        number_axis(axes.xaxis, self.language)
        number_axis(axes.yaxis, self.language, whole=True)
        numbers = [number(n, self.language, digits=3) for n in (len(scores), median, low, high)]
        text = self._("{count} runs: median {median}, 95 % between {low} and {high}")
        told = dict(zip(("count", "median", "low", "high"), numbers, strict=True))
        heading(axes, self.label(self.score), text.format(**told))
        return figure

    def curve(self) -> "Figure":
        """Draw the median along an axis with its 95 % interval, a curve for each other value."""
        few = self.few if len(self.free) == 2 else None
        (along,) = [field for field in self.free if field != few]
        runs, cubes = self.cube(along, *([few] if few else []))
        cubes = {name: cube.reshape(len(cube), -1) for name, cube in cubes.items()}
        figure = new_figure()
        axes = figure.add_subplot()
        if _is_wide(cubes["median"]):
            axes.set_yscale("log")
        x = self.place(axes.xaxis, along)
        numeric = _is_numeric(self.values[along])
        for j, role in zip(range(cubes["median"].shape[1]), SERIES, strict=False):
            median, low, high = (cubes[name][:, j] for name in ("median", "low", "high"))
            text = self.value(self.values[few][j]) if few else ""
            self.line(axes, x, (median, low, high), colour(role), text, joined=numeric)
        number_axis(axes.yaxis, self.language)
        if few:
            figure.legend(loc="outside lower center", ncols=MAX_CURVES, title=self.label(few))
        heading(axes, self.label(self.score), self.subtitle(runs, interval=True))
        return figure

    def line(
        self,
        axes: "Axes",
        x: Floats,
        numbers: tuple[Floats, Floats, Floats],
        ink: str,
        text: str,
        *,
        joined: bool,
    ) -> None:
        """Draw medians [n] with their intervals: a band along numbers, bars for categories."""
        median, low, high = numbers
        if joined:
            if np.nanmax(high - low) > 0:
                axes.fill_between(x, low, high, color=ink, alpha=0.18, linewidth=0)
            axes.plot(
                x, median, color=ink, label=text, marker="o" if len(x) <= 12 else "", markersize=4
            )
        else:
            axes.vlines(x, low, high, color=ink, alpha=0.5, linewidth=3)
            axes.plot(x, median, "o", color=ink, label=text, markersize=6)

    def strip(self) -> "Figure":
        """Draw a dot for each run beside the medians, for each value of one axis or of two."""
        along, *others = sorted(self.free, key=lambda f: -len(self.values[f]))
        by = others[0] if others else along
        series = self.values[by] if others else [None]
        figure = new_figure(3.4)
        axes = figure.add_subplot()
        room = ROOM / len(series)
        strips = [
            Strip(i + (j - (len(series) - 1) / 2) * room, 0.94 * room, scores, j)
            for i, value in enumerate(self.values[along])
            for j, other in enumerate(series)
            if len(scores := self.scores({by: other, along: value}))
        ]
        log = _is_wide(np.concatenate([strip.finite for strip in strips]))
        axes.set_yscale("log" if log else "linear")
        draw_strips(axes, strips, self.language, log=log)
        self.name_places(axes.xaxis, along)
        number_axis(axes.yaxis, self.language)
        axes.grid(visible=False, axis="x")
        if others:
            keys = strip_key([self.value(value) for value in series])
            figure.legend(handles=keys, loc="outside lower center", ncols=5, title=self.label(by))
        count = number(max(len(strip.scores) for strip in strips), self.language)
        text = self._("each of {count} runs; the median and its 95 % interval")
        heading(axes, self.label(self.score), text.format(count=count))
        return figure

    def scores(self, point: Mapping[str, Any]) -> Floats:
        """Return the score of each run at some values of the axes."""
        chosen = np.ones(len(self.table), bool)
        for field, value in point.items():
            chosen &= (self.table[field] == value).to_numpy()
        found: Floats = self.table.loc[chosen, self.score].to_numpy(float)
        return found

    def map(self) -> "Figure":
        """Draw the median over two axes as a heat map."""
        runs, cubes = self.cube(*self.free)
        figure = new_figure(3.7)
        axes = figure.add_subplot()
        norm = self.norm(cubes["median"])
        along, up = self.free
        mesh = self.mesh(axes, along, up, cubes["median"], norm)
        self.bar(figure.colorbar(mesh, ax=axes, aspect=30, pad=0.02), norm)
        heading(axes, self.label(self.score), self.subtitle(runs, interval=False))
        return figure

    def maps(self) -> "Figure":
        """Draw a small heat map for each value of the axis that has the fewest."""
        free = self.free[:3]
        by = min(free, key=lambda f: (_is_numeric(self.values[f]), len(self.values[f])))
        along, up = (field for field in self.free[:3] if field != by)
        runs, cubes = self.cube(by, along, up)
        count = len(self.values[by])
        shown = np.unique(np.linspace(0, count - 1, min(count, MAX_MAPS)).round().astype(int))
        columns = 2 if len(shown) <= 4 else 3
        rows = -(-len(shown) // columns)
        figure = new_figure(0.8 + 1.9 * rows)
        grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
        norm = self.norm(cubes["median"])
        for axes, i in zip(grid.flat, shown, strict=False):
            mesh = self.mesh(axes, along, up, cubes["median"][i], norm, small=True)
            axes.set_title(self.value(self.values[by][i]), fontsize=9, fontweight="normal", pad=4)
        for axes in grid.flat[len(shown) :]:
            axes.set_visible(False)
        for axes in grid.flat:
            axes.set(xlabel="", ylabel="")
            axes.label_outer()
        for axes in grid.flat[max(len(shown) - columns, 0) : len(shown)]:
            axes.tick_params(labelbottom=True)  # also above an empty place
        figure.supxlabel(self.label(along))
        figure.supylabel(self.label(up))
        bar = figure.colorbar(mesh, ax=grid, aspect=15 * rows, pad=0.02)
        bar.set_label(self.subtitle(runs, interval=False), color=colour("muted"))
        self.bar(bar, norm)
        title = self._("{score} by {axis}").format(
            score=self.label(self.score), axis=_inside(self.label(by))
        )
        figure.suptitle(title, x=0.015, ha="left")
        return figure

    # Parts

    def norm(self, median: Floats) -> Normalize:
        """Return how medians become colours; shares begin at none."""
        if self.is_share:
            return Normalize(0, max(float(np.nanmax(median)), 0.01))
        return _norm(median)

    def place(self, axis: "Axis", field: str) -> Floats:
        """Set up an axis for a field's values and return where each of them stands."""
        values, axes = self.values[field], axis.axes
        set_limits = axes.set_xlim if axis is axes.xaxis else axes.set_ylim
        axis.set_label_text(self.label(field))
        if not _is_numeric(values):
            return self.name_places(axis, field)
        places = np.asarray(values, float)
        log = is_log_spaced(values)
        (axes.set_xscale if axis is axes.xaxis else axes.set_yscale)("log" if log else "linear")
        set_limits(places[0], places[-1])
        whole = all(isinstance(value, int | np.integer) for value in values)
        number_axis(axis, self.language, whole=whole)
        return places

    def name_places(self, axis: "Axis", field: str) -> Floats:
        """Give each of a field's values a place of its own, 0, 1, …, with its name."""
        values, axes = self.values[field], axis.axes
        names, places = [self.value(value) for value in values], np.arange(len(values), dtype=float)
        axis.set_label_text(self.label(field))
        axis.set_major_locator(FixedLocator(places.tolist()))
        axis.set_major_formatter(FuncFormatter(lambda x, _: names[round(x)]))
        axis.set_tick_params(length=0)
        set_limits = axes.set_xlim if axis is axes.xaxis else axes.set_ylim
        set_limits(-0.5, len(values) - 0.5)
        return places

    def mesh(
        self,
        axes: "Axes",
        along: str,
        up: str,
        median: Floats,
        norm: Normalize,
        *,
        small: bool = False,
    ) -> Any:
        """Draw medians [along, up] as coloured cells, with contours where both axes are fine."""
        x, y = self.place(axes.xaxis, along), self.place(axes.yaxis, up)
        axes.grid(visible=False)
        axes.set_facecolor(colour("grid"))  # where nothing was measured
        edges = _edges(x, axes.get_xscale()), _edges(y, axes.get_yscale())
        mesh = axes.pcolormesh(*edges, median.T, cmap="viridis", norm=norm, rasterized=True)
        axes.set(xlim=edges[0][[0, -1]], ylim=edges[1][[0, -1]])
        fine = min(median.shape) >= 5 and all(_is_numeric(self.values[f]) for f in (along, up))
        if fine and not small:
            self.contours(axes, x, y, median, norm)
        elif not small and median.size <= MAX_WRITTEN:
            self.write_cells(axes, x, y, median, mesh)
        return mesh

    def write_cells(self, axes: "Axes", x: Floats, y: Floats, median: Floats, mesh: Any) -> None:
        """Write each median into its cell, dark on light colours and light on dark ones."""
        for i, j in np.argwhere(np.isfinite(median)):
            light = rgb_to_hsv(mesh.to_rgba(median[i, j])[:3])[2] > 0.7
            style: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 9}
            text = self.told(float(median[i, j]))
            axes.annotate(text, (x[i], y[j]), color="black" if light else "white", **style)

    def contours(self, axes: "Axes", x: Floats, y: Floats, median: Floats, norm: Normalize) -> None:
        """Add lines of equal score, each with its number."""
        ticks = LogLocator(numticks=6) if isinstance(norm, LogNorm) else MaxNLocator(5)
        assert norm.vmin is not None
        assert norm.vmax is not None
        levels = [t for t in ticks.tick_values(norm.vmin, norm.vmax) if norm.vmin < t < norm.vmax]
        if not levels:
            return
        lines = axes.contour(x, y, median.T, levels, colors="white", linewidths=1)
        lines.set_path_effects([_SHADOW])
        for text in lines.clabel(fontsize=8, fmt=lambda v: number(v, self.language)):
            text.set_path_effects([_SHADOW])

    def told(self, median: float) -> str:
        """Return a median, or a share in percent."""
        if self.is_share:
            return f"{number(100 * median, self.language, decimals=0)}\u202f%"
        return number(median, self.language, digits=3)

    def bar(self, bar: Any, norm: Normalize) -> None:
        bar.outline.set_visible(False)
        if self.is_share:
            bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: self.told(value)))
        elif isinstance(norm, LogNorm):
            number_axis(bar.ax.yaxis, self.language)
        else:
            number_ticks(bar.ax.yaxis, self.language)


def _is_numeric(values: Sequence[Any]) -> bool:
    return all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)


def _inside(label: str) -> str:
    """Return a label as it is written inside a sentence: learning rate, L1 penalty."""
    return label[0].lower() + label[1:] if label[1:2].islower() else label


def _is_wide(scores: Floats) -> bool:
    """Return whether scores are positive and span orders of magnitude."""
    finite = scores[np.isfinite(scores)]
    return bool(finite.min() > 0 and finite.max() > LOG_FROM * finite.min())


def _norm(median: Floats) -> Normalize:
    finite = median[np.isfinite(median)]
    low, high = float(finite.min()), float(finite.max())
    if _is_wide(finite):
        return LogNorm(max(low, 1e-6 * high), high)
    return Normalize(low, high if high > low else low + 1)


def _bins(scores: Floats, *, log: bool) -> Floats:
    """Return the edges of about √n bins, at most `MAX_BINS`."""
    low, high = float(scores.min()), float(scores.max())
    if high - low <= 1e-12 * max(abs(low), abs(high)):
        low, high = low - 0.5, high + 0.5
    count = int(np.clip(np.sqrt(len(scores)), 5, MAX_BINS)) + 1
    edges: Floats = (np.geomspace if log else np.linspace)(low, high, count)
    return edges


def _edges(places: Floats, scale: str) -> Floats:
    """Return the n + 1 edges of cells around n places, halfway on the axis' own scale."""
    at = np.log(places) if scale == "log" else places
    middle = (at[1:] + at[:-1]) / 2
    edges = np.concatenate([[2 * at[0] - middle[0]], middle, [2 * at[-1] - middle[-1]]])
    edges = np.exp(edges) if scale == "log" else edges
    return np.asarray(edges, float)
