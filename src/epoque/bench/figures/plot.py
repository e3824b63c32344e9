"""How figures are drawn: one look for every lab, light and dark, English and French.

Figures are `matplotlib.figure.Figure` objects, drawn inside `figure_style`, and never through
pyplot. They are 5 inches (127 mm) wide with 9 to 10.5 point letters, so that one file is readable
at the width of a page's column and on a phone.

What may differ from one style to another is in `epoque.bench.figures.styles`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from weakref import WeakKeyDictionary

import matplotlib.style
from cycler import cycler
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure

from ..errors import UnknownNameError
from ..files.atomic import write_atomic
from .fit_texts import fit_texts
from .layout import copy_layout, find_layout, keep_layout
from .styles import SERIES, FigureStyle, Theme, find_style, style_in_use, use_style
from .ticks import format_default_ticks

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.text import Annotation
    from numpy.typing import NDArray

__all__ = [
    "SERIES",
    "Theme",
    "add_heading",
    "color",
    "encode_png",
    "encode_svg",
    "figure_style",
    "mix_colors",
    "new_figure",
    "render_rgb",
    "save_figure",
]

WIDTH = 5.0  # inches
PNG_DPI = 200
SVG_IMAGE_DPI = 144  # of the images inside an SVG

_theme: ContextVar[Theme] = ContextVar("theme", default="light")
_figure_styles: WeakKeyDictionary[Figure, tuple[Theme, str]] = WeakKeyDictionary()
"""The theme and the name of the style that each figure was begun in, until it is saved."""


def _make_rc_params(style: FigureStyle, theme: Theme) -> dict[str, Any]:
    colors = style.colors[theme]
    series = [colors[role] for role in SERIES]
    return {
        "axes.axisbelow": True,
        "axes.edgecolor": colors["muted"],
        "axes.facecolor": colors["paper"],
        "axes.grid": True,
        "axes.labelcolor": colors["ink"],
        "axes.labelsize": 9.5,
        "axes.linewidth": 0.7,
        "axes.prop_cycle": cycler(linestyle=["-", "--"]) * cycler(color=series),
        "axes.spines.right": False,
        "axes.spines.top": False,
        "axes.titlecolor": colors["ink"],
        "axes.titlelocation": "left",
        "axes.titlesize": 10.5,
        "axes.titleweight": "bold",
        "axes.unicode_minus": True,
        "figure.constrained_layout.h_pad": 0.06,
        "figure.constrained_layout.use": True,
        "figure.constrained_layout.w_pad": 0.06,
        "figure.labelsize": 9.5,
        "figure.titlesize": 10.5,
        "figure.titleweight": "bold",
        "figure.facecolor": colors["paper"],
        "font.family": ["DejaVu Sans"],  # ships with matplotlib; has accents and subscripts
        "grid.color": colors["grid"],
        "grid.linewidth": 0.7,
        "legend.edgecolor": "none",
        "legend.facecolor": colors["paper"],
        "legend.fontsize": 9,
        "legend.title_fontsize": 9,
        "legend.framealpha": 0.85,
        "lines.linewidth": 1.6,
        "lines.solid_capstyle": "round",
        "svg.fonttype": "path",
        "svg.hashsalt": "epoque",
        "text.color": colors["ink"],
        "text.parse_math": False,  # a $ in a name of the user's is a dollar
        "xtick.color": colors["muted"],
        "xtick.labelcolor": colors["ink"],
        "xtick.labelsize": 9,
        "xtick.major.width": 0.7,
        "xtick.minor.width": 0.5,
        "ytick.color": colors["muted"],
        "ytick.labelcolor": colors["ink"],
        "ytick.labelsize": 9,
        "ytick.major.width": 0.7,
        "ytick.minor.width": 0.5,
        **style.settings,
    }


@contextmanager
def figure_style(theme: Theme = "light") -> Iterator[None]:
    """Draw in the style in use inside the block, whatever the user's own matplotlibrc says.

    The background is opaque, so that a file looks right wherever it is opened: in the house style
    `#ffffff` in the light theme and `#14161a` in the dark one, which an HTML page should use for
    its own paper. Matplotlib's settings belong to the whole process, so only one thread may draw
    at a time.

    Args:
        theme: "light" or "dark".
    """
    token = _theme.set(theme)
    try:
        with matplotlib.style.context(
            ["default", _make_rc_params(find_style(style_in_use()), theme)]
        ):
            yield
    finally:
        _theme.reset(token)


def color(role: str) -> str:
    """Return the colour of a role (see `FigureStyle`) in the style and theme that are active.

    Raises:
        UnknownNameError: if there is no such role, with those that there are.
    """
    colors = find_style(style_in_use()).colors[_theme.get()]
    if role not in colors:
        raise UnknownNameError("color", role, colors)
    return colors[role]


def mix_colors(role: str, weight: float, other: str = "paper") -> str:
    """Return `weight` (0 to 1) of one role's colour in another's, as an opaque colour."""
    pairs = zip(to_rgb(color(role)), to_rgb(color(other)), strict=True)
    red, green, blue = (weight * a + (1 - weight) * b for a, b in pairs)
    return to_hex((red, green, blue))


def new_figure(height: float = 3.1, width: float = WIDTH) -> Figure:
    """Return an empty figure; sizes in inches."""
    figure = Figure(figsize=(width, height))
    _figure_styles[figure] = (_theme.get(), style_in_use())
    return figure


def add_heading(axes: "Axes", title: str, subtitle: str = "") -> "Annotation":
    """Put a bold title over the axes' left end, and a quieter line under it, which it returns.

    A long subtitle is set a little smaller at once, so that it leaves the axes their room; what
    does not fit then is set smaller when the figure is saved (`fit_texts`).
    """
    axes.set_title(title, pad=20.0 if subtitle else 7.0)
    width = axes.figure.bbox.width / axes.figure.dpi * 72 - 45  # points; the rest is ticks
    letters = 0.55 * max(len(subtitle), 1)  # a letter is about 0.55 of its size wide
    return axes.annotate(
        subtitle,
        (0, 1),
        (0, 6),
        xycoords="axes fraction",
        textcoords="offset points",
        color=color("muted"),
        fontsize=min(9.0, max(6.5, width / letters)),
    )


def encode_png(figure: Figure, *, like: Figure | None = None) -> bytes:
    """Return a figure as PNG, 200 dots an inch; the same figure always gives the same bytes.

    Args:
        figure: the figure.
        like: see `encode_svg`.
    """
    return _encode(figure, "png", like, dpi=PNG_DPI, metadata={"Software": None})


def encode_svg(
    figure: Figure,
    *,
    letters: Literal["shapes", "text"] = "shapes",
    like: Figure | None = None,
) -> bytes:
    """Return a figure as SVG; the same figure always gives the same bytes.

    Args:
        figure: the figure.
        letters: as shapes, which look the same everywhere, or as text, which takes a fraction of
            the bytes and wants the figure's fonts where it is shown.
        like: a figure that was encoded before and has the same layout: the other theme's, or this
            very figure, in another format. Finding a layout takes longer than drawing.
    """
    metadata = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    settings = {"svg.fonttype": "path" if letters == "shapes" else "none"}
    return _encode(figure, "svg", like, settings, dpi=SVG_IMAGE_DPI, metadata=metadata)


@contextmanager
def _restore_style(figure: Figure) -> Iterator[None]:
    """Draw in what a figure was begun in: matplotlib makes some ticks only when it saves."""
    theme, style = _figure_styles.get(figure, (_theme.get(), style_in_use()))
    with use_style(style), figure_style(theme):
        yield


def _encode(
    figure: Figure, kind: str, like: Figure | None, settings: Any = None, **options: Any
) -> bytes:
    buffer = BytesIO()
    with _restore_style(figure), matplotlib.rc_context(settings):
        format_default_ticks(figure, "en")  # of a figure in another language its drawer did it
        if like is not figure and (like is None or not copy_layout(like, figure)):
            find_layout(figure)
        with keep_layout(figure):
            figure.savefig(buffer, format=kind, **options)
    return buffer.getvalue()


def save_figure(figure: Figure, stem: Path) -> None:
    """Write a figure as `stem`.png and `stem`.svg, each whole or not at all.

    Raises:
        RunWriteError: if the system refuses.
    """
    write_atomic(stem.with_name(f"{stem.name}.png"), encode_png(figure))
    write_atomic(stem.with_name(f"{stem.name}.svg"), encode_svg(figure, like=figure))


def render_rgb(figure: Figure, dpi: float) -> "NDArray[np.uint8]":
    """Return a figure as pixels, uint8 [height, width, 3]."""
    import numpy as np

    with _restore_style(figure):
        figure.set_dpi(dpi)
        canvas: Any = FigureCanvasAgg(figure)
        canvas.draw()
        if fit_texts(figure):
            canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()
