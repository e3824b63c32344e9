"""What a picture says of the run it shows: the words under its title and beside its rows."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from epoque.bench.figures.number_format import format_number
from epoque.bench.i18n import mark, translator
from epoque.bench.sweeps.grid import to_cell

from ..data.user_points import SHIPPED

if TYPE_CHECKING:
    from ..config import Gan2dConfig
    from .scene import Moment

__all__ = ["describe_moment", "label", "subject", "value"]

LONGEST_NAME = 18  # of a file, in letters

_DATA = {
    "line": mark("Line"),
    "gaussians": mark("Two Gaussians"),
    "ring": mark("Ring"),
    "disjoint": mark("Three disjoint Gaussians"),
    "grid": mark("Grid of 25 Gaussians"),
    "circle": mark("Eight Gaussians"),
    "moons": mark("Two moons"),
    "spiral": mark("Spiral"),
    "checkerboard": mark("Checkerboard"),
    "pinwheel": mark("Pinwheel"),
    "drawing": mark("Drawing"),
}


def subject(config: "Gan2dConfig", language: str) -> str:
    """Return what a run is about, for the line under a title: the real points' name."""
    if config.data in ("csv", "image"):
        name = Path(str(config.csv or config.image)).name.removeprefix(SHIPPED)
        return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"
    return translator(language)(_DATA[config.data])


def describe_moment(config: "Gan2dConfig", moment: "Moment", language: str) -> str:
    """Return the line under a picture of a moment: "Ring, iteration 2,000"."""
    _ = translator(language)
    step = _("iteration {step}").format(step=format_number(moment.step, language))
    line = f"{subject(config, language)}, {step}"
    if moment.outside():
        text = _("; {count} of {total} outside")
        count, total = moment.outside(), len(moment.arrays["fake"])
        line += text.format(
            count=format_number(count, language), total=format_number(total, language)
        )
    return line


def label(field: str, language: str) -> str:
    """Return a learner's name for a setting."""
    from ..config import Gan2dConfig

    return Gan2dConfig.settings()[field].label(language)


def value(field: str, setting: Any, language: str) -> str:
    """Return the value of a setting as it stands over or beside a small picture."""
    from ..config import Gan2dConfig

    plain = to_cell(setting)
    if isinstance(setting, tuple):
        return "-".join(map(str, setting)) or "–"
    if (word := Gan2dConfig.settings()[field].choice_words(language).get(str(plain))) is not None:
        return word
    is_number = isinstance(plain, int | float) and not isinstance(plain, bool)
    return format_number(float(plain), language) if is_number else str(plain)
