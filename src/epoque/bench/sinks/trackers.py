"""What sinks for experiment trackers share: how a run begins there, and which metrics they take."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from math import isnan
from typing import Any

from ..errors import RunError
from ..runs.run import Run
from .parameters import shorten_parameters

__all__ = ["drop_nan", "name_project", "run_parameters", "start_tracker"]


def name_project(run: Run) -> str:
    """Return the project that a run is logged to."""
    return f"epoque-{run.lab_name}"


def run_parameters(run: Run) -> dict[str, Any]:
    """Return a run's recipe and settings, as trackers keep them."""
    return {"recipe": run.recipe, **shorten_parameters(run.metadata["config"])}


@contextmanager
def start_tracker(name: str) -> Iterator[None]:
    """Tell in one sentence what hinders a tracker from beginning a run.

    Its notices go to the error stream: they do not belong among JSON lines.

    Raises:
        RunError: whatever its network and storage layers raise.
    """
    try:
        with redirect_stdout(sys.stderr):
            yield
    except Exception as error:
        raise RunError(f"{name} cannot start: {error}.") from error


def drop_nan(values: Mapping[str, float]) -> dict[str, float]:
    """Return the metrics that were measured in a step: of the others a point would be a number."""
    return {name: value for name, value in values.items() if not isnan(value)}
