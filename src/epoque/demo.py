"""The main job: every experiment of the lab book that has no run yet, then the book."""

import json
import time
from collections.abc import Iterator
from importlib.resources import files
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
from epoque.bench.system.energy import EnergyMeter
from epoque.bench.time_left import TimeLeft
from epoque.report.demo_log import DemoLog, Effort
from epoque.report.needs import Need, find_damaged_file, find_left_out, missing_needs
from epoque.report.profiles import Profile

from .api import configure, sweep
from .report.book import write_book
from .report.provenance import format_duration

__all__ = ["measure", "write_demo"]

LANGUAGES = ("en", "fr")
FORMATS = ("html", "pdf")
WRITING_SECONDS, REWRITING_SECONDS = 45.0, 5.0
"""What a language of the book took on two cores, with nothing drawn before and with everything."""


def write_demo(
    runs: Path, out: Path, *, profile: Profile = "demo", quiet: bool = False
) -> Iterator[Path]:
    """Run what the book still lacks, then write it; yield each file as soon as it is there.

    Args:
        runs: the folder of runs; what it already holds is not run again.
        out: the folder of the books; made if it is missing.
        profile: how much is measured here: "demo" takes minutes; "full" also what ships measured,
            which takes hours; "gpu" also what needs a graphics card.
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
    needs = missing_needs(runs, profile)
    for lab in {find_recipe(need.recipe).lab: None for need in needs}:
        find_lab(lab).check_installed()
    for sentence in find_left_out(runs).describe():
        say(sentence)
    expected = {need.name: expect_seconds(need) for need in needs}
    writing = dict.fromkeys(LANGUAGES, WRITING_SECONDS if needs else REWRITING_SECONDS)
    left = say.left = TimeLeft(expected | writing)
    meter = EnergyMeter()
    for need in needs:
        say(need.command)
        meter.take()
        try:
            measure(need, runs, quiet=quiet)
        finally:  # what was interrupted has taken its time, too
            effort = Effort(left.finish(need.name), meter.take())
            DemoLog.read(runs).following(profile, need.name, effort).write(runs)
        if need.tip:
            say(need.tip)
    for language in LANGUAGES:
        yield from write_book(runs, _books(out, language), language, progress=say.step)
        left.finish(language)
    say("done")


def expect_seconds(need: Need) -> float:
    """Return how long a run or a sweep took where it was recorded; a recipe's own word else."""
    text = (files("epoque") / "demo_times.json").read_text("utf-8")
    recorded: dict[str, float] = json.loads(text)
    return recorded.get(need.name, 60 * find_recipe(need.recipe).minutes)


def _books(out: Path, *languages: str) -> list[Path]:
    return [
        out / f"lab-book.{language}.{form}"
        for language in languages or LANGUAGES
        for form in FORMATS
    ]


def measure(need: Need, runs: Path, *, quiet: bool = False) -> None:
    """Make a run or a sweep in a folder of runs, or go on with one that was begun, or damaged.

    No pictures are saved beside it: the book draws those that it shows.
    """
    if need.axes:
        axes = [f"{field}={values}" for field, values in need.axes.items()]
        sweep(need.recipe, *axes, runs=runs, figures=False, **need.settings)
        return
    recipe, lab, config = configure(need.recipe, dict(need.settings))
    sinks = make_sinks([] if quiet else ["console"])
    for unfinished in _find_unfinished(runs, recipe.name, config):
        try:
            execute(unfinished, sinks, draw=False)
        except DamagedRunError:
            continue
        return
    execute(start(lab, config, recipe.name, runs), sinks, draw=False)


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
        self.left: TimeLeft | None = None

    def step(self, _done: int, _total: int | None, message: str = "") -> None:
        """Say what a book is at."""
        self(message)

    def __call__(self, message: str) -> None:
        if not self._quiet:
            from rich.console import Console

            seconds = time.monotonic() - self._start
            out = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)
            left = f"  {format_duration(self.left.seconds)} left" if self.left else ""
            out.print(f"{seconds:5.0f} s{left:>20}  {message}")
