"""How commands tell: lines, tables and JSON on standard output, progress on standard error."""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .progress import Progress
from .undefined import replace_undefined

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from rich.console import Console
    from rich.progress import Progress as RichProgress
    from rich.table import Table

__all__ = [
    "download_bar",
    "format_number",
    "format_result",
    "make_console",
    "make_table",
    "picture_style",
    "preparation_bar",
    "print_json",
    "print_line",
    "print_match",
    "print_notes",
    "progress_bar",
    "save_picture",
    "show_waiting",
]

PIPE_WIDTH = 400


def make_console(*, wrapped: bool = False) -> "Console":
    """Return the console for results: standard output, tables never folded when it is a pipe.

    Args:
        wrapped: whether a terminal's long lines are broken between words.
    """
    from rich.console import Console

    piped = not sys.stdout.isatty()
    width = PIPE_WIDTH if piped else None
    # No markup: a path, a reason or a name may hold brackets.
    return Console(highlight=False, markup=False, soft_wrap=piped or not wrapped, width=width)


def print_line(message: str) -> None:
    """Print a line on standard output."""
    make_console().print(message)


def print_notes(messages: Iterable[str]) -> None:
    """Print what a user should know beside the results, a line each, on standard error."""
    from rich.console import Console

    out = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    for message in messages:
        out.print(message)


def print_match(name: str, match: str, *, quiet: bool = False) -> None:
    """Say on standard error which run was taken, unless it was named whole.

    Args:
        name: as typed: an id, a path, a part of an id, or `last`.
        match: the id of the run that was taken.
        quiet: say nothing.
    """
    if not quiet and match not in (name, Path(name).name) and Path(name).name not in ("", ".."):
        print_notes([f"{name} is {match}."])


def print_json(value: object) -> None:
    """Print a value as JSON on standard output; an undefined number is null."""
    print(json.dumps(replace_undefined(value), indent=2, ensure_ascii=False, default=str))  # noqa: T201


def format_number(value: object) -> str:
    """Return a number for a table: four significant digits, nothing for None, a dash for NaN."""
    if value is None:
        return ""
    if isinstance(value, float):
        return "–" if isnan(value) else f"{value:.4g}"
    return str(value)


def format_result(name: str, results: Mapping[str, Any]) -> str:
    """Return a result for a table: a dash for what has no number, with the reason if it is told."""
    value = results.get(name)
    if value is not None:
        return format_number(value)
    reason = results.get("not_measured", {}).get(name)
    return f"– ({reason})" if reason else "–"


def make_table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], title: str = ""
) -> "Table":
    """Return a plain table; a cell is shown as it is, unless it is a rich `Text`.

    Without names for its columns it has no head.
    """
    from rich.table import Table
    from rich.text import Text

    result = Table(title=title or None, box=None, pad_edge=False, title_justify="left")
    result.show_header = any(columns)
    for name in columns:
        result.add_column(name, overflow="fold")
    for row in rows:
        cells = (value if isinstance(value, Text) else Text(format_number(value)) for value in row)
        result.add_row(*cells)
    return result


@contextmanager
def progress_bar(title: str, unit: str, *, quiet: bool = False) -> Iterator[Progress]:
    """Show a bar on standard error, if that is a terminal; yield what moves it."""
    from rich.progress import MofNCompleteColumn, TextColumn, TimeElapsedColumn

    columns = MofNCompleteColumn(), TextColumn(unit), TimeElapsedColumn()
    with _bar(title, *columns, quiet=quiet) as progress:
        yield progress


@contextmanager
def download_bar(*, quiet: bool = False) -> Iterator[Progress]:
    """Show how far a download is, as `progress_bar` does; yield what moves it, in bytes."""
    from rich.progress import DownloadColumn, TransferSpeedColumn

    columns = DownloadColumn(), TransferSpeedColumn()
    with _bar("fetching", *columns, quiet=quiet, at_once=False) as progress:
        yield progress


@contextmanager
def preparation_bar(*, quiet: bool = False) -> Iterator[Progress]:
    """Show what is being made before a training, from when it first moves."""
    from rich.progress import TaskProgressColumn, TimeElapsedColumn

    with _bars(TaskProgressColumn(), TimeElapsedColumn(), quiet=quiet) as bar:

        def progress(done: int, total: int | None, what: str = "") -> None:
            if [task.description for task in bar.tasks] != [what]:
                for task in bar.task_ids:
                    bar.remove_task(task)
                bar.add_task(what, total=total)
            bar.update(bar.task_ids[0], completed=done, total=total)

        yield progress


@contextmanager
def _bar(title: str, *columns: object, quiet: bool, at_once: bool = True) -> Iterator[Progress]:
    """Show a bar with these columns, at once or when it first moves."""
    with _bars(*columns, quiet=quiet) as bar:
        task = bar.add_task(title, total=None, visible=at_once)

        def progress(done: int, total: int | None, what: str = "") -> None:
            bar.update(task, description=what or title, completed=done, total=total, visible=True)

        yield progress


def _bars(*columns: Any, quiet: bool) -> "RichProgress":
    """Return what shows bars with these columns on standard error, if that is a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    out = Console(stderr=True)
    description = TextColumn("{task.description}", markup=False)
    columns = (description, BarColumn(), *columns, TimeRemainingColumn())
    hidden = quiet or not out.is_terminal
    return Progress(*columns, console=out, transient=True, disable=hidden)


@contextmanager
def show_waiting(what: str, *, quiet: bool = False) -> Iterator[None]:
    """Show on standard error, if that is a terminal, that something without a measure goes on."""
    from rich.console import Console

    out = Console(stderr=True)
    with nullcontext() if quiet or not out.is_terminal else out.status(what):
        yield


def picture_style(dark: bool) -> AbstractContextManager[None]:
    """Return the house style to draw in, for dark pages or light ones."""
    from .figures.plot import figure_style

    return figure_style("dark" if dark else "light")


def save_picture(figure: "Figure", out: Path) -> None:
    """Save a picture as PNG and SVG, and say where.

    Args:
        figure: drawn inside its `figure_style`.
        out: the path without its ending.
    """
    from .figures.plot import save_figure

    save_figure(figure, out)
    for ending in (".png", ".svg"):
        print_line(f"{out}{ending}")
