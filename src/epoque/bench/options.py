"""The options that commands share, the bench's own and those of the labs.

Each is a type for a parameter of a command: `def look(run: RunName = "last", /, *, runs:
RunsOption = None)`. One name, one meaning and one help text everywhere.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

__all__ = [
    "AsJson",
    "Dark",
    "Device",
    "Figures",
    "Language",
    "PictureOut",
    "Quiet",
    "RecipeName",
    "RunName",
    "RunsOption",
    "StyleName",
    "WholeName",
    "at_least",
]


def at_least(least: int) -> Callable[[object, int | None], None]:
    """Return what refuses smaller whole numbers, as the validator of an option."""

    def check(_type: object, value: int | None) -> None:
        if value is not None and value < least:
            raise ValueError(f"is not allowed; it takes a whole number at least {least}.")

    return check


RunName = Annotated[str, Parameter(help="A run's id, a part of it, `last`, or its folder.")]
WholeName = Annotated[str, Parameter(help="A run's whole id, `last`, or its folder.")]
"""Of what cannot be undone: a part of an id may be a part of too many."""
RecipeName = Annotated[
    str, Parameter(help="A recipe's name, such as neuron/and, or the path of a YAML file.")
]
RunsOption = Annotated[
    Path | None,
    Parameter(name="--runs", env_var="EPOQUE_RUNS", help="The folder of runs [default: ./runs]."),
]
Quiet = Annotated[bool, Parameter(name=["--quiet", "-q"], negative="", help="Print no progress.")]
AsJson = Annotated[bool, Parameter(name="--json", negative="", help="Print JSON for programs.")]
Figures = Annotated[bool, Parameter(help="Draw the figures at the end.")]
StyleName = Annotated[
    str | None,
    Parameter(name="--style", env_var="EPOQUE_STYLE", help="The style of the figures: house, …"),
]
Language = Annotated[
    Literal["en", "fr"],
    Parameter(
        name="--lang", env_var="EPOQUE_LANG", help="The language: en or fr.", show_choices=False
    ),
]
Device = Annotated[str, Parameter(help="auto (CUDA where it is there), cpu or cuda.")]
Dark = Annotated[bool, Parameter(name="--dark", negative="", help="For dark pages.")]
PictureOut = Annotated[
    Path, Parameter(name="--out", help="The path without its ending; .png and .svg are written.")
]
