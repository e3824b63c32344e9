"""Finding what a book reads, and reading it: runs, sweeps, values."""

from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from epoque.bench.command_line import build_command_line
from epoque.bench.errors import NotRecordedError, UnknownNameError, UsageError
from epoque.bench.lab import lab_of
from epoque.bench.recipes import recipe_names
from epoque.bench.runs.run import Run, Runs
from epoque.bench.sweeps.sweep import Sweep

from .needs import (
    LeftOut,
    Need,
    find_left_out,
    find_needs,
    finished_runs,
    finished_sweeps,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Library", "Record", "command_to_repeat", "find_figure_value", "find_value"]

Record = Run | Sweep
FEW = 3
"""Up to so many missing ones are named."""


class Library:
    """The runs and sweeps of one folder, by the names that a book calls them.

    Attributes:
        used: what the book asked for, in that order: what its appendix lists.
    """

    def __init__(
        self, runs: Path, needs: tuple[Need, ...] = (), used: dict[str, Record] | None = None
    ) -> None:
        self.path = runs
        self.used = {} if used is None else used
        self._needs = needs

    @cached_property
    def _declared(self) -> Mapping[str, Record]:
        return find_needs(self.path, self._needs)

    @cached_property
    def left_out(self) -> LeftOut:
        """The runs and sweeps that are not read."""
        return find_left_out(self.path)

    def is_unrecorded(self, name: str) -> bool:
        """Return whether a chapter declares something as optional that was never run."""
        need = self._need(name)
        return need is not None and need.optional and name not in self._declared

    def command_of(self, name: str) -> str:
        """Return the shell command that makes what is declared, or runs a recipe; or ""."""
        if need := self._need(name):
            return need.command
        return f"epoque run {name}" if name in recipe_names() else ""

    def _need(self, name: str) -> Need | None:
        return next((need for need in self._needs if need.name == name), None)

    def check(self) -> None:
        """Check that everything declared is there, but for what is optional.

        Raises:
            UsageError: with the commands that make what is missing.
        """
        missing = (need for need in self._needs if need.name not in self._declared)
        absent = [need for need in missing if not need.optional]
        if absent:
            makes = "; ".join(need.command for need in absent)
            few = f" ({makes})" if len(absent) <= FEW else ""
            raise UsageError(
                f"The folder {self.path} lacks {len(absent)} of the {len(self._needs)} runs and "
                f"sweeps that the book reads; `epoque demo` makes them{few}."
                f"{self._describe_left_out()}"
            )

    def _describe_left_out(self) -> str:
        return "".join(f" {sentence}" for sentence in self.left_out.describe()[:FEW])

    def find_declared(self, names: Iterable[str]) -> list[Record]:
        """Return what is there of what a book declares, without taking note that it is read."""
        return [self._declared[name] for name in names if name in self._declared]

    def run(self, name: str) -> Run:
        """Return a run: a declared one, the newest finished one of a recipe, or one by its id.

        Raises:
            NotRecordedError: if it is declared, or is a recipe, and was never run.
            UnknownNameError: if there is none.
        """
        self._check_recorded(name)
        run = self._declared.get(name)
        if not isinstance(run, Run):
            run = self._newest(name) or self._by_id(name)
        self.used.setdefault(run.id, run)
        return run

    def _check_recorded(self, name: str) -> None:
        """Refuse to put another run or sweep in the place of a declared one that is not there."""
        if self._need(name) is not None and name not in self._declared:
            raise NotRecordedError(f"{name} was never run; `{self.command_of(name)}` runs it.")

    def _newest(self, recipe: str) -> Run | None:
        return next((run for run in finished_runs(self.path) if run.recipe == recipe), None)

    def _by_id(self, name: str) -> Run:
        if name in recipe_names():
            raise NotRecordedError(
                f"There is no finished run in {self.path} of {name!r}. `epoque run {name}` makes "
                f"one.{self._describe_left_out()}"
            )
        try:
            return Runs(self.path).find(name)
        except UnknownNameError as error:
            if error.kind != "run":  # several are named like that
                raise
            newest = list(finished_runs(self.path))
            names = (*(run.recipe for run in newest), *(run.id for run in newest))
            raise UnknownNameError("run", name, names, self._describe_left_out()) from None

    def sweep(self, name: str) -> Sweep:
        """Return a sweep: a declared one, the one of a recipe, or one by a part of its id.

        Raises:
            NotRecordedError: if it is declared and was never run.
            UnknownNameError: if there is none, or several answer to the name.
        """
        self._check_recorded(name)
        sweep = self._declared.get(name)
        if not isinstance(sweep, Sweep):
            sweep = self._other_sweep(name)
        first = self.used.setdefault(sweep.id, sweep)  # whose table is read once
        assert isinstance(first, Sweep)
        return first

    def _other_sweep(self, name: str) -> Sweep:
        sweeps = finished_sweeps(self.path)
        same = [s for s in sweeps if name == s.id]
        same = same or [s for s in sweeps if name in (s.recipe, s.recipe.split("/")[-1])]
        same = same or [s for s in sweeps if name in s.id]
        if not same:
            names = (*(s.recipe for s in sweeps), *(s.id for s in sweeps))
            raise UnknownNameError("sweep", name, names, self._describe_left_out())
        if len(same) > 1:
            listed = ", ".join(f"{s.id} (over {' and '.join(s.axes)})" for s in same[:FEW])
            hint = f" {len(same)} sweeps answer to it, the newest first: {listed}."
            raise UnknownNameError("single sweep", name, (), hint)
        return same[0]

    # What claims need of it (see `epoque.report.claims.rules.Evidence`)

    def results(self, recipe: str) -> Mapping[str, Any]:
        """Return the results of a recipe's run."""
        return self.run(recipe).results

    def metrics(self, recipe: str) -> "pd.DataFrame":
        """Return what a recipe's run measured on its way, one row a step, with the `seconds`."""
        return self.run(recipe).timed_metrics

    def table(self, name: str, **at: Any) -> "pd.DataFrame":
        """Return a sweep's results, one row a seed (the index), where the other axes are `at`."""
        return self.rows(self.sweep(name), at)

    def rows(self, sweep: Sweep, at: Mapping[str, Any]) -> "pd.DataFrame":
        """Return the rows of a sweep where the axes have the values `at`, indexed by seed.

        Raises:
            UsageError: if an axis is not fixed, is unknown, or never has that value.
        """
        table, axes = sweep.rows(at), sweep.axes
        free = [a for a in axes if a not in at and a != "seed" and len(axes[a]) > 1]
        if free:
            raise UsageError(f"{sweep.id} varies {free[0]} too; say for which {free[0]}.")
        return table.set_index("seed").sort_index() if "seed" in axes else table

    def column(self, sweep: Sweep, name: str, at: Mapping[str, Any]) -> "pd.Series":
        """Return one result of a sweep for every seed.

        Raises:
            UnknownNameError: if the sweep has no such result.
        """
        rows = self.rows(sweep, at)
        if name not in rows:
            raise UnknownNameError(f"result of {sweep.id} named", name, rows.columns)
        return rows[name]


def find_value(run: Run, name: str) -> Any:
    """Return one result, time or setting of a run.

    `y.00` reaches into an object, `w.0` into a list.

    Raises:
        UnknownNameError: if it has none of that name.
    """
    times = run.status.timings.numbers
    values = _flatten({**run.metadata["config"], **times, **run.results})
    if name not in values:
        raise UnknownNameError(f"value of {run.id} named", name, values)
    return values[name]


def find_figure_value(run: Run, name: str) -> Any:
    """Return what a run's lab reads off what its figures draw; `y.00` reaches into an object.

    Raises:
        UnknownNameError: if it has none of that name.
    """
    values = _flatten(lab_of(run).figure_values(run))
    if name not in values:
        raise UnknownNameError(f"figure value of {run.id} named", name, values)
    return values[name]


def _flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        flat[prefix + name] = value
        inner = {str(i): v for i, v in enumerate(value)} if isinstance(value, list) else value
        if isinstance(inner, Mapping):
            flat |= _flatten(inner, f"{prefix}{name}.")
    return flat


def command_to_repeat(record: Record) -> str:
    """Return the shell command that repeats a run or a sweep."""
    if isinstance(record, Sweep):
        return record.command
    return build_command_line("run", record.recipe, record.config)
