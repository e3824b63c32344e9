"""`epoque report`, `new-report` and `demo`: the lab book."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from epoque.bench.errors import UsageError, did_you_mean
from epoque.bench.files.output_paths import new_runs_folder, runs_folder
from epoque.bench.options import Language, Quiet, RunsOption, StyleName
from epoque.bench.terminal import make_console, print_notes
from epoque.report.profiles import Profile

FORMATS = ("html", "pdf", "md")


def register(app: App, argv: Sequence[str]) -> None:  # noqa: ARG001
    """Add these commands to the application."""
    app.command(report)
    app.command(new_report, name="new-report")
    app.command(demo)


def report(
    template: Annotated[
        Path | None,
        Parameter(help="A book of your own, or its folder (see `epoque new-report`)."),
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
    from epoque.report import find_template, write_report
    from epoque.report.needs import find_left_out

    if format not in FORMATS:
        raise UsageError(
            f"--format: {format or '(empty)'} is not allowed; it takes one of {', '.join(FORMATS)}."
            + did_you_mean(format, FORMATS)
        )
    template = None if template is None else find_template(template)
    target = out or Path(f"{template.stem if template else 'lab-book'}.{lang}.{format}")
    folder = runs_folder(runs)
    path = write_report(
        folder, target, lang, format, template=template, chapters=chapter, style=style
    )
    print_notes(find_left_out(folder).describe())
    make_console(wrapped=True).print(str(path))


def new_report(
    folder: Annotated[Path, Parameter(help="A new folder for the book.")],
    /,
    *,
    lang: Language = "en",
    run: Annotated[
        tuple[str, ...],
        Parameter(
            negative="",
            consume_multiple=True,
            help="Only these runs and sweeps, by their ids or parts of them: a chapter each.",
        ),
    ] = (),
    runs: RunsOption = None,
) -> None:
    """Start a book of your own from your runs and sweeps: a Markdown template to edit and render.

    It has a chapter for the newest run of each recipe and one for each sweep, eight at most; what
    is left out is said.
    """
    from epoque.report import new_report as start

    path = start(folder, runs_folder(runs), lang, run, lambda line: print_notes([line]))
    make_console(wrapped=True).print(f"{path}\nEdit it, then: epoque report {folder} --format pdf")


def demo(
    *,
    runs: RunsOption = None,
    out: Annotated[Path, Parameter(help="The folder of the books.")] = Path("book"),
    profile: Annotated[
        Profile,
        Parameter(help="How much is measured: demo in minutes, full in hours, gpu on a GPU."),
    ] = "demo",
    quiet: Quiet = False,
) -> None:
    """Run every experiment of the lab book that has no run yet, and write the book.

    HTML and PDF, in English and in French. What is already there is not run again, and what was
    interrupted is gone on with. Studies that take long ship with their measurements; the book's
    appendix says where these were made.
    """
    from epoque.demo import write_demo

    for path in write_demo(new_runs_folder(runs), out, profile=profile, quiet=quiet):
        make_console(wrapped=True).print(str(path))
