"""Many small pictures side by side: moments of one run, or the ends of many."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from epoque.bench.errors import UnknownNameError, UsageError
from epoque.bench.figures.number_format import format_number
from epoque.bench.figures.plot import WIDTH, color, new_figure
from epoque.bench.i18n import translator

from ..config import Gan2dConfig
from .ends import MAX_PICTURES, MAX_SIDE, End
from .scene import Layer, Moment, draw, frame, legend
from .words import label, subject, value

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["multiples", "small_pictures"]

LAYERS: tuple[Layer, ...] = ("d", "real", "fake")

# Inches.
WIDE = 7.0  # of a figure with more than three columns
EDGE, GAP, ROW_NAME, HEAD, CAPTION, FOOT = 0.12, 0.1, 0.28, 0.58, 0.24, 0.36

Panel = tuple[str, Moment | str]
"""What stands over a small picture, and what it shows; or a word in its place."""


def multiples(
    ends: Sequence[End], across: str, down: str | None = None, language: str = "en"
) -> "Figure":
    """Draw the ends of many runs side by side, ordered by one or two settings.

    Args:
        ends: of runs that differ in these settings; of several with the same, the last is drawn.
        across: the setting whose values become columns.
        down: the setting whose values become rows.
        language: "en" or "fr".

    Raises:
        UsageError: if there is no run, no such setting, or more pictures than have room.
    """
    _ = translator(language)
    columns, rows = _values(ends, across), _values(ends, down) if down else [None]
    if max(len(columns), len(rows)) > MAX_SIDE or len(columns) * len(rows) > MAX_PICTURES:
        message = f"{across}: {len(columns)} columns and {len(rows)} rows of pictures; at most "
        raise UsageError(f"{message}{MAX_SIDE} a side and {MAX_PICTURES} in all have room.")
    ends_by_key: dict[Any, Moment | str] = {
        _key(end, across, down): _view_end(end, _) for end in ends
    }
    panels: list[list[Panel]] = []
    for row in rows:
        names = ["" if panels else value(across, column, language) for column in columns]
        shown = [ends_by_key.get((column, row), "") for column in columns]
        panels.append(list(zip(names, shown, strict=True)))
    form = _("Columns: {across}; rows: {down}") if down else _("Columns: {across}")
    subtitle = form.format(across=label(across, language), down=label(down or across, language))
    sides = [value(down, row, language) for row in rows] if down else []
    return small_pictures(panels, sides, _title(ends, language), subtitle, language)


def _key(end: End, across: str, down: str | None) -> tuple[Any, Any]:
    return end.config.get(across), end.config.get(down) if down else None


def _view_end(end: End, _: Callable[[str], str]) -> Moment | str:
    return end.moment or _("diverged")


def _title(ends: Sequence[End], language: str) -> str:
    """Return what all runs have in common: the real points, and how long they were trained."""
    _ = translator(language)
    subjects = {subject(end.config, language) for end in ends}
    steps = {end.config.iterations for end in ends}
    if len(subjects) > 1:
        return _("The ends of the runs")
    (about,) = subjects
    if len(steps) > 1:
        return about
    iteration = _("iteration {step}").format(step=format_number(steps.pop(), language))
    return f"{about}, {iteration}"


def _values(ends: Sequence[End], field: str) -> list[Any]:
    """Return the values that a setting has in the runs, in order."""
    if not ends:
        raise UsageError("There is no run to draw.")
    if field not in Gan2dConfig.settings():
        raise UnknownNameError("setting", field, Gan2dConfig.settings())
    values = list(dict.fromkeys(end.config.get(field) for end in ends))
    comparable = not any(value is None or isinstance(value, str) for value in values)
    return sorted(values) if comparable else values


def small_pictures(
    rows: Sequence[Sequence[Panel]], sides: Sequence[str], title: str, subtitle: str, language: str
) -> "Figure":
    """Draw small pictures in rows.

    Args:
        rows: what stands in each; none longer than the first.
        sides: what stands beside each row; empty for nothing.
        title: over all of them.
        subtitle: the quieter line under the title.
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
    figure.text(x, 1 - 0.34 / height, subtitle, fontsize=9, color=color("muted"), va="top")
    keys = list(legend(LAYERS, language))
    figure.legend(handles=keys, loc="lower left", bbox_to_anchor=(0, 0), ncols=2)
    return figure


def _small(
    figure: "Figure", place: tuple[float, float, float, float], panel: Panel, scale: float
) -> None:
    name, shown = panel
    axes = figure.add_axes(place)
    axes.set(xticks=[], yticks=[])
    axes.set_title(name, fontsize=9, fontweight="normal", loc="center", pad=3)
    if isinstance(shown, str):
        axes.spines[:].set_visible(False)
        axes.text(0.5, 0.5, shown, color=color("muted"), fontsize=9, ha="center", va="center")
        return
    frame(axes)
    draw(axes, shown, LAYERS, scale)
