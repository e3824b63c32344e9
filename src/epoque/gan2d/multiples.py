"""Many small pictures side by side: moments of one run, or the ends of many."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from epoque.bench.axes import number
from epoque.bench.errors import UsageError
from epoque.bench.grid import cell
from epoque.bench.i18n import translator
from epoque.bench.plot import WIDTH, colour, new_figure

from .config import Gan2dConfig
from .scene import Layer, Moment, draw, frame, legend, moments

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from epoque.bench.run import Run

__all__ = ["multiples", "small_pictures"]

LAYERS: tuple[Layer, ...] = ("d", "real", "fake")
MAX_SIDE = 12  # pictures in a row or a column

# Inches.
WIDE = 7.0  # of a figure with more than three columns
EDGE, GAP, ROW_NAME, HEAD, CAPTION, FOOT = 0.12, 0.1, 0.28, 0.58, 0.24, 0.36

Panel = tuple[str, Moment | None]
"""What stands over a small picture, and what it shows; None leaves its place empty."""


def multiples(
    runs: "Sequence[Run]", across: str, down: str | None = None, language: str = "en"
) -> "Figure":
    """Draw the ends of many runs side by side, ordered by one or two settings.

    Args:
        runs: runs that differ in these settings; of several with the same, the first is drawn.
        across: the setting whose values become columns.
        down: the setting whose values become rows.
        language: "en" or "fr".

    Raises:
        UsageError: if there is no run, no such setting, or more than twelve values of one.
        DamagedRunError: if a run's last snapshot cannot be read.
    """
    _ = translator(language)
    columns, rows = _values(runs, across), _values(runs, down) if down else [None]
    places: dict[Any, Run] = {}
    for run in runs:
        key = getattr(run.config, across), getattr(run.config, down) if down else None
        places.setdefault(key, run)
    panels: list[list[Panel]] = []
    for row in rows:
        names = ["" if panels else _text(value, language) for value in columns]
        ends = [_end(places.get((value, row))) for value in columns]
        panels.append(list(zip(names, ends, strict=True)))
    labels = [_(str(Gan2dConfig.model_fields[field].title)) for field in (across, down) if field]
    form = _("Columns: {across}; rows: {down}") if down else _("Columns: {across}")
    told = form.format(across=labels[0], down=labels[-1])
    sides = [_text(value, language) for value in rows] if down else []
    return small_pictures(panels, sides, _("The ends of the runs"), told, language)


def _values(runs: "Sequence[Run]", field: str) -> list[Any]:
    """Return the values that a setting has in the runs, in order."""
    if not runs:
        raise UsageError("There is no run to draw.")
    if field not in Gan2dConfig.model_fields:
        raise UsageError(f"There is no setting {field!r}.")
    values = list(dict.fromkeys(getattr(run.config, field) for run in runs))
    if len(values) > MAX_SIDE:
        told = f"{field} has {len(values)} values in these runs; at most {MAX_SIDE} can be drawn."
        raise UsageError(told)
    comparable = not any(value is None or isinstance(value, str) for value in values)
    return sorted(values) if comparable else values


def _end(run: "Run | None") -> Moment | None:
    return moments(run, run.snapshot_steps()[-1:])[0] if run and run.snapshot_steps() else None


def _text(value: Any, language: str) -> str:
    plain = cell(value)
    is_number = isinstance(plain, int | float) and not isinstance(plain, bool)
    return number(float(plain), language) if is_number else str(plain)


def small_pictures(
    rows: Sequence[Sequence[Panel]], sides: Sequence[str], title: str, told: str, language: str
) -> "Figure":
    """Draw small pictures in rows.

    Args:
        rows: what stands in each; none longer than the first.
        sides: what stands beside each row; empty for nothing.
        title: over all of them.
        told: the quieter line under the title.
        language: "en" or "fr", for the key.
    """
    count, indent = len(rows[0]), EDGE + (ROW_NAME if sides else 0.0)
    width = WIDTH if count <= 3 else WIDE
    side = (width - indent - EDGE - GAP * (count - 1)) / count
    above = [CAPTION if any(name for name, _ in row) else GAP for row in rows]
    height = HEAD + sum(above) + side * len(rows) + FOOT
    figure = new_figure(height, width)
    figure.set_layout_engine("none")
    bottom = height - HEAD
    for i, row in enumerate(rows):
        bottom -= above[i] + side
        for j, panel in enumerate(row):
            left = indent + j * (side + GAP)
            place = (left / width, bottom / height, side / width, side / height)
            _small(figure, place, panel, 0.3 + 0.2 * side)
        if sides:
            x, y = (EDGE + 0.1) / width, (bottom + side / 2) / height
            figure.text(x, y, sides[i], rotation=90, fontsize=9, ha="center", va="center")
    x = EDGE / width
    figure.text(x, 1 - 0.12 / height, title, fontsize=10.5, fontweight="bold", va="top")
    figure.text(x, 1 - 0.34 / height, told, fontsize=9, color=colour("muted"), va="top")
    keys = list(legend(LAYERS, language))
    figure.legend(handles=keys, loc="lower left", bbox_to_anchor=(0, 0), ncols=2)
    return figure


def _small(
    figure: "Figure", place: tuple[float, float, float, float], panel: Panel, scale: float
) -> None:
    name, moment = panel
    axes = figure.add_axes(place)
    axes.set(xticks=[], yticks=[])
    axes.set_title(name, fontsize=9, fontweight="normal", loc="center", pad=3)
    if moment is None:
        axes.spines[:].set_visible(False)
        return
    frame(axes)
    draw(axes, moment, LAYERS, scale)
