"""The layout of a figure, found once: whatever is written of it then keeps its places.

Finding it takes longer than anything else of a drawing: every text is measured several times. A
figure in two formats, or in two themes, has one layout.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.legend import Legend
from matplotlib.text import Text

from .fit_texts import fit_texts

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure

__all__ = ["copy_layout", "find_layout", "keep_layout"]

MOST_FITS = 4  # times that texts are made to fit: the room they have depends on the layout


def find_layout(figure: "Figure") -> None:
    """Place the axes of a figure, and make the texts fit that would leave its page."""
    figure.draw_without_rendering()
    for _round in range(MOST_FITS):
        if not fit_texts(figure):
            break
        figure.draw_without_rendering()  # lays it out anew


@contextmanager
def keep_layout(figure: "Figure") -> Iterator[None]:
    """Leave everything where it is inside the block, whatever is drawn."""
    engine = figure.get_layout_engine()
    figure.set_layout_engine("none")
    try:
        yield
    finally:
        figure.set_layout_engine(engine or "none")


def copy_layout(source: "Figure", target: "Figure") -> bool:
    """Give a figure the places and the sizes of letters of another that says the same.

    Args:
        source: its layout was found.
        target: drawn by the same function, in another theme.

    Returns:
        Whether they say the same; if not, the target's layout is still to be found.
    """
    if not _say_the_same(source, target):
        return False
    before = [(axes.get_position(original=True), axes.get_in_layout()) for axes in target.axes]
    for there, here in zip(source.axes, target.axes, strict=True):
        here.set_position(there.get_position(original=True))
        here.set_anchor(there.get_anchor())
        here.set_box_aspect(there.get_box_aspect())
        here.apply_aspect()
    if _words(_tick_labels(source)) != _words(_tick_labels(target)):  # known where axes have a size
        for axes, (place, is_in_layout) in zip(target.axes, before, strict=True):
            axes.set_position(place)
            axes.set_in_layout(is_in_layout)
        return False
    for text, other in zip(source.texts, target.texts, strict=True):
        other.set_position(text.get_position())
    for find in (_texts, _tick_labels):
        for text, other in zip(find(source), find(target), strict=True):
            other.set_text(text.get_text())
            other.set_fontsize(text.get_fontsize())
    return True


def _say_the_same(source: "Figure", target: "Figure") -> bool:
    """Return whether two figures have the same axes, and the same words, wherever they break."""
    sizes = [(len(figure.axes), len(figure.texts)) for figure in (source, target)]
    return sizes[0] == sizes[1] and _words(_texts(source)) == _words(_texts(target))


def _words(texts: list[Text]) -> list[list[str]]:
    return [text.get_text().split() for text in texts]


def _tick_labels(figure: "Figure") -> list[Text]:
    """Return the labels of all major ticks, brought up to date."""
    axes = (axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis))
    return [label for axis in axes for label in axis.get_majorticklabels()]


def _texts(figure: "Figure") -> list[Text]:
    """Return the texts of a figure in their order, without those of ticks, which come and go."""
    return [text for artist in figure.get_children() for text in _texts_of(artist)]


def _texts_of(artist: "Artist") -> Iterator[Text]:
    if isinstance(artist, Text):
        yield artist
    elif isinstance(artist, Axis):
        yield from (artist.label, artist.offsetText)
    elif isinstance(artist, Legend):
        yield from (artist.get_title(), *artist.get_texts())
    elif isinstance(artist, Axes):
        for child in artist.get_children():
            yield from _texts_of(child)
