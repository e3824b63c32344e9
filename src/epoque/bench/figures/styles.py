"""The styles that figures are drawn in: the house's own, and those that installed packages bring.

A package brings one by an entry point of the group `epoque.figure_styles` that names a
`FigureStyle`; `--style`, EPOQUE_STYLE and the argument `style` choose one by its name.

The house's colours descend from Okabe and Ito's ("Color universal design", 2008), moved apart until
every two of them also differ for protanopes, deuteranopes and tritanopes, and each stands out from
the paper with a contrast of 3:1 or more; the tests measure both. Colour is never the only sign:
curves differ in dash or carry their name, classes differ in the shape of their points.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

from ..errors import UsageError
from ..plugins import load_plugin

__all__ = [
    "HOUSE",
    "SERIES",
    "FigureStyle",
    "Theme",
    "check_style",
    "find_style",
    "style_in_use",
    "use_style",
]

Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = ("light", "dark")

SERIES = ("blue", "vermilion", "green", "purple", "ink")
"""The roles that tell series apart, in the order in which they are used."""
ROLES = (*SERIES, "muted", "grid", "paper")
"""What has a colour: the series, quiet text, the grid, and the background."""


@dataclass(frozen=True)
class FigureStyle:
    """What figures look like.

    Attributes:
        colors: theme to role (of `ROLES`) to a colour, "#0055a5".
        settings: further settings of matplotlib (its rcParams), in place of the house's.
    """

    colors: Mapping[Theme, Mapping[str, str]]
    settings: Mapping[str, Any] = field(default_factory=dict)


HOUSE = FigureStyle(
    {
        "light": {
            "blue": "#0055a5",
            "vermilion": "#cf5f02",
            "green": "#00a168",
            "purple": "#c570ab",
            "ink": "#1f2328",
            "muted": "#59616c",
            "grid": "#e3e6ea",
            "paper": "#ffffff",
        },
        "dark": {
            "blue": "#8cc4f2",
            "vermilion": "#e9602c",
            "green": "#1f9a66",
            "purple": "#d46ca8",
            "ink": "#e6e8eb",
            "muted": "#a3abb6",
            "grid": "#2a2f37",
            "paper": "#14161a",
        },
    }
)
"""The style that figures are drawn in unless another is chosen."""

GROUP = "epoque.figure_styles"

_in_use: ContextVar[str | None] = ContextVar("figure_style", default=None)


@cache
def find_style(name: str) -> FigureStyle:
    """Return a style by its name.

    Raises:
        UnknownNameError: if there is none, with the nearest names.
        UsageError: if it cannot be loaded, or lacks the colour of a role.
    """
    style: FigureStyle = load_plugin(GROUP, "figure style", name)
    for theme in THEMES:
        missing = [role for role in ROLES if role not in style.colors.get(theme, {})]
        if missing:
            problem = f"The figure style {name!r} has no colour for {', '.join(missing)}"
            raise UsageError(f"{problem} in the theme {theme}.")
    return style


def style_in_use() -> str:
    """Return the name of the style in use: the one chosen, EPOQUE_STYLE's, or the house's."""
    return _in_use.get() or os.environ.get("EPOQUE_STYLE") or "house"


def check_style(name: str | None) -> None:
    """Check a style before anything is trained; see `use_style`.

    Raises:
        UnknownNameError: if there is none of that name.
    """
    with use_style(name):
        pass


@contextmanager
def use_style(name: str | None) -> Iterator[None]:
    """Draw in a style inside the block; None for the one in use.

    Raises:
        UnknownNameError: if there is none of that name.
    """
    token = _in_use.set(name or _in_use.get())
    try:
        find_style(style_in_use())
        yield
    finally:
        _in_use.reset(token)
