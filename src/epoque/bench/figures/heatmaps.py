"""Heat maps of a sweep: a result over two axes, or small maps for each value of a third."""

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.colors import LogNorm, Normalize, rgb_to_hsv
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator
from numpy.typing import NDArray

from .plot import add_heading, color, new_figure
from .sweep_data import Floats, SweepData, is_numeric, is_wide
from .ticks import format_axis, format_number, format_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_heatmap", "draw_heatmap_grid"]

MAX_MAPS = 9
MAX_CELLS = 250  # along an axis: four pixels each, and one more is none that one could see
MAX_CONTOURED = 100
MAX_WRITTEN = 36  # cells that have room for their number
_SHADOW = withStroke(linewidth=2.2, foreground="#00000070")  # white stays readable on yellow


def draw_heatmap(picture: SweepData) -> "Figure":
    """Draw the median over two axes as a heat map."""
    runs, cubes = picture.cube(*picture.free)
    figure = new_figure(3.7)
    axes = figure.add_subplot()
    norm = _norm(picture, cubes["median"])
    along, up = picture.free
    mesh = _mesh(picture, axes, (along, up), cubes["median"], norm)
    _bar(picture, figure.colorbar(mesh, ax=axes, aspect=30, pad=0.02), norm)
    subtitle = picture.subtitle(runs, interval=False) + _blocks_told(picture, runs.shape)
    add_heading(axes, picture.label(picture.score), subtitle)
    return figure


def draw_heatmap_grid(picture: SweepData) -> "Figure":
    """Draw a small heat map for each value of the axis that has the fewest."""
    free = picture.free[:3]
    by = min(free, key=lambda f: (is_numeric(picture.values[f]), len(picture.values[f])))
    along, up = (field for field in picture.free[:3] if field != by)
    runs, cubes = picture.cube(by, along, up)
    count = len(picture.values[by])
    shown = np.unique(np.linspace(0, count - 1, min(count, MAX_MAPS)).round().astype(int))
    columns = 2 if len(shown) <= 4 else 3
    rows = -(-len(shown) // columns)
    figure = new_figure(0.8 + 1.9 * rows)
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    norm = _norm(picture, cubes["median"])
    for axes, i in zip(grid.flat, shown, strict=False):
        mesh = _mesh(picture, axes, (along, up), cubes["median"][i], norm, small=True)
        axes.set_title(picture.value(picture.values[by][i]), fontsize=9, fontweight="normal", pad=4)
    for axes in grid.flat[len(shown) :]:
        axes.set_visible(False)
    for axes in grid.flat:
        axes.set(xlabel="", ylabel="")
        axes.label_outer()
    for axes in grid.flat[max(len(shown) - columns, 0) : len(shown)]:
        axes.tick_params(labelbottom=True)  # also above an empty place
    figure.supxlabel(picture.label(along))
    figure.supylabel(picture.label(up))
    bar = figure.colorbar(mesh, ax=grid, aspect=15 * rows, pad=0.02)
    bar.set_label(picture.subtitle(runs, interval=False), color=color("muted"))
    _bar(picture, bar, norm)
    title = picture.translate("{score} by {axis}").format(
        score=picture.label(picture.score), axis=_inside(picture.label(by))
    )
    figure.suptitle(title, x=0.015, ha="left")
    return figure


def _norm(picture: SweepData, median: Floats) -> Normalize:
    """Return how medians become colours; shares begin at none."""
    if picture.is_share:
        return Normalize(0, max(float(np.nanmax(median)), 0.01))
    finite = median[np.isfinite(median)]
    low, high = float(finite.min()), float(finite.max())
    if is_wide(finite):
        return LogNorm(max(low, 1e-6 * high), high)
    return Normalize(low, high if high > low else low + 1)


def _mesh(
    picture: SweepData,
    axes: "Axes",
    fields: tuple[str, str],
    median: Floats,
    norm: Normalize,
    *,
    small: bool = False,
) -> Any:
    """Draw medians [along, up] as coloured cells, with contours where both axes are fine."""
    x, y = picture.place(axes.xaxis, fields[0]), picture.place(axes.yaxis, fields[1])
    axes.grid(visible=False)
    axes.set_facecolor(color("grid"))  # where nothing was measured
    fine = min(median.shape) >= 5 and all(is_numeric(picture.values[f]) for f in fields)
    lines = _coarse((x, y), median, norm, MAX_CONTOURED)
    (x, y), median = _coarse((x, y), median, norm, MAX_CELLS)
    edges = _edges(x, axes.get_xscale()), _edges(y, axes.get_yscale())
    mesh = axes.pcolormesh(*edges, median.T, cmap="viridis", norm=norm, rasterized=True)
    axes.set(xlim=edges[0][[0, -1]], ylim=edges[1][[0, -1]])
    if fine and not small:
        _contours(picture, axes, *lines, norm)
    elif not small and median.size <= MAX_WRITTEN:
        _write_cells(picture, mesh, (x, y), median)
    return mesh


def _coarse(
    places: tuple[Floats, Floats], median: Floats, norm: Normalize, most: int
) -> tuple[tuple[Floats, Floats], Floats]:
    """Return places and medians of at most `most` cells along each axis.

    A cell of many points is their mean, that of their logarithms where colours are logarithmic:
    more cells than pixels would only cost time, and bytes of contours.
    """
    if max(median.shape) <= most:
        return places, median
    log = isinstance(norm, LogNorm)
    values = np.log(np.maximum(median, float(norm.vmin or 0))) if log else median
    known = np.isfinite(values)
    total, count = np.where(known, values, 0.0), known.astype(float)
    for axis, size in enumerate(median.shape):
        starts = _starts(size, most)
        total, count = (np.add.reduceat(a, starts, axis=axis) for a in (total, count))
    mean = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
    x, y = (_middles(at, most) for at in places)
    return (x, y), np.exp(mean) if log else mean


def _starts(size: int, most: int) -> NDArray[np.int64]:
    """Return where each of at most `most` blocks begins."""
    return np.linspace(0, size, min(size, most), endpoint=False).astype(int)


def _middles(places: Floats, most: int) -> Floats:
    """Return the places in the middle of blocks: a mean would be off on a log axis."""
    starts = _starts(len(places), most)
    ends = np.append(starts[1:], len(places))
    return np.asarray(places[(starts + ends - 1) // 2])


def _blocks_told(picture: SweepData, shape: tuple[int, ...]) -> str:
    """Return how many points a cell is the mean of, where it is of more than one."""
    across, up = (-(-size // MAX_CELLS) for size in shape)
    if across == up == 1:
        return ""
    return picture.translate("; a cell is the mean of up to {across} × {up} points").format(
        across=across, up=up
    )


def _write_cells(
    picture: SweepData, mesh: Any, places: tuple[Floats, Floats], median: Floats
) -> None:
    """Write each median into its cell, dark on light colours and light on dark ones."""
    for i, j in np.argwhere(np.isfinite(median)):
        light = rgb_to_hsv(mesh.to_rgba(median[i, j])[:3])[2] > 0.7
        style: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 9}
        text = picture.told(float(median[i, j]))
        mesh.axes.annotate(
            text, (places[0][i], places[1][j]), color="black" if light else "white", **style
        )


def _contours(
    picture: SweepData,
    axes: "Axes",
    places: tuple[Floats, Floats],
    median: Floats,
    norm: Normalize,
) -> None:
    """Add lines of equal score, each with its number."""
    ticks = LogLocator(numticks=6) if isinstance(norm, LogNorm) else MaxNLocator(5)
    assert norm.vmin is not None
    assert norm.vmax is not None
    levels = [t for t in ticks.tick_values(norm.vmin, norm.vmax) if norm.vmin < t < norm.vmax]
    if not levels:
        return
    lines = axes.contour(*places, median.T, levels, colors="white", linewidths=1)
    lines.set_path_effects([_SHADOW])
    for text in lines.clabel(fontsize=8, fmt=lambda v: format_number(v, picture.language)):
        text.set_path_effects([_SHADOW])


def _bar(picture: SweepData, bar: Any, norm: Normalize) -> None:
    bar.outline.set_visible(False)
    if picture.is_share:
        bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: picture.told(value)))
    elif isinstance(norm, LogNorm):
        format_axis(bar.ax.yaxis, picture.language)
    else:
        format_ticks(bar.ax.yaxis, picture.language)


def _inside(label: str) -> str:
    """Return a label as it is written inside a sentence: learning rate, L1 penalty."""
    return label[0].lower() + label[1:] if label[1:2].islower() else label


def _edges(places: Floats, scale: str) -> Floats:
    """Return the n + 1 edges of cells around n places, halfway on the axis' own scale."""
    at = np.log(places) if scale == "log" else places
    middle = (at[1:] + at[:-1]) / 2
    edges = np.concatenate([[2 * at[0] - middle[0]], middle, [2 * at[-1] - middle[-1]]])
    edges = np.exp(edges) if scale == "log" else edges
    return np.asarray(edges, float)
