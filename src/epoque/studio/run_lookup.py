"""Runs by their id: matched against those that there are, never joined to a path."""

from epoque.bench.errors import UnknownNameError
from epoque.bench.runs.lookup import iter_records
from epoque.bench.runs.run import Run

from .state import Studio

__all__ = ["find_run"]


def find_run(studio: Studio, identity: str) -> Run:
    """Return the run with this id.

    Raises:
        UnknownNameError: if there is none.
    """
    for run in iter_records(studio.options.runs, Run):
        if run.id == identity:
            return run
    raise UnknownNameError("run", identity[:100], ())
