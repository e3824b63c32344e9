"""The plane of the two inputs: where a neuron or a network says 1, and the points it learned."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from epoque.bench.figures.animation import BlitRenderer
from epoque.bench.figures.number_format import to_subscript
from epoque.bench.figures.plot import add_heading, color, mix_colors, new_figure
from epoque.bench.figures.ticks import format_axis, format_ticks
from epoque.bench.i18n import translator

from .config import NeuronConfig
from .data import Dataset
from .decision_boundary import DecisionBoundary, Line

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.colorbar import Colorbar
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage
    from matplotlib.text import Text

__all__ = ["DecisionPlot"]

Floats = NDArray[np.float64]

BANDS = 10  # shades of the output o from 0 to 1
GRID = 200  # points a side at which the output is computed
MAX_NAMED = 12  # more hidden neurons than that have no room for names
FEW_NAMED = 4  # of so many the names stand near the edge, of more all along the lines
DASHES = (4, 2)

# Inches: the square of the plane and what stands around it.
SIDE, LEFT, RIGHT, ABOVE, BELOW, LEGEND_ROW = 3.4, 0.68, 0.5, 0.56, 0.56, 0.19


class DecisionPlot:
    """Draws boundaries of one run, all in the same frame.

    Args:
        config: the run's settings.
        data: its points, with two inputs.
        language: "en" or "fr".
        boundaries: all that will be drawn; they share one legend.
    """

    def __init__(
        self,
        config: NeuronConfig,
        data: Dataset,
        language: str,
        boundaries: Sequence[DecisionBoundary],
    ) -> None:
        self.config, self.data, self.language, self.boundaries = config, data, language, boundaries
        self._any_wrong = not all(boundary.is_correct(data).all() for boundary in boundaries)
        points = np.concatenate([data.x, data.x_test])
        low, high = points.min(axis=0), points.max(axis=0)
        margin = np.maximum(high - low, 1e-9) * (0.35 if self._is_table else 0.08)
        self.low, self.high = low - margin, high + margin

    @property
    def _is_table(self) -> bool:
        return self.config.data == "truth_table"

    def figure(self, title: str, subtitle: str, last: DecisionBoundary | None = None) -> "Figure":
        """Draw the first boundary.

        Args:
            title: its heading.
            subtitle: the quieter line under it.
            last: another boundary of a perceptron whose line is added, dashed.
        """
        return self._picture(title, subtitle, last)[0]

    def frames(
        self, title: str, subtitles: Sequence[str], dpi: float
    ) -> Iterator[NDArray[np.uint8]]:
        """Yield every boundary as pixels, [height, width, 3]; all in the same place."""
        figure, moving, shown = self._picture(title, subtitles[0])
        film = BlitRenderer(figure, dpi)
        for boundary, subtitle in zip(self.boundaries, subtitles, strict=True):
            for artist in moving:
                artist.remove()
            moving = self._draw(figure.axes[0], boundary)
            shown.set_text(subtitle)
            yield film.render()

    def _picture(
        self, title: str, subtitle: str, last: DecisionBoundary | None = None
    ) -> "tuple[Figure, list[Artist], Text]":
        """Return a figure of the first boundary, what in it moves, and its subtitle."""
        handles = list(self._legend(last))
        columns = {4: 2}.get(len(handles), 3)
        below = BELOW + LEGEND_ROW * -(-len(handles) // columns)
        large = float(np.abs([self.low[1], self.high[1]]).max()) >= 1000
        left = LEFT + 0.3 * large  # room for five digits
        width, height = left + SIDE + RIGHT, below + SIDE + ABOVE
        figure = new_figure(height, width)
        figure.set_layout_engine("none")  # a square that stands still while its labels change
        axes = figure.add_axes((left / width, below / height, SIDE / width, SIDE / height))
        image = self._image(axes)
        moving = self._draw(axes, self.boundaries[0], last)
        self._points(axes)
        self._frame(axes)
        beside = ((left + SIDE + 0.1) / width, below / height, 0.1 / width, SIDE / height)
        self._bar(figure.colorbar(image, cax=figure.add_axes(beside), ticks=[0, 0.5, 1]))
        figure.legend(
            handles=handles,
            loc="lower left",
            bbox_to_anchor=(left / width, 0.05 / height),
            ncols=columns,
            handletextpad=0.4,
            columnspacing=1.2,
            borderpad=0,
            borderaxespad=0,
        )
        return figure, moving, add_heading(axes, title, subtitle)

    def _bar(self, bar: "Colorbar") -> None:
        bar.outline.set_visible(False)
        bar.ax.tick_params(length=0)
        bar.ax.set_xlabel("o")
        format_ticks(bar.ax.yaxis, self.language)

    def _frame(self, axes: "Axes") -> None:
        axes.set(xlim=(self.low[0], self.high[0]), ylim=(self.low[1], self.high[1]))
        axes.grid(visible=False)
        axes.spines[:].set_visible(False)
        own = self.config.data == "csv"
        names = self.data.names if own else ("x₁", "x₂")
        axes.set_xlabel(names[0])
        axes.set_ylabel(names[1], rotation=90 if own else 0, labelpad=4 if own else 8)
        for axis in (axes.xaxis, axes.yaxis):
            format_axis(axis, self.language, whole=self._is_table)

    def _grid(self) -> tuple[Floats, Floats, Floats]:
        """Return the grid's coordinates [GRID], [GRID] and its points [GRID², 2]."""
        u, v = np.linspace(self.low, self.high, GRID).T
        return u, v, self.grid_points(GRID)

    def grid_points(self, side: int) -> Floats:
        """Return points all over the plane, row by row from below, [side², 2]."""
        u, v = np.linspace(self.low, self.high, side).T
        return np.stack(np.meshgrid(u, v), axis=-1).reshape(-1, 2)

    def draw_small_points(self, axes: "Axes") -> None:
        """Draw the training points as dots, in a picture that has no room for more."""
        size = 4.5 if self._is_table else 1.1
        for label in (0, 1):
            style = _point(label, size, test=False) | {"markeredgewidth": 0.3}
            axes.plot(*self.data.x[self.data.d == label].T, **style)

    def _image(self, axes: "Axes") -> "AxesImage":
        """Return the picture of the output o, still empty."""
        return axes.imshow(
            np.zeros((GRID, GRID)),
            cmap=ListedColormap(_shades()),
            vmin=0,
            vmax=1,
            extent=(self.low[0], self.high[0], self.low[1], self.high[1]),
            origin="lower",
            aspect="auto",
            interpolation="bilinear",
            interpolation_stage="data",
        )

    def _draw(
        self, axes: "Axes", boundary: DecisionBoundary, last: DecisionBoundary | None = None
    ) -> "list[Artist]":
        """Draw what changes from one boundary to the next and return it, but for the shades."""
        u, v, points = self._grid()
        axes.images[0].set_data(boundary.output(points).reshape(GRID, GRID))
        moving: list[Artist] = []
        if self.config.model == "perceptron":
            moving += self._line(axes, boundary.lines[0], color=color("ink"), linewidth=1.8)
        else:
            moving += self._draw_hidden(axes, boundary)
            y = boundary.y(points).reshape(GRID, GRID)
            if y.min() < 0 < y.max():
                moving.append(axes.contour(u, v, y, [0], colors=[color("ink")], linewidths=1.8))
        if last:
            moving += self._line(axes, last.lines[0], color=color("muted"), dashes=DASHES)
        wrong = self.data.x[~boundary.is_correct(self.data)]
        return [*moving, *axes.plot(*wrong.T, **self._wrong())]

    def _draw_hidden(self, axes: "Axes", boundary: DecisionBoundary) -> "Iterator[Artist]":
        """Draw where each neuron of the first hidden layer changes its mind."""
        for j, line in enumerate(boundary.lines, 1):
            lines = self._line(axes, line, color=color("green"), dashes=DASHES, zorder=2.5)
            yield from lines
            if lines and len(boundary.lines) <= MAX_NAMED:
                start, end = np.asarray(lines[0].get_xydata())
                few = len(boundary.lines) <= FEW_NAMED
                way = 0.1 * j - 0.04 if few else (j - 0.5) / len(boundary.lines)
                yield axes.annotate(
                    f"h{to_subscript(j)}",
                    end + way * (start - end),
                    ha="center",
                    va="center",
                    fontsize=9 if few else 7.5,
                    zorder=6,
                    bbox={"boxstyle": "round,pad=0.15", "fc": color("paper"), "ec": "none"},
                )

    def _line(self, axes: "Axes", line: Line, **style: Any) -> list[Line2D]:
        ends = _clip_line(line, self.low, self.high)
        return [] if ends is None else axes.plot(*ends.T, **{"linewidth": 1.4, **style})

    def _points(self, axes: "Axes") -> None:
        few = min(max(80 / len(self.data.d) ** 0.5, 5.0), 9.0)
        size, paper = 15.0 if self._is_table else few, color("paper")
        for label in (0, 1):
            for x, d, test in self._sets():
                axes.plot(*x[d == label].T, **_point(label, size, test=test))
        if self._is_table:
            for x, d in zip(self.data.x, self.data.d, strict=True):
                style: dict[str, Any] = {"ha": "center", "va": "center_baseline", "zorder": 5}
                axes.annotate(f"{d:.0f}", x, color=paper, fontsize=10, fontweight="bold", **style)

    def _wrong(self) -> dict[str, Any]:
        """Return what marks a wrong point: a ring, or a cross where the points are small."""
        return {
            "linestyle": "none",
            "marker": "o" if self._is_table else "x",
            "markersize": 22.0 if self._is_table else 5.0,
            "markerfacecolor": "none",
            "markeredgecolor": color("ink"),
            "markeredgewidth": 1.2,
            "zorder": 5,
        }

    def _sets(self) -> Iterator[tuple[Floats, Floats, bool]]:
        yield self.data.x, self.data.d, False
        if len(self.data.d_test):
            yield self.data.x_test, self.data.d_test, True

    def _legend(self, last: DecisionBoundary | None) -> Iterator[Line2D]:
        _ = translator(self.language)
        for label in (0, 1):
            yield Line2D([], [], label=f"d = {label}", **_point(label, 7.0, test=False))
        if len(self.data.d_test):
            yield Line2D([], [], label=_("test point"), **_point(1, 6.0, test=True))
        if self._any_wrong:
            style = self._wrong() | {"markersize": 8.0 if self._is_table else 5.0}
            yield Line2D([], [], label=_("on the wrong side"), **style)
        if last:
            yield Line2D([], [], label=_("line at the end"), color=color("muted"), dashes=DASHES)
        if self.config.model == "mlp" and self.boundaries[0].lines:
            hidden = _("hidden neurons")
            yield Line2D([], [], label=hidden, color=color("green"), dashes=DASHES)


def _shades() -> list[str]:
    """Return the colours of o from 0 to 1: the nearer to 0.5, the paler."""
    outputs = (np.arange(BANDS) + 0.5) / BANDS
    return [
        mix_colors("vermilion" if o > 0.5 else "blue", 0.08 + 0.8 * abs(o - 0.5)) for o in outputs
    ]


def _point(label: int, size: float, *, test: bool) -> dict[str, Any]:
    own = color(("blue", "vermilion")[label])
    return {
        "linestyle": "none",
        "marker": "os"[label],
        "markersize": size * (0.8 if test else 1) * (1, 0.9)[label],
        "markerfacecolor": color("paper") if test else own,
        "markeredgecolor": own if test else color("paper"),
        "markeredgewidth": 0.8,
        "zorder": 3 if test else 4,
    }


def _clip_line(line: Line, low: Floats, high: Floats) -> Floats | None:
    """Return the two ends [2, 2] of a line inside a box, the upper or right one last; or None."""
    *normal, c = line
    a, b = (float(n) for n in normal)
    if a == b == 0:
        return None
    foot = -c * np.array([a, b]) / (a * a + b * b)
    way = np.array([-b, a]) / np.hypot(a, b)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.sort(np.stack([(low - foot) / way, (high - foot) / way]), axis=0)
    t = np.where(way == 0, np.array([[-np.inf], [np.inf]]), t)
    inside = ((low <= foot) & (foot <= high))[way == 0].all()
    first, second = t[0].max(), t[1].min()
    if not inside or first >= second:
        return None
    ends = foot + np.array([[first], [second]]) * way
    return np.array(sorted(ends.tolist(), key=lambda end: end[::-1]))
