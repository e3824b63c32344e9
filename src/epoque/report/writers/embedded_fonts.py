"""The fonts of a page's drawings, carried in the page with the letters that it shows."""

import base64
import re
from collections import defaultdict
from collections.abc import Iterable
from html import unescape
from importlib.metadata import version

from epoque.bench.files.cache import cache_key, keep_bytes

__all__ = ["embed_fonts"]

_ROOT_FAMILY = re.compile(r'<svg [^>]*?font-family="([^"]*)"')
_TEXT = re.compile(r"<(text|g|/g)\b([^>]*)>([^<]*)")
_FAMILY = re.compile(r"font-family:([^;\"]*)")
_WEIGHT = re.compile(r"font-weight:(\d+)")
REGULAR, BOLD = 400, 700
LATIN = frozenset(map(chr, (*range(0x20, 0x7F), *range(0xA0, 0x100)))) | set("œŒ‘’“”–—…−·→")
"""What every font that is carried has, a few kilobytes: so a book's languages share one."""


def embed_fonts(drawings: Iterable[str]) -> str:
    """Return the CSS rules that bring the fonts in which drawings are written.

    Args:
        drawings: SVG elements whose letters are text.
    """
    letters: dict[tuple[str, int], set[str]] = defaultdict(set)
    for drawing in drawings:
        for family, weight, text in _find_texts(drawing):
            letters[family, weight] |= set(text)
    return "".join(
        _rule(family, weight, frozenset(found))
        for (family, weight), found in sorted(letters.items())
    )


def _find_texts(drawing: str) -> Iterable[tuple[str, int, str]]:
    """Yield each text of a drawing with the first of its fonts and their weight."""
    root = _ROOT_FAMILY.search(drawing)
    styles = [f"font-family:{unescape(root[1])}" if root else ""]
    for tag, attributes, text in _TEXT.findall(drawing):
        if tag == "/g":
            styles.pop()
            continue
        style = f"{unescape(attributes)};{styles[-1]}"  # the nearest one comes first
        if tag == "g":
            styles.append(style)
        elif match := _FAMILY.search(style):
            weight = _WEIGHT.search(style)
            is_bold = weight is not None and int(weight[1]) > 500
            family = match[1].split(",")[0].strip("'\" ")
            yield family, BOLD if is_bold else REGULAR, unescape(text)


def _rule(family: str, weight: int, letters: frozenset[str]) -> str:
    from epoque.bench.figures.font_subset import subset_font

    wanted = letters | LATIN
    key = cache_key(
        family=family,
        weight=weight,
        letters="".join(sorted(wanted)),
        versions=[version("fonttools"), version("matplotlib")],
    )
    font = keep_bytes("fonts", key, lambda: subset_font(family, weight, wanted))
    source = f'url("data:font/woff;base64,{base64.b64encode(font).decode()}") format("woff")'
    return f'@font-face{{font-family:"{family}";font-weight:{weight};src:{source}}}'
