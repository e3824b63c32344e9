"""What actions return of the pictures and films that they have written."""

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["FigureFiles", "FilmFiles", "save_drawn_figure", "show_picture"]


@dataclass(frozen=True, slots=True)
class FigureFiles:
    """A figure as PNG and SVG; a notebook shows it.

    Attributes:
        png: the file for screens.
        svg: the file for print.
    """

    png: Path
    svg: Path

    def _repr_png_(self) -> bytes:
        return self.png.read_bytes()


@dataclass(frozen=True, slots=True)
class FilmFiles:
    """A film in one or several formats; a notebook shows it.

    Attributes:
        paths: of the files, any of .webp, .gif and .mp4.
        fps: frames a second, as asked for; None where each frame has a length of its own.
    """

    paths: tuple[Path, ...]
    fps: float | None = None

    def _repr_html_(self) -> str:
        path = self.paths[0]
        if path.suffix == ".mp4":
            return f'<video controls loop src="data:video/mp4;base64,{_encode(path)}"></video>'
        return show_picture(path)


def show_picture(path: Path) -> str:
    """Return the HTML by which a notebook shows a picture: whole, so that it may move elsewhere."""
    kind = path.suffix[1:]
    return f'<img alt="{escape(path.name)}" src="data:image/{kind};base64,{_encode(path)}">'


def _encode(path: Path) -> str:
    return b64encode(path.read_bytes()).decode("ascii")


def save_drawn_figure(draw: "Callable[[], Figure]", out: Path, *, dark: bool) -> FigureFiles:
    """Draw in the house style and save.

    Args:
        draw: makes the figure.
        out: the path without its ending.
        dark: whether it is for dark pages.

    Raises:
        RunWriteError: if the system refuses.
    """
    from .figures.plot import figure_style, save_figure
    from .files.output_paths import make_parent_folder

    with figure_style("dark" if dark else "light"):
        figure = draw()
        make_parent_folder(out)
        save_figure(figure, out)
    return FigureFiles(out.with_name(f"{out.name}.png"), out.with_name(f"{out.name}.svg"))
