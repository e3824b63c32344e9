"""What is written in a figure: none of it outside the page, and no name that only code has."""

import re
from collections.abc import Iterator
from functools import cache

from matplotlib.figure import Figure
from matplotlib.text import Text

from epoque.bench.figures.fit_texts import texts_outside
from epoque.bench.figures.plot import encode_svg, figure_style
from epoque.bench.figures.ticks import format_default_ticks
from epoque.bench.lab import find_lab, lab_names

__all__ = ["find_faults"]

SNAKE = re.compile(r"\b[a-z0-9]+_[a-z0-9_]+\b")
ENGLISH = re.compile(r"\bconfig [TR]\b")
"""Words of the field that French has its own for."""


@cache
def identifiers(language: str) -> frozenset[str]:
    """Return the values of settings that a learner knows by other words."""
    settings = (
        info for lab in lab_names() for info in find_lab(lab).config_class.settings().values()
    )
    choices = [info.choice_words(language) for info in settings]
    words = {word.lower() for choice in choices for word in choice.values()}
    return frozenset(value for choice in choices for value in choice if value not in words)


def find_faults(figure: Figure, language: str) -> list[str]:
    """Return what is wrong with the words of a figure, which is drawn for it."""
    with figure_style():
        format_default_ticks(figure, language)
        encode_svg(figure)
        outside = [f"{text.get_text()!r} leaves the page" for text in texts_outside(figure)]
    written = list(_iterate_texts(figure))
    codes = identifiers(language)
    named = [f"{text!r} is a name of code" for text in written if SNAKE.search(text)]
    named += [f"{text!r} is a value of code" for text in written if text in codes]
    if language == "fr":
        named += [f"{text!r} is English" for text in written if ENGLISH.search(text)]
    return [*outside, *named]


def _iterate_texts(figure: Figure) -> Iterator[str]:
    for text in figure.findobj(Text):
        if text.get_visible() and text.get_text().strip():
            yield text.get_text().strip()
