"""What the commands share: the settings of a lab as options, progress, and tables."""

import inspect
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import isfinite
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Group, Parameter

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from ..bench.lab import Lab

__all__ = [
    "console",
    "lab_of",
    "number",
    "print_json",
    "progress",
    "table",
    "with_settings",
]

PIPE_WIDTH = 400
FLAGS = ("--quiet", "-q", "--json", "--figures", "--no-figures", "--help", "-h")
"""The options of `run`, `sweep` and `search` that take no value; a lab's settings all take one."""


def console() -> "Console":
    """Return the console for results: standard output, never wrapped when it is a pipe."""
    from rich.console import Console

    piped = not sys.stdout.isatty()
    width = PIPE_WIDTH if piped else None
    # No markup: a path, a reason or a name may hold brackets.
    return Console(highlight=False, markup=False, soft_wrap=piped, width=width)


def print_json(value: Any) -> None:
    """Print a value as JSON on standard output; an undefined number is null."""
    print(json.dumps(_defined(value), indent=2, ensure_ascii=False, default=str))


def _defined(value: Any) -> Any:
    """Return plain values with null for NaN and the infinities, which JSON does not have."""
    match value:
        case float():
            return value if isfinite(value) else None
        case Mapping():
            return {name: _defined(inner) for name, inner in value.items()}
        case list() | tuple():
            return [_defined(inner) for inner in value]
    return value


def number(value: Any) -> str:
    """Return a number for a table: four significant digits, nothing for None."""
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


@contextmanager
def progress(what: str, unit: str, *, quiet: bool) -> "Iterator[Callable[[int, int], None]]":
    """Show a bar on standard error, if that is a terminal; yield what moves it (done, all)."""
    from rich.console import Console
    from rich.progress import (  # fmt: skip
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    out = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
               TextColumn(unit), TimeElapsedColumn(), TimeRemainingColumn())  # fmt: skip
    hidden = quiet or not out.is_terminal
    with Progress(*columns, console=out, transient=True, disable=hidden) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, points: bar.update(task, completed=done, total=points)


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]], title: str = "") -> "Table":
    """Return a plain table; a cell is shown as it is, unless it is a rich `Text`."""
    from rich.table import Table
    from rich.text import Text

    made = Table(title=title or None, box=None, pad_edge=False, title_justify="left")
    for name in columns:
        made.add_column(name, overflow="fold")
    for row in rows:
        cells = (value if isinstance(value, Text) else Text(number(value)) for value in row)
        made.add_row(*cells)
    return made


def lab_of(argv: Sequence[str]) -> "Lab[Any] | None":
    """Return the lab of the recipe that a command line names.

    Args:
        argv: the words after the command.

    Raises:
        UnknownNameError: if a recipe is named that does not exist.
        UsageError: if it is a file that is not a recipe.
    """
    from ..bench.lab import find_lab
    from ..bench.recipes import find_recipe

    recipe = _first_argument(argv)
    return None if recipe is None else find_lab(find_recipe(recipe).lab)


def _first_argument(argv: Sequence[str]) -> str | None:
    """Return the first word that is no option and no option's value."""
    words = iter(argv)
    for word in words:
        if not word.startswith("-"):
            return word
        if "=" not in word and word not in FLAGS:
            next(words, None)
    return None


def with_settings(command: Callable[..., Any], lab: "Lab[Any] | None") -> Callable[..., Any]:
    """Return a command that also takes the settings of a lab as options.

    Args:
        command: a function that takes `**settings`, each a text as typed.
        lab: whose settings; None adds none.
    """
    if lab is None:
        options: list[inspect.Parameter] = []
    else:
        group = Group(f"Settings of {lab.name}", sort_key=10)
        options = [_option(lab, name, group) for name in lab.config.model_fields]
    own = inspect.signature(command)
    kept = [p for p in own.parameters.values() if p.kind is not p.VAR_KEYWORD]

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        return command(*args, **{k: v for k, v in kwargs.items() if v is not None})

    wrapped.__doc__ = command.__doc__
    wrapped.__name__ = command.__name__
    wrapped.__signature__ = own.replace(  # type: ignore[attr-defined]
        parameters=[*kept, *options]
    )
    wrapped.__annotations__ = {p.name: p.annotation for p in (*kept, *options)}
    return wrapped


def _option(lab: "Lab[Any]", name: str, group: Group) -> inspect.Parameter:
    from ..bench.config import allowed_values

    field = lab.config.model_fields[name]
    default = field.default
    shown = ",".join(map(str, default)) if isinstance(default, tuple) else str(default).lower()
    parameter = Parameter(
        group=group,
        help=f"{field.description} Takes {allowed_values(field)}.",
        show_default=lambda _: shown,
        allow_leading_hyphen=True,
    )
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[str | None, parameter],
    )
