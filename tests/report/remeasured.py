"""What a chapter says, and a run or sweep read as if something else had been measured."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from epoque.bench.figures.describe import describe_figure
from epoque.bench.figures.plot import figure_style
from epoque.bench.runs.run import Run
from epoque.bench.sweeps.sweep import Sweep
from epoque.report.book import read_book
from epoque.report.model import Document, Figure
from epoque.report.needs import Need, find_needs

__all__ = ["check_that_the_chapter_follows", "remeasure"]

Record = Run | Sweep
TRUTHS = ("solved", "collapsed", "diverged", "accuracy")


def check_that_the_chapter_follows(
    runs: Path, lab: str, needs: Sequence[Need], *, drawn_only: Sequence[str] = ()
) -> None:
    """Measure each thing that a chapter reads otherwise, one at a time, and see its words change.

    Args:
        runs: the folder of runs.
        lab: whose chapter it is.
        needs: what it reads.
        drawn_only: what figures show and no sentence speaks of: their alternative texts change.
    """
    before = read_book(runs, "en", chapters=[lab])
    assert words_of(read_book(runs, "en", chapters=[lab])) == words_of(before)
    records = find_needs(runs, needs)
    assert set(drawn_only) <= set(records)
    for name, record in records.items():
        alternatives = describe_figures(before, record) if name in drawn_only else {}
        with remeasure(record):
            after = read_book(runs, "en", chapters=[lab])
            assert (words_of(after) == words_of(before)) == (name in drawn_only), name
            for label, text in alternatives.items():
                assert describe_figures(after, record)[label] != text, label
        assert alternatives or name not in drawn_only, name


def words_of(document: Document) -> str:
    """Return everything that a book says, captions too, but for what its figures say."""
    return "\n".join(
        repr(block.caption if isinstance(block, Figure) else block) for block in document.blocks
    )


def describe_figures(document: Document, record: Record) -> dict[str, str]:
    """Return what stands for each drawing of a record where it is not seen, by its label."""
    told = {}
    for figure in document.figures():
        picture: Any = figure.picture
        if record.path.resolve() in getattr(picture, "folders", ()):
            with figure_style():
                told[figure.label] = describe_figure(picture.draw(), document.language)
    return told


@contextmanager
def remeasure(record: Record) -> Iterator[None]:
    """Read a run or sweep as if all of it had been measured otherwise."""
    with pytest.MonkeyPatch.context() as patch:
        if isinstance(record, Sweep):
            change_sweep(patch, record.id)
        else:
            change_run(patch, record.id)
        yield


def change_sweep(patch: pytest.MonkeyPatch, changed: str) -> None:
    read = Sweep.rows

    def rows(self: Sweep, at: Mapping[str, object]) -> pd.DataFrame:
        table = read(self, at)
        if self.id != changed:
            return table
        names = [n for n in table.select_dtypes("number") if n not in self.axes]
        return table.assign(**{n: change_column(n, table[n]) for n in names})

    patch.setattr(Sweep, "rows", rows)


def change_column(name: str, values: "pd.Series") -> "pd.Series":
    return 1 - values if name in TRUTHS else values * 1.037 + 0.011


def change_run(patch: pytest.MonkeyPatch, changed: str) -> None:
    """Change what a run measured on its way and at its end, and what its snapshots hold."""
    results, metrics, snapshot = Run.results, Run.metrics, Run.snapshot

    def read_results(run: Run) -> Mapping[str, Any]:
        content = results.__get__(run)
        return change_value(content) if run.id == changed else content

    def read_metrics(run: Run) -> pd.DataFrame:
        table = metrics.__get__(run)
        measured = [name for name in table if name not in ("epoch", "tokens", "kimg")]
        changes = {name: table[name] * 1.4 + 0.011 for name in measured}
        return table.assign(**changes) if run.id == changed else table

    def read_snapshot(run: Run, step: int) -> dict[str, Any]:
        arrays = snapshot(run, step)
        return {n: change_array(a) for n, a in arrays.items()} if run.id == changed else arrays

    patch.setattr(Run, "results", property(read_results))
    patch.setattr(Run, "metrics", property(read_metrics))
    patch.setattr(Run, "snapshot", read_snapshot)


def change_value(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: change_value(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [change_value(inner) for inner in value]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return value + 1 if isinstance(value, int) else value * 1.037 + 0.011


def change_array(array: Any) -> Any:
    return array * 1.037 if np.issubdtype(array.dtype, np.floating) else array
