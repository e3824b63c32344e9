"""A font carried in a page has the letters asked for, as wide as those it was laid out with."""

from io import BytesIO

import pytest
from fontTools.ttLib import TTFont

from epoque.bench.figures.font_subset import find_fonts, subset_font

LETTERS = frozenset("Été 0,5 − 10⁻⁵")


@pytest.mark.parametrize("weight", [400, 700])
def test_letters_keep_their_widths(weight: int) -> None:
    whole = TTFont(find_fonts("DejaVu Sans")[weight == 700])
    small = TTFont(BytesIO(subset_font("DejaVu Sans", weight, LETTERS)))
    assert small.flavor == "woff"
    widths = []
    for font in (whole, small):
        names = font.getBestCmap()
        widths.append([font["hmtx"][names[ord(letter)]][0] for letter in sorted(LETTERS)])
    assert widths[0] == widths[1]
    assert ord("q") not in small.getBestCmap()


def test_it_is_small_and_always_the_same() -> None:
    first = subset_font("DejaVu Sans", 400, LETTERS)
    subset_font.cache_clear()
    assert subset_font("DejaVu Sans", 400, LETTERS) == first
    assert len(first) < 20_000


def test_a_letter_that_it_lacks_is_left_out() -> None:
    assert subset_font("DejaVu Sans", 400, frozenset("a字"))
