"""Heat maps of a sweep: a result over two axes, or small maps for each value of a third."""

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.colors import LogNorm, Normalize, rgb_to_hsv
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator
from numpy.typing import NDArray

from .number_format import format_number
from .plot import add_heading, color, new_figure
from .sweep_data import Floats, SweepData, is_numeric, is_wide
from .ticks import format_axis, format_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import QuadMesh
    from matplotlib.colorbar import Colorbar
    from matplotlib.figure import Figure

__all__ = ["draw_heatmap", "draw_heatmap_grid"]

MAX_MAPS = 9
LEAST_HEIGHT = 3.5  # inches: beside lower maps the label of the axis would reach the title
MAX_CELLS = 250  # along an axis: four pixels each, and one more is none that one could see
MAX_CONTOUR_CELLS = 100
MAX_LABELED_CELLS = 36  # cells that have room for their number
_SHADOW = withStroke(linewidth=2.2, foreground="#00000070")  # white stays readable on yellow


def draw_heatmap(data: SweepData) -> "Figure":
    """Draw the median over two axes as a heat map."""
    runs, cubes = data.aggregate(*data.varying_fields)
    figure = new_figure(3.7)
    axes = figure.add_subplot()
    norm = _make_norm(data, cubes["median"])
    along, up = data.varying_fields
    mesh = _draw_mesh(data, axes, (along, up), cubes["median"], norm)
    _format_colorbar(data, figure.colorbar(mesh, ax=axes, aspect=30, pad=0.02), norm)
    subtitle = data.subtitle(runs, interval=False) + _describe_blocks(data, runs.shape)
    add_heading(axes, data.label(data.score), subtitle)
    return figure


def draw_heatmap_grid(data: SweepData) -> "Figure":
    """Draw a small heat map for each value of the axis that has the fewest."""
    fields = data.varying_fields[:3]
    by = min(fields, key=lambda f: (is_numeric(data.values[f]), len(data.values[f])))
    along, up = (field for field in fields if field != by)
    runs, cubes = data.aggregate(by, along, up)
    count = len(data.values[by])
    indices = np.unique(np.linspace(0, count - 1, min(count, MAX_MAPS)).round().astype(int))
    columns = 2 if len(indices) <= 4 else 3
    rows = -(-len(indices) // columns)
    figure = new_figure(max(0.8 + 1.9 * rows, LEAST_HEIGHT))
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    norm = _make_norm(data, cubes["median"])
    for axes, i in zip(grid.flat, indices, strict=False):
        mesh = _draw_mesh(data, axes, (along, up), cubes["median"][i], norm, small=True)
        axes.set_title(
            data.format_value(by, data.values[by][i]), fontsize=9, fontweight="normal", pad=4
        )
    for axes in grid.flat[len(indices) :]:
        axes.set_visible(False)
    for axes in grid.flat:
        axes.set(xlabel="", ylabel="")
        axes.minorticks_off()  # hundreds in all, and small maps have no room for them
        axes.label_outer()
    for axes in grid.flat[max(len(indices) - columns, 0) : len(indices)]:
        axes.tick_params(labelbottom=True)  # also above an empty place
    figure.supxlabel(data.label(along))
    figure.supylabel(data.label(up))
    bar = figure.colorbar(mesh, ax=grid, aspect=15 * rows, pad=0.02)
    bar.set_label(data.subtitle(runs, interval=False), color=color("muted"))
    _format_colorbar(data, bar, norm)
    title = data.translate("{score} by {axis}").format(
        score=data.label(data.score), axis=_lower_first(data.label(by))
    )
    figure.suptitle(title, x=0.015, ha="left")
    return figure


def _make_norm(data: SweepData, median: Floats) -> Normalize:
    """Return how medians become colours; proportions begin at none."""
    if data.is_proportion:
        return Normalize(0, max(float(np.nanmax(median)), 0.01))
    finite = median[np.isfinite(median)]
    low, high = float(finite.min()), float(finite.max())
    if is_wide(finite):
        return LogNorm(max(low, 1e-6 * high), high)
    return Normalize(low, high if high > low else low + 1)


def _draw_mesh(
    data: SweepData,
    axes: "Axes",
    fields: tuple[str, str],
    median: Floats,
    norm: Normalize,
    *,
    small: bool = False,
) -> "QuadMesh":
    """Draw medians [along, up] as coloured cells, with contours where both axes are fine."""
    x, y = data.set_up_axis(axes.xaxis, fields[0]), data.set_up_axis(axes.yaxis, fields[1])
    axes.grid(visible=False)
    axes.set_facecolor(color("grid"))  # where nothing was measured
    fine = min(median.shape) >= 5 and all(is_numeric(data.values[f]) for f in fields)
    lines = _downsample((x, y), median, norm, MAX_CONTOUR_CELLS)
    (x, y), median = _downsample((x, y), median, norm, MAX_CELLS)
    edges = _cell_edges(x, axes.get_xscale()), _cell_edges(y, axes.get_yscale())
    mesh = axes.pcolormesh(*edges, median.T, cmap="viridis", norm=norm, rasterized=True)
    axes.set(xlim=edges[0][[0, -1]], ylim=edges[1][[0, -1]])
    if fine and not small:
        _draw_contours(data, axes, *lines, norm)
    elif not small and median.size <= MAX_LABELED_CELLS:
        _label_cells(data, axes, mesh, (x, y), median)
    return mesh


def _downsample(
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
    finite = np.isfinite(values)
    total, count = np.where(finite, values, 0.0), finite.astype(float)
    for axis, size in enumerate(median.shape):
        starts = _block_starts(size, most)
        total, count = (np.add.reduceat(a, starts, axis=axis) for a in (total, count))
    mean = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
    x, y = (_block_centers(at, most) for at in places)
    return (x, y), np.exp(mean) if log else mean


def _block_starts(size: int, most: int) -> NDArray[np.int64]:
    """Return where each of at most `most` blocks begins."""
    return np.linspace(0, size, min(size, most), endpoint=False).astype(int)


def _block_centers(places: Floats, most: int) -> Floats:
    """Return the places in the middle of blocks: a mean would be off on a log axis."""
    starts = _block_starts(len(places), most)
    ends = np.append(starts[1:], len(places))
    return np.asarray(places[(starts + ends - 1) // 2])


def _describe_blocks(data: SweepData, shape: tuple[int, ...]) -> str:
    """Return how many points a cell is the mean of, where it is of more than one."""
    across, up = (-(-size // MAX_CELLS) for size in shape)
    if across == up == 1:
        return ""
    return data.translate("; a cell is the mean of up to {across} × {up} points").format(
        across=across, up=up
    )


def _label_cells(
    data: SweepData, axes: "Axes", mesh: "QuadMesh", places: tuple[Floats, Floats], median: Floats
) -> None:
    """Write each median into its cell, dark on light colours and light on dark ones."""
    for i, j in np.argwhere(np.isfinite(median)):
        light = rgb_to_hsv(mesh.to_rgba(median[i, j])[:3])[2] > 0.7
        style: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 9}
        text = data.format_score(float(median[i, j]))
        axes.annotate(
            text, (places[0][i], places[1][j]), color="black" if light else "white", **style
        )


def _draw_contours(
    data: SweepData,
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
    for text in lines.clabel(fontsize=8, fmt=lambda v: format_number(v, data.language)):
        text.set_path_effects([_SHADOW])


def _format_colorbar(data: SweepData, bar: "Colorbar", norm: Normalize) -> None:
    bar.outline.set_visible(False)
    if data.is_proportion:
        bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: data.format_score(value)))
    elif isinstance(norm, LogNorm):
        format_axis(bar.ax.yaxis, data.language)
    else:
        format_ticks(bar.ax.yaxis, data.language)


def _lower_first(label: str) -> str:
    """Return a label as it is written inside a sentence: learning rate, L1 penalty."""
    return label[0].lower() + label[1:] if label[1:2].islower() else label


def _cell_edges(places: Floats, scale: str) -> Floats:
    """Return the n + 1 edges of cells around n places, halfway on the axis' own scale."""
    at = np.log(places) if scale == "log" else places
    middle = (at[1:] + at[:-1]) / 2
    edges = np.concatenate([[2 * at[0] - middle[0]], middle, [2 * at[-1] - middle[-1]]])
    edges = np.exp(edges) if scale == "log" else edges
    return np.asarray(edges, float)
