"""The figures' own font with the letters that a page shows, to be carried inside that page."""

from functools import lru_cache
from io import BytesIO
from pathlib import Path

__all__ = ["find_fonts", "subset_font"]

WEIGHTS = (400, 700)
"""Of regular and of bold letters."""


def find_fonts(family: str) -> list[Path]:
    """Return the files of a font that matplotlib knows: of its regular and its bold letters."""
    return list(dict.fromkeys(Path(_find_font(family, weight)) for weight in WEIGHTS))


def _find_font(family: str, weight: int) -> str:
    from matplotlib.font_manager import FontProperties, findfont

    return str(findfont(FontProperties(family=family, weight=weight)))


@lru_cache(8)
def subset_font(family: str, weight: int, letters: frozenset[str]) -> bytes:
    """Return a font as WOFF that holds these letters as far as it has them.

    A figure is laid out by the widths of its font's letters: with any other font some would be cut
    at the edge. The same letters always give the same bytes.

    Args:
        family: the font's name as matplotlib knows it, for instance "DejaVu Sans".
        weight: 400 for regular letters, 700 for bold ones.
        letters: what is to be written with it.
    """
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont

    options = Options(hinting=False, notdef_outline=True, name_IDs=[1, 2, 13, 14])
    options.drop_tables += ["FFTM"]  # the times of an editor
    font = TTFont(_find_font(family, weight), recalcTimestamp=False)
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=map(ord, letters))
    subsetter.subset(font)
    font.flavor = "woff"
    buffer = BytesIO()
    font.save(buffer)
    return buffer.getvalue()
