"""The main job: every experiment of the lab book that has no run yet, then the book."""

import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from epoque.bench.config import Config
from epoque.bench.errors import DamagedRunError, MissingExtraError, UnknownNameError
from epoque.bench.files.output_paths import check_file
from epoque.bench.lab import find_lab
from epoque.bench.recipes import find_recipe
from epoque.bench.runs.execute import execute, start
from epoque.bench.runs.run import Run, Runs
from epoque.bench.sinks.registry import make_sinks
from epoque.report.needs import (
    Need,
    describe_damage,
    find_damaged_file,
    find_damaged_records,
    missing_needs,
)

from .api import configure, sweep
from .report import write_report

__all__ = ["measure", "write_demo"]

LANGUAGES = ("en", "fr")
FORMATS = ("html", "pdf")


def write_demo(
    runs: Path, out: Path, *, everything: bool = False, quiet: bool = False
) -> Iterator[Path]:
    """Run what the book still lacks, then write it; yield each file as soon as it is there.

    Args:
        runs: the folder of runs; what it already holds is not run again.
        out: the folder of the books; made if it is missing.
        everything: measure again what ships measured, which takes long.
        quiet: print no progress.

    Raises:
        UsageError: if the books could not be written there; nothing is run then.
        RunWriteError: if the system refuses a write.
        MissingExtraError: if the extra for PDF, or one that a missing run needs, is not installed.
    """
    say = _Narrator(quiet)
    for path in _books(out):
        check_file("--out", path)
    if find_spec("typst") is None:
        raise MissingExtraError("Writing the book as PDF", "pdf")
    needs = missing_needs(runs, everything=everything)
    for lab in {find_recipe(need.recipe).lab: None for need in needs}:
        find_lab(lab).check_installed()
    for sentence in describe_damage(find_damaged_records(runs)):
        say(sentence)
    for need in needs:
        say(need.command)
        measure(need, runs, quiet=quiet)
        if need.tip:
            say(need.tip)
    for path in _books(out):
        say(f"writing {path}")
        _, language, form = path.name.split(".")
        yield write_report(runs, path, language, form)
    say("done")


def _books(out: Path) -> list[Path]:
    return [out / f"lab-book.{language}.{form}" for language in LANGUAGES for form in FORMATS]


def measure(need: Need, runs: Path, *, quiet: bool = False) -> None:
    """Make a run or a sweep in a folder of runs, or go on with one that was begun, or damaged."""
    if need.axes:
        axes = [f"{field}={values}" for field, values in need.axes.items()]
        sweep(need.recipe, *axes, runs=runs, **need.settings)
        return
    recipe, lab, config = configure(need.recipe, dict(need.settings))
    sinks = make_sinks([] if quiet else ["console"])
    for unfinished in _find_unfinished(runs, recipe.name, config):
        try:
            execute(unfinished, sinks)
        except DamagedRunError:
            continue
        return
    execute(start(lab, config, recipe.name, runs), sinks)


def _find_unfinished(runs: Path, recipe: str, config: Config) -> Iterator[Run]:
    """Yield the runs of a recipe with this config that are not finished and whole, newest first."""
    for run in reversed(list(Runs(runs))):
        try:
            same = (run.recipe, run.config) == (recipe, config)
            is_unfinished = same and (
                run.status.state in ("interrupted", "failed") or _is_damaged(run)
            )
        except (DamagedRunError, UnknownNameError):
            continue
        if is_unfinished:
            yield run


def _is_damaged(run: Run) -> bool:
    return run.status.state == "finished" and find_damaged_file(run) is not None


class _Narrator:
    """Says what is done and when, one line a step, also where there is no terminal."""

    def __init__(self, quiet: bool) -> None:
        self._quiet, self._start = quiet, time.monotonic()

    def __call__(self, message: str) -> None:
        if not self._quiet:
            from rich.console import Console

            seconds = time.monotonic() - self._start
            out = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)
            out.print(f"{seconds:5.0f} s  {message}")
