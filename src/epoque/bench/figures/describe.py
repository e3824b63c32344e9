"""What stands for a figure where it is not seen, made from its own axes and data."""

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.collections import Collection, PathCollection, PolyCollection, QuadMesh
from matplotlib.colors import to_hex
from matplotlib.lines import Line2D
from matplotlib.text import Annotation
from numpy.typing import NDArray

from ..i18n import translator
from .number_format import format_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure
    from matplotlib.text import Text

__all__ = ["describe_figure"]

MOST_PANELS = 3  # axes that are told one by one; of more only their names
MOST_CURVES = 6
MOST_WORDS = 60  # of what is written in a figure without axes
MOST_CATEGORIES = 12


def describe_figure(figure: "Figure", language: str) -> str:
    """Return what a figure shows, in sentences: its axes with their scales, its curves, its cells.

    Args:
        figure: when all of it is drawn and laid out.
        language: "en" or "fr".
    """
    panels = [axes for axes in figure.axes if axes.get_visible() and not _is_color_bar(axes)]
    heading = _sentence(figure.get_suptitle())
    if len(panels) > MOST_PANELS:
        text = f"{heading}{_Panel(panels[0], language).heading()}{_name_panels(panels, language)}"
    else:
        text = heading + " ".join(_Panel(axes, language).describe() for axes in panels)
    return re.sub(r"[ \n\t]+", " ", text).strip()  # others are not to be broken


def _is_color_bar(axes: "Axes") -> bool:
    return hasattr(axes, "_colorbar")


def _sentence(text: str) -> str:
    text = text.strip()
    return f"{text}{'' if text[-1:] in '.!?…' else '.'} " if text else ""


def _name_panels(panels: "list[Axes]", language: str) -> str:
    _ = translator(language)
    names = [_title(axes) for axes in panels] + [axes.get_ylabel() for axes in panels]
    count = format_number(len(panels), language)
    listed = ", ".join(dict.fromkeys(name for name in names if name))
    if not listed:
        return _sentence(_("{count} pictures side by side").format(count=count))
    words = _("{count} pictures side by side: {names}")
    return _sentence(words.format(count=count, names=listed))


def _title(axes: "Axes") -> str:
    return next((t for loc in ("left", "center", "right") if (t := axes.get_title(loc=loc))), "")


class _Panel:
    """One pair of axes in words."""

    def __init__(self, axes: "Axes", language: str) -> None:
        self._axes, self._language = axes, language
        self._translate: Callable[[str], str] = translator(language)

    def describe(self) -> str:
        """Return all of it."""
        if not self._axes.axison:
            return self.heading() + "".join(map(_sentence, self._images())) + self._describe_texts()
        parts = [*self._scales(), *self._curves(), *self._points(), *self._cells()]
        return self.heading() + "".join(map(_sentence, [*parts, *self._images()]))

    def heading(self) -> str:
        """Return the title and the line under it."""
        at_title = (a for a in self._annotations() if a.xy == (0, 1) and a.xycoords != "data")
        subtitle = next((a.get_text() for a in at_title), "")  # and not the number of a cell
        return _sentence(_title(self._axes)) + _sentence(subtitle)

    def _annotations(self) -> "Iterator[Annotation]":
        return (t for t in self._axes.texts if isinstance(t, Annotation) and t.get_visible())

    def _number(self, value: float) -> str:
        return format_number(float(value), self._language, digits=3)

    # Axes

    def _scales(self) -> Iterator[str]:
        _ = self._translate
        if any(_tick_texts(axis) for axis in (self._axes.xaxis, self._axes.yaxis)):
            yield self._scale(self._axes.xaxis, _("Horizontal axis"))
            yield self._scale(self._axes.yaxis, _("Vertical axis"))

    def _scale(self, axis: "Axis", which: str) -> str:
        _ = self._translate
        name = f"{which} ({label})" if (label := axis.get_label_text()) else which
        texts = _tick_texts(axis)
        if texts and _has_own_texts(axis):
            words = ", ".join(texts[:MOST_CATEGORIES])
            return _("{axis}: {values}").format(axis=name, values=words)
        low, high = map(self._number, sorted(axis.get_view_interval()))
        sentence = _("{axis}: from {low} to {high}").format(axis=name, low=low, high=high)
        return sentence + (_(", logarithmic") if axis.get_scale() == "log" else "")

    # What is drawn

    def _curves(self) -> Iterator[str]:
        for line in [line for line in self._axes.lines if self._is_curve(line)][:MOST_CURVES]:
            if sentence := self._curve(line):
                yield sentence

    def _is_curve(self, line: Line2D) -> bool:
        named = line.get_linestyle() not in ("None", "none", "", " ")
        in_data = line.get_transform().contains_branch(self._axes.transData)
        return (
            line.get_visible() and named and in_data and len(_y(line)) > 2 and self._is_main(line)
        )

    def _is_main(self, line: Line2D) -> bool:
        """Whether a curve is named, or the only one of its color."""
        same = [other for other in self._axes.lines if other.get_color() == line.get_color()]
        return bool(self._name(line)) or len(same) == 1

    def _curve(self, line: Line2D) -> str:
        _, y = self._translate, _y(line)
        y = y[np.isfinite(y)]
        if not len(y):
            return ""
        name = self._name(line)
        subject = _("Curve {name}").format(name=name) if name else _("Curve")
        first, last, low, high = map(self._number, (y[0], y[-1], y.min(), y.max()))
        text = _("{curve}: from {first} to {last}").format(curve=subject, first=first, last=last)
        if {low, high} <= {first, last}:
            return text
        return text + _(", at the lowest {low}, at the highest {high}").format(low=low, high=high)

    def _name(self, line: Line2D) -> str:
        """Return a curve's name: in the legend, or at its end in its color."""
        if not (label := str(line.get_label())).startswith("_"):
            return label
        ink = to_hex(line.get_color())
        ends = (a for a in self._annotations() if a.xy[0] == 1 and to_hex(a.get_color()) == ink)
        return next((a.get_text() for a in ends), "")

    def _points(self) -> Iterator[str]:
        lines = [
            (len(_y(line)), self._name(line))
            for line in self._axes.lines
            if line.get_visible() and line.get_linestyle() in ("None", "none", "", " ")
        ]
        scattered = [
            (len(np.asarray(c.get_offsets())), "")
            for c in self._axes.collections
            if isinstance(c, PathCollection)
        ]
        if count := sum(number for number, _name in [*lines, *scattered]):
            _ = self._translate
            yield _("Points drawn: {count}").format(count=format_number(count, self._language))

    def _cells(self) -> Iterator[str]:
        _ = self._translate
        for mesh in self._axes.collections:
            if isinstance(mesh, QuadMesh) and (values := _finite(mesh)) is not None:
                low, high = self._number(values.min()), self._number(values.max())
                count = format_number(len(values), self._language)
                text = _("Colored cells: {count}, from {low} to {high}")
                yield text.format(count=count, low=low, high=high)
        polygons = [c for c in self._axes.collections if isinstance(c, PolyCollection)]
        bars = [patch for patch in self._axes.patches if patch.get_visible()]
        if len(bars) > 1 and not polygons:
            yield _("Bars: {count}").format(count=format_number(len(bars), self._language))

    def _images(self) -> Iterator[str]:
        _ = self._translate
        for image in self._axes.images:
            height, width = image.get_array().shape[:2]  # type: ignore[union-attr]
            sizes = (format_number(size, self._language) for size in (width, height))
            text = _("Image of {width} × {height} cells")
            yield text.format(**dict(zip(("width", "height"), sizes, strict=True)))

    def _describe_texts(self) -> str:
        texts: list[Text] = [t for t in self._axes.texts if t.get_visible()]
        words = " ".join(t.get_text() for t in texts if getattr(t, "xy", None) != (0, 1)).split()
        cut = " …" if len(words) > MOST_WORDS else ""
        return _sentence(" ".join(words[:MOST_WORDS]) + cut)


def _y(line: Line2D) -> NDArray[np.float64]:
    return np.asarray(line.get_ydata(), float)


def _finite(mesh: Collection) -> "NDArray[np.float64] | None":
    values: Any = mesh.get_array()
    if values is None:
        return None
    masked: Any = np.ma.asarray(values, float)
    flat = np.asarray(masked.filled(np.nan), float).ravel()
    flat = flat[np.isfinite(flat)]
    return flat if len(flat) else None


def _has_own_texts(axis: "Axis") -> bool:
    """Return whether an axis carries words, or numbers that are not its own: 8-8, a year."""
    from matplotlib.category import StrCategoryLocator
    from matplotlib.ticker import FixedLocator

    return isinstance(axis.get_major_locator(), FixedLocator | StrCategoryLocator)


def _tick_texts(axis: "Axis") -> list[str]:
    """Return what is written at an axis' ticks inside its view."""
    low, high = sorted(axis.get_view_interval())
    ticks = zip(axis.get_majorticklocs(), axis.get_majorticklabels(), strict=False)
    shown = (label.get_text() for place, label in ticks if low <= place <= high)
    return [text for text in shown if text.strip()]
