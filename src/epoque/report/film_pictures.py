"""The films of a book: what the labs make of runs, in both themes, with stills for paper."""

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from epoque.bench.errors import UnknownNameError
from epoque.bench.figures.styles import Theme
from epoque.bench.files.cache import cache_key, keep_bytes
from epoque.bench.i18n import translator
from epoque.bench.lab import lab_of
from epoque.bench.runs.run import Run

from .code_digest import digest_code
from .drawn_figures import Keyed, figure_key
from .numbers import format_number

if TYPE_CHECKING:
    from epoque.bench.figures.film import Film

__all__ = ["DrawnFilm", "FilmPicture"]

KIND, ENCODED = "films", "encoded-films"
"""Where they lie in the cache folder; encoded, by their pixels alone."""
MOST_IN_MEMORY = 16
THEMES: tuple[Theme, ...] = ("light", "dark")


@dataclass(frozen=True)
class DrawnFilm:
    """A film as it is drawn.

    Attributes:
        sheets: in each theme all frames below one another, as WebP.
        strip: some frames side by side, as PNG.
        size: width and height of a frame, in pixels.
        moments: what each frame shows.
        frame_ms: how long each stays, in milliseconds.
    """

    sheets: Mapping[Theme, bytes]
    strip: bytes
    size: tuple[int, int]
    moments: tuple[str, ...]
    frame_ms: int


@dataclass(frozen=True)
class FilmPicture:
    """A film that a lab makes of a run.

    Attributes:
        name: a file stem, unique in the document.
        record: the run.
        wanted: the film's name in its lab.
        language: of the words inside.
    """

    name: str
    record: Run = field(compare=False, repr=False)
    wanted: str
    language: str
    kind: str = "png"

    @classmethod
    def of(cls, record: Run, wanted: str, language: str, name: str) -> "FilmPicture":
        """Return a film.

        Raises:
            UnknownNameError: if the run has no such film.
        """
        films = lab_of(record).films(record, language)
        if wanted not in films:
            hint = "" if films else " It has no films at all."
            raise UnknownNameError(f"film of {record.id} named", wanted, films, hint)
        return cls(name, record, wanted, language)

    def render(self) -> None:
        """Return nothing: it is no drawing."""

    def film(self) -> DrawnFilm:
        """Return the film; each is drawn once."""
        key, is_kept = figure_key(
            [self.record.path], self.language, {"film": self.wanted, "frames": 1}
        )
        return _find(Keyed(key, self, is_kept))

    def data(self, theme: Theme) -> bytes:
        """Return some frames in a row, for what does not move."""
        return self.film().strip

    def describe(self) -> str:
        """Return what it shows, in words."""
        moments = self.film().moments
        sentence = translator(self.language)(
            "A film of {count} frames, from “{first}” to “{last}”."
        )
        count = format_number(len(moments), self.language)
        return sentence.format(count=count, first=moments[0], last=moments[-1])

    def _draw(self) -> bytes:
        from epoque.bench.figures.film import encode_sheet, encode_strip
        from epoque.bench.figures.plot import figure_style

        films: dict[Theme, Film] = {}
        for theme in THEMES:
            with figure_style(theme):
                make: Callable[[], Film] = lab_of(self.record).films(self.record, self.language)[
                    self.wanted
                ]
                films[theme] = make()
        light = films["light"]
        height, width = light.frames[0].shape[:2]
        content = {
            "sheets": {theme: _keep(encode_sheet, film) for theme, film in films.items()},
            "strip": _keep(encode_strip, light),
            "size": [width, height],
            "moments": list(light.moments),
            "frame_ms": light.frame_ms,
        }
        return json.dumps(content, ensure_ascii=False).encode()


def _keep(encode: "Callable[[Film], bytes]", film: "Film") -> str:
    """Return a film encoded, in base64; films of the same pixels are encoded once.

    A film without words is the same in both languages, and one without our colors in both themes.
    """
    pixels = hashlib.sha256()
    for frame in film.frames:
        pixels.update(f"{frame.shape}".encode())
        pixels.update(frame.tobytes())
    key = cache_key(code=digest_code(), encode=encode.__name__, pixels=pixels.hexdigest())
    return base64.b64encode(keep_bytes(ENCODED, key, lambda: encode(film))).decode()


@lru_cache(MOST_IN_MEMORY)
def _find(wanted: Keyed[FilmPicture]) -> DrawnFilm:
    draw = wanted.picture._draw
    return _read(keep_bytes(KIND, wanted.key, draw) if wanted.is_kept else draw())


def _read(content: bytes) -> DrawnFilm:
    film: dict[str, Any] = json.loads(content)
    width, height = film["size"]
    sheets = {theme: base64.b64decode(film["sheets"][theme]) for theme in THEMES}
    strip = base64.b64decode(film["strip"])
    return DrawnFilm(sheets, strip, (width, height), tuple(film["moments"]), film["frame_ms"])
