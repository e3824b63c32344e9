"""One SVG for the light and the dark theme: drawn in both, kept once with the colors in pairs."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import numpy as np

from .compact_svg import ID_MARK, compact_svg
from .plot import encode_svg, figure_style
from .styles import Theme
from .ticks import format_default_ticks

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["ThemedSvg", "draw_themed"]

MOST_MARKERS = 2_000
"""Of a figure; more are drawn as images. Each is an element, and takes time wherever it goes."""
FALLBACK = "'DejaVu Sans', Verdana, sans-serif"
"""Verdana's letters are as wide as those of DejaVu Sans, by which the figures are laid out."""

_DIFFERING = re.compile(r"(#[0-9a-f]{6}\b|<image [^>]*/>)")
"""What may differ from theme to theme in an SVG that is otherwise one."""

Pair = tuple[str, str]
"""A color, an image or more as it is in the light theme, and in the dark one."""


@dataclass(frozen=True)
class ThemedSvg:
    """An SVG in both themes.

    Attributes:
        view_box: of the root, for instance "0 0 360 223.2"; in points.
        family: the fonts of its letters, as CSS lists them.
        parts: its content in order: what both themes share, and pairs of what they do not.
    """

    view_box: str
    family: str
    parts: tuple[str | Pair, ...]

    @property
    def first_family(self) -> str:
        """The font that its letters were laid out in, or "" where it has none."""
        return self.family.split(",")[0].strip("'\" ")

    def plain(self, theme: Theme) -> bytes:
        """Return a file of its own in one theme."""
        place = 0 if theme == "light" else 1
        inner = "".join(part if isinstance(part, str) else part[place] for part in self.parts)
        width, height = self.view_box.split()[2:]
        size = f'width="{width}pt" height="{height}pt" xmlns="http://www.w3.org/2000/svg"'
        return f"<svg {size} {self._root()}>{inner}</svg>".replace(ID_MARK, "i").encode()

    def inline(self, prefix: str, name_color: Callable[[Pair], str], attributes: str = "") -> str:
        """Return an element for a page that follows the page's theme.

        Args:
            prefix: of all names inside, so that they are unique in the page.
            name_color: returns the CSS value that stands for a pair of colors.
            attributes: further ones of the root, each with a blank before it.
        """
        pieces = [
            part if isinstance(part, str) else _choose(part, name_color) for part in self.parts
        ]
        inner = "".join(pieces).replace(ID_MARK, prefix)
        return f"<svg {self._root()}{attributes}>{inner}</svg>"

    def _root(self) -> str:
        family = f' font-family="{escape(self.family, quote=True)}"' if self.family else ""
        return f'viewBox="{self.view_box}" stroke-linejoin="round"{family}'


def _choose(pair: Pair, name_color: Callable[[Pair], str]) -> str:
    light, dark = pair
    if light.startswith("#"):
        return name_color(pair)
    return f'<g class="light">{light}</g><g class="dark">{dark}</g>'


def draw_themed(
    draw: "Callable[[], Figure]",
    language: str,
    look_at: "Callable[[Figure], None] | None" = None,
) -> ThemedSvg:
    """Draw a figure in both themes, letters as text, and return the one SVG of both.

    Args:
        draw: makes the figure, in the theme that is active.
        language: "en" or "fr", of ticks that matplotlib would write its own way.
        look_at: is given the light figure once it is laid out.
    """
    roots: list[Element] = []
    light: Figure | None = None
    for theme in ("light", "dark"):
        with figure_style(theme):
            figure = draw()
            format_default_ticks(figure, language)
            _rasterize_crowds(figure)
            roots.append(compact_svg(encode_svg(figure, letters="text", like=light)))
            if light is None and look_at:
                look_at(figure)
            light = light or figure
    return _merge(*roots)


def _rasterize_crowds(figure: "Figure") -> None:
    """Let thousands of markers become images."""
    marked = [artist for axes in figure.axes for artist in _find_marked(axes)]
    if sum(count for _artist, count in marked) > MOST_MARKERS:
        for artist, _count in marked:
            artist.set_rasterized(True)


def _find_marked(axes: "Axes") -> "Iterator[tuple[Artist, int]]":
    """Yield each series of markers with how many it has."""
    for line in axes.lines:
        if line.get_marker() not in ("", "None", None):
            yield line, len(np.asarray(line.get_xdata()))
    for collection in axes.collections:
        if (count := len(np.asarray(collection.get_offsets()))) > 1:
            yield collection, count


def _merge(light: Element, dark: Element) -> ThemedSvg:
    """Return the one SVG of two that differ in colors and images; else both, one after the other.

    Matplotlib names nothing and orders nothing by color, so the themes only differ otherwise where
    a lab draws something else in each.
    """
    texts = [_inner(root) for root in (light, dark)]
    pieces = [_DIFFERING.split(text) for text in texts]
    if [piece[::2] for piece in pieces[:1]] != [piece[::2] for piece in pieces[1:]]:
        parts: Sequence[str | Pair] = [(texts[0], texts[1])]
    else:
        parts = _join_equal(zip(*pieces, strict=True))
    family = light.get("font-family", "")
    if family == "'DejaVu Sans'":
        family = FALLBACK
    return ThemedSvg(light.get("viewBox", ""), family, tuple(parts))


def _join_equal(pairs: "zip[tuple[str, ...]]") -> list[str | Pair]:
    """Return pieces in order, neighbours that are the same in both themes joined."""
    parts: list[str | Pair] = []
    equal: list[str] = []
    for light, dark in pairs:
        if light == dark:
            equal.append(light)
            continue
        parts += ["".join(equal), (light, dark)]
        equal = []
    return [*parts, "".join(equal)]


def _inner(root: Element) -> str:
    return "".join(ElementTree.tostring(child, "unicode") for child in root)
