"""The pictures of a book: what the labs draw from a record, and the author's own image files."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from epoque.bench.errors import UnknownNameError, UsageError
from epoque.bench.files.input_files import read_regular
from epoque.bench.lab import lab_of
from epoque.bench.limits import MAX_IMAGE_BYTES, MAX_TEXT_FILE_BYTES
from epoque.bench.runs.run import Run
from epoque.bench.sweeps.sweep import Sweep

from .drawn_figures import Drawable, DrawnFigure, draw_once
from .model import Theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Chart", "Drawing", "FilePicture"]

KINDS = {"svg": "svg", "png": "png", "jpg": "jpg", "jpeg": "jpg", "webp": "webp"}


class _DrawnPicture:
    """What is the same of all pictures that are drawn of records: drawn once, they stand still."""

    def render(self: Drawable) -> DrawnFigure:
        """Return it as drawn; each is drawn once."""
        return draw_once(self)

    def film(self) -> None:
        """Return nothing: it stands still."""

    def describe(self: Drawable) -> str:
        """Return what it shows, in words made from its axes and data."""
        return draw_once(self).description

    def data(self: Drawable, theme: Theme) -> bytes:
        """Return the SVG."""
        return draw_once(self).svg.plain(theme)


@dataclass(frozen=True)
class Drawing(_DrawnPicture):
    """A figure that a lab draws from a run or a sweep.

    Attributes:
        name: a file stem, unique in the document.
        folder: of the run or sweep.
        figure: the figure's name in its lab.
        language: of the words inside the figure.
        record: the run or sweep, which has read its files already.
        column: of a sweep, the result drawn; "" is the sweep's own score.
        at: of a sweep, axes held at one value.
    """

    name: str
    folder: Path
    figure: str
    language: str
    record: Run | Sweep = field(compare=False, repr=False)
    column: str = ""
    at: tuple[tuple[str, Any], ...] = ()
    kind: str = "svg"

    @classmethod
    def of(
        cls,
        record: Run | Sweep,
        figure: str,
        language: str,
        name: str,
        column: str = "",
        **at: Any,
    ) -> "Drawing":
        """Return a drawing.

        Raises:
            UnknownNameError: if the record has no such figure, result or axis.
            UsageError: if a run is given what only a sweep has.
        """
        folder = record.path.resolve()
        drawing = cls(name, folder, figure, language, record, column, tuple(at.items()))
        figures = drawing.drawable()
        if figure not in figures:
            hint = "" if figures else " It has no figures at all."
            raise UnknownNameError(f"figure of {record.id} named", figure, figures, hint)
        return drawing

    def drawable(self) -> "Mapping[str, Callable[[], Figure]]":
        """Return name to function of what can be drawn of the record."""
        if isinstance(self.record, Sweep):
            from epoque.bench.figures.sweep_figures import sweep_figures

            labels = lab_of(self.record).result_labels
            return sweep_figures(self.record, self.language, self.column, dict(self.at), labels)
        if self.column or self.at:
            raise UsageError(f"{self.record.id} is one run; columns and axes are a sweep's.")
        return lab_of(self.record).figures(self.record, self.language)

    def draw(self) -> "Figure":
        """Draw it, in the style that is active."""
        return self.drawable()[self.figure]()

    @property
    def folders(self) -> tuple[Path, ...]:
        """That of the run or sweep."""
        return (self.folder,)

    @property
    def ingredients(self) -> Mapping[str, object]:
        """What decides how it looks besides the record, the language and the style."""
        return {"figure": self.figure, "column": self.column, "at": repr(self.at)}


@dataclass(frozen=True)
class Chart(_DrawnPicture):
    """A figure that the book draws itself, of one record or of several beside each other.

    Attributes:
        name: a file stem, unique in the document.
        folders: of the runs or sweeps.
        figure: draws it (`epoque.report.charts`), given the records, the language and the words.
        language: of the words inside the figure.
        words: what else it takes: the names of its curves, its lines.
        records: the runs or sweeps, which have read their files already.
    """

    name: str
    folders: tuple[Path, ...]
    figure: "Callable[..., Figure]"
    language: str
    words: tuple[Any, ...]
    records: tuple[Run | Sweep, ...] = field(compare=False, repr=False)
    kind: str = "svg"

    def draw(self) -> "Figure":
        """Draw it, in the style that is active."""
        return self.figure(self.records, self.language, *self.words)

    @property
    def ingredients(self) -> Mapping[str, object]:
        """What decides how it looks besides the records, the language and the style."""
        chart = f"{self.figure.__module__}.{self.figure.__qualname__}"
        return {"chart": chart, "words": repr(self.words)}


@dataclass(frozen=True)
class FilePicture:
    """An image file beside the author's template, the same in both themes.

    Attributes:
        name: a file stem.
        kind: "svg", "png", "jpg" or "webp".
        content: the file.
    """

    name: str
    kind: str
    content: bytes

    @classmethod
    def read(cls, folder: Path, source: str) -> "FilePicture":
        """Read an image of a template.

        Args:
            folder: the template's folder; nothing outside of it is read.
            source: the path as written in the template.

        Raises:
            UsageError: if it is not an image in or below that folder.
        """
        path = folder / unquote(source)
        inside = path.resolve().is_relative_to(folder.resolve())
        kind = KINDS.get(path.suffix.lower().lstrip("."))
        if kind is None or not inside or not path.is_file():
            raise UsageError(
                f"The image {source} cannot be used; it takes an SVG, PNG, JPEG or WebP file in "
                f"the folder of the template."
            )
        content = read_regular(path, MAX_TEXT_FILE_BYTES if kind == "svg" else MAX_IMAGE_BYTES)
        _check_image(source, kind, content)
        return cls(path.stem, kind, content)

    def render(self) -> None:
        """Return nothing: it is a file of its own."""

    def film(self) -> None:
        """Return nothing: it stands still."""

    def describe(self) -> str:
        """Return nothing: only its author knows what it shows."""
        return ""

    def data(self, theme: Theme) -> bytes:
        """Return the file."""
        return self.content


def _check_image(source: str, kind: str, content: bytes) -> None:
    from xml.etree import ElementTree

    from epoque.bench.files.images import PictureError, decode

    try:
        if kind != "svg":
            decode(content)
            return
        root_tag = ElementTree.fromstring(content).tag
    except PictureError as error:
        raise UsageError(f"The image {source} {error}.") from None
    except (ElementTree.ParseError, ValueError, LookupError):  # LookupError: of an encoding
        root_tag = ""
    if not root_tag.endswith("svg"):
        raise UsageError(f"The image {source} is damaged or not what its name says.")
