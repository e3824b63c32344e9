"""Reports, and the demo: what it runs are bowls, and its book is a page."""

import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "bench/sweeps/plugins"))

import matplotlib.figure  # noqa: F401
import pandas  # noqa: F401
import pyarrow.parquet  # noqa: F401
from killing import Job, files_in

import epoque
import epoque.bench.figures.sweep_figures
import epoque.report.book
from epoque import demo
from epoque.bench.recipes import find_recipe
from epoque.bench.runs.run import Runs
from epoque.bench.sweeps import run_sweep
from epoque.bench.sweeps.sweep import Sweeps
from epoque.report import write_report
from epoque.report.needs import Need, is_whole

RECIPE = "{lab: bowl, title: A bowl, config: {checkpoint_every: 5}}"
PAGE = "# A bowl\n\nIt ends at {{ value(run('mine'), 'final_error') }}.\n\n" + (
    "{{ grid(['a', 'b'], [[1, 2]], caption='Numbers.', label='t') }}\n"
)


def jobs(root: Path) -> Iterator[Job]:
    """Yield the jobs."""
    (root / "bowl.yaml").write_text(RECIPE)
    epoque.run(str(root / "bowl.yaml"), runs=root / "runs", name="mine", figures=False)
    page = root / "page.md"
    page.write_text(PAGE)
    yield Job("report", partial(_report, root), files_in)
    run_sweep.PART_SIZE_LIMITS = (2, 2)
    recipe = str(root / "bowl.yaml")
    needs = [Need("mine", recipe), Need("each", recipe, axes={"seed": "0:4"})]
    made: Any = demo
    made.missing_needs = lambda runs, _: [need for need in needs if not _is_there(need, runs)]
    made.write_book = partial(_write_book, root / "runs", page)
    made.FORMATS = ("html", "md")
    yield Job("demo", _demo, _content)


def _report(root: Path, folder: Path) -> None:
    for form in ("html", "md", "pdf"):
        page = folder / f"page.{form}"
        if not page.exists():
            write_report(root / "runs", page, "en", form, template=root / "page.md")


def _write_book(
    runs: Path, page: Path, _: Path, paths: list[Path], language: str, **__: Any
) -> Iterator[Path]:
    for path in paths:
        yield write_report(runs, path, language, path.suffix[1:], template=page)


def _is_there(need: Need, runs: Path) -> bool:
    if need.axes:
        name = find_recipe(need.recipe).name
        return Sweeps(runs).find(name, need.axes, config=need.config()) is not None
    return any(is_whole(run) for run in Runs(runs))


def _demo(folder: Path) -> None:
    list(demo.write_demo(folder / "runs", folder / "book", quiet=True))


def _content(folder: Path) -> dict[str, bytes]:
    """Return the files of the one run, of the one sweep, and of the book."""
    (run,), (study,) = Runs(folder / "runs"), Sweeps(folder / "runs")
    found = {f"run/{name}": data for name, data in files_in(run.path).items()}
    found |= {f"sweep/{name}": data for name, data in files_in(study.path).items()}
    return found | files_in(folder / "book")
