"""The options that the bench's commands share.

Each is a type for a parameter of a command: `def show(run: RunName, /, *, runs:
RunsOption = None)`. One name, one meaning and one help text everywhere.
"""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

__all__ = [
    "AsJson",
    "Figures",
    "Language",
    "Quiet",
    "RecipeName",
    "RunName",
    "RunsOption",
    "StyleName",
    "WholeName",
]


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
