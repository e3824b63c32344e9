"""`epoque report`, `new-report` and `demo`: the lab book."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from epoque.bench.errors import UsageError, did_you_mean
from epoque.bench.files.output_paths import runs_folder
from epoque.bench.options import Language, Quiet, RunsOption, StyleName
from epoque.bench.terminal import make_console, print_notes

FORMATS = ("html", "pdf", "md")


def register(app: App, argv: Sequence[str]) -> None:  # noqa: ARG001
    """Add these commands to the application."""
    app.command(report)
    app.command(new_report, name="new-report")
    app.command(demo)


def report(
    template: Annotated[
        Path | None, Parameter(help="A book of your own (see `epoque new-report`).")
    ] = None,
    /,
    *,
    lang: Language = "en",
    format: Annotated[str, Parameter(help="html, pdf or md.")] = "html",
    out: Annotated[
        Path | None, Parameter(help="The file to write [default: lab-book.LANG.FORMAT].")
    ] = None,
    runs: RunsOption = None,
    chapter: Annotated[
        tuple[str, ...],
        Parameter(negative="", help="Only the chapter of this lab; may be repeated."),
    ] = (),
    style: StyleName = None,
) -> None:
    """Write the lab book from the runs: every figure, number and verdict is read from them."""
    from epoque.report import write_report
    from epoque.report.needs import describe_damage, find_damaged_records

    if format not in FORMATS:
        raise UsageError(
            f"--format: {format} is not allowed; it takes one of {', '.join(FORMATS)}."
            + did_you_mean(format, FORMATS)
        )
    target = out or Path(f"{template.stem if template else 'lab-book'}.{lang}.{format}")
    folder = runs_folder(runs)
    path = write_report(
        folder, target, lang, format, template=template, chapters=chapter, style=style
    )
    print_notes(describe_damage(find_damaged_records(folder)))
    make_console(wrapped=True).print(str(path))


def new_report(
    folder: Annotated[Path, Parameter(help="A new folder for the book.")],
    /,
    *,
    lang: Language = "en",
    runs: RunsOption = None,
) -> None:
    """Start a book of your own from your runs: a Markdown template to edit and render."""
    from epoque.report import new_report as start

    path = start(folder, runs_folder(runs), lang)
    make_console(wrapped=True).print(f"{path}\nEdit it, then: epoque report {path} --format pdf")


def demo(
    *,
    runs: RunsOption = None,
    out: Annotated[Path, Parameter(help="The folder of the books.")] = Path("book"),
    everything: Annotated[
        bool, Parameter(negative="", help="Also repeat the long studies that ship measured.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Run every experiment of the lab book that has no run yet, and write the book.

    HTML and PDF, in English and in French. What is already there is not run again, and what was
    interrupted is gone on with. Studies that take long ship with their measurements; the book's
    appendix says where these were made.
    """
    from epoque.demo import write_demo

    for path in write_demo(runs_folder(runs), out, everything=everything, quiet=quiet):
        make_console(wrapped=True).print(str(path))
