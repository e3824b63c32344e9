"""Drawn figures, kept by what they were drawn from: data, code, language and style.

Drawing takes most of the time of a book. A figure is kept in the cache folder under the digest of
everything that decides how it looks, and taken from there when a book needs it again. A record that
is not finished has no manifest; what is drawn of it is kept for the process only.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from epoque.bench.figures.styles import find_style, style_in_use
from epoque.bench.files.cache import cache_key, forget_oldest, keep_bytes
from epoque.bench.runs.manifest import MANIFEST

from .code_digest import digest_code

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from epoque.bench.figures.themed_svg import ThemedSvg

__all__ = ["Drawable", "DrawnFigure", "Keyed", "draw_once", "figure_key", "forget_old_figures"]

T = TypeVar("T")

KIND = "figures"
"""Where they lie in the cache folder."""
MOST_KEPT = {KIND: 1_000, "films": 100, "encoded-films": 200, "fonts": 50, "pdf": 20}
"""Of each kind of thing that is made for a book; one in two languages has 120 figures."""
UNFINISHED = "unfinished"
MOST_IN_MEMORY = 256


@dataclass(frozen=True)
class DrawnFigure:
    """A figure as it is drawn.

    Attributes:
        svg: in both themes.
        description: what stands for it where it is not seen.
    """

    svg: "ThemedSvg"
    description: str


class Drawable(Protocol):
    """Something that draws a figure of records."""

    @property
    def language(self) -> str:
        """The language of the words inside."""

    @property
    def folders(self) -> tuple[Path, ...]:
        """Those of the records."""

    @property
    def ingredients(self) -> Mapping[str, object]:
        """What decides how it looks besides records, code, language and style; JSON values."""

    def draw(self) -> "Figure":
        """Draw it, in the theme that is active."""


def draw_once(drawable: Drawable) -> DrawnFigure:
    """Return a figure as it was drawn before, in this process or another, or draw it."""
    key, is_kept = figure_key(drawable.folders, drawable.language, drawable.ingredients)
    return _find(Keyed(key, drawable, is_kept))


def figure_key(
    folders: Iterable[Path], language: str, ingredients: Mapping[str, object]
) -> tuple[str, bool]:
    """Return what stands for a figure or film, and whether it may be kept on the disk.

    Args:
        folders: of the records that it shows.
        language: of the words inside.
        ingredients: what else decides how it looks, besides code and style; JSON values.
    """
    digests = [_digest_record(folder) for folder in folders]
    key = cache_key(
        code=digest_code(),
        language=language,
        style=repr(find_style(style_in_use())),
        records=digests,
        **ingredients,
    )
    return key, not any(digest.startswith(UNFINISHED) for digest in digests)


def forget_old_figures() -> None:
    """Keep what is drawn, encoded and set for books from growing for ever."""
    for kind, most in MOST_KEPT.items():
        forget_oldest(kind, most)


def _digest_record(folder: Path) -> str:
    """Return what tells a record from what it was before: its manifest's digest, if it has one."""
    try:
        return hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()
    except OSError:
        return f"{UNFINISHED} {folder} {(folder / 'status.json').stat().st_mtime_ns}"


@dataclass(frozen=True)
class Keyed(Generic[T]):
    """What is drawn, whether it is kept on the disk, and the key that alone tells it apart."""

    key: str
    picture: T = field(compare=False)
    is_kept: bool = field(compare=False)


@lru_cache(MOST_IN_MEMORY)
def _find(wanted: Keyed[Drawable]) -> DrawnFigure:
    if not wanted.is_kept:
        return _draw(wanted.picture)
    drawn: list[DrawnFigure] = []

    def make() -> bytes:
        drawn.append(_draw(wanted.picture))
        return json.dumps(asdict(drawn[0]), ensure_ascii=False).encode()

    content = keep_bytes(KIND, wanted.key, make)
    return drawn[0] if drawn else _read(content)


def _draw(drawable: Drawable) -> DrawnFigure:
    from epoque.bench.figures.describe import describe_figure
    from epoque.bench.figures.themed_svg import draw_themed

    descriptions: list[str] = []
    svg = draw_themed(
        drawable.draw,
        drawable.language,
        lambda figure: descriptions.append(describe_figure(figure, drawable.language)),
    )
    return DrawnFigure(svg, descriptions[0])


def _read(content: bytes) -> DrawnFigure:
    from epoque.bench.figures.themed_svg import ThemedSvg

    figure: dict[str, Any] = json.loads(content)
    svg = figure["svg"]
    parts = tuple(part if isinstance(part, str) else tuple(part) for part in svg["parts"])
    return DrawnFigure(ThemedSvg(svg["view_box"], svg["family"], parts), figure["description"])
