"""Texts of a figure that would be cut at the edge of its page are set smaller, or on two lines.

How long a title is depends on the language, and where it begins on the ticks beside it: neither is
known before the figure is laid out.
"""

from collections.abc import Iterator
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.text import Annotation, Text
from matplotlib.transforms import Bbox

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["fit_texts", "texts_outside"]

SMALLEST = 7.5
"""Points; where a text would have to be smaller, it is broken into two lines."""
MARGIN = 2.0  # points between a text and the edge
TOLERANCE = 0.5  # points


def fit_texts(figure: "Figure") -> bool:
    """Make the texts that leave the page fit in; return whether there was one.

    Args:
        figure: when it has been drawn once, so that its layout is known.
    """
    outside = list(texts_outside(figure))
    for text in outside:
        _fit(text, figure)
    return bool(outside)


def texts_outside(figure: "Figure") -> "Iterator[Text]":
    """Yield the texts that leave the page of a figure that has been drawn."""
    page, point = figure.bbox, figure.dpi / 72
    renderer = _make_renderer(figure)
    for text in _visible_texts(figure):
        box = text.get_window_extent(renderer)
        spare = TOLERANCE * point
        if (
            box.x0 < page.x0 - spare
            or box.y0 < page.y0 - spare
            or box.x1 > page.x1 + spare
            or box.y1 > page.y1 + spare
        ):
            yield text


def _make_renderer(figure: "Figure") -> Any:
    """Return what measures a figure's texts: the one that saved it may have other pixels."""
    make: Any = RendererAgg
    return make(figure.bbox.width, figure.bbox.height, figure.dpi)


def _visible_texts(figure: "Figure") -> "Iterator[Text]":
    hidden = {id(text) for axes in figure.axes for text in _hidden_texts(axes)}
    for text in figure.findobj(Text):
        assert isinstance(text, Text)
        if text.get_visible() and text.get_text().strip() and id(text) not in hidden:
            yield text


def _hidden_texts(axes: "Axes") -> "Iterator[Text]":
    """Yield the texts of axes that are not shown, and those of ticks outside of the view."""
    if not axes.get_visible():
        yield from (text for text in axes.findobj(Text) if isinstance(text, Text))
    for place, axis in enumerate((axes.xaxis, axes.yaxis)):
        is_shown = axes.axison and axis.get_visible()
        low, high = sorted(axis.get_view_interval())
        if not is_shown:
            yield axis.label
        for tick in (*axis.majorTicks, *axis.minorTicks):
            for label in (tick.label1, tick.label2):
                if not (is_shown and low <= label.get_position()[place] <= high):
                    yield label


def _fit(text: Text, figure: "Figure") -> None:
    """Make one text smaller, and break a title where it would become too small to read."""
    size, factor, words = float(text.get_fontsize()), _room(text, figure), text.get_text()
    # The quieter line under a title would grow into it.
    is_breakable = " " in words and not _is_upright(text) and not isinstance(text, Annotation)
    if size * factor >= SMALLEST or not is_breakable:
        text.set_fontsize(size * min(factor, 1.0))
        return
    text.set_text("\n".join(wrap(words, len(words) // 2 + 4, break_long_words=False)))
    text.set_fontsize(min(size, max(SMALLEST, 1.8 * size * factor)))


def _is_upright(text: Text) -> bool:
    return abs(text.get_rotation() % 180 - 90) < 1


def _room(text: Text, figure: "Figure") -> float:
    """Return what part of its length a text may have, from where it is anchored."""
    renderer = _make_renderer(figure)
    box, margin = text.get_window_extent(renderer), MARGIN * figure.dpi / 72
    page = Bbox.from_extents(
        figure.bbox.x0 + margin,
        figure.bbox.y0 + margin,
        figure.bbox.x1 - margin,
        figure.bbox.y1 - margin,
    )
    if _is_upright(text):
        start, end, low, high = box.y0, box.y1, page.y0, page.y1
        anchor = text.get_verticalalignment()
        grows = {"bottom": "up", "baseline": "up", "top": "down"}.get(anchor, "both")
        if text.get_rotation_mode() == "anchor":
            grows = {"left": "up", "right": "down"}.get(text.get_horizontalalignment(), "both")
    else:
        start, end, low, high = box.x0, box.x1, page.x0, page.x1
        grows = {"left": "up", "right": "down"}.get(text.get_horizontalalignment(), "both")
    start, end, low, high = map(float, (start, end, low, high))
    length = max(end - start, 1e-9)
    if grows == "up":
        return (high - start) / length
    if grows == "down":
        return (end - low) / length
    middle = (start + end) / 2
    return 2 * min(high - middle, middle - low) / length
