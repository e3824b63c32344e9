"""How far a training is that writes its run's folder now."""

import json
import os

from epoque.bench.errors import DataError
from epoque.bench.files.input_files import open_regular
from epoque.bench.lab import lab_of
from epoque.bench.runs.run import Run

from .run_models import ProgressInfo

__all__ = ["find_progress"]

TAIL_BYTES = 1 << 16
"""Of the metrics' file, in which the last whole row is looked for."""


def find_progress(run: Run) -> ProgressInfo:
    """Return how much of a run is done, as its lab measures it from the last metrics.

    Raises:
        EpoqueError: if its config cannot be read, or its lab is not there.
    """
    step, metrics = _read_last_row(run)
    done, total = lab_of(run).measure_progress(run.config, step, metrics)
    return ProgressInfo(done=done, total=total)


def _read_last_row(run: Run) -> tuple[int, dict[str, float]]:
    """Return the step and the metrics of the last row that is there; 0 and none before it."""
    try:
        with open_regular(run.path / "metrics.jsonl") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL_BYTES))
            data = file.read(TAIL_BYTES)
    except (OSError, DataError):
        return 0, {}
    for line in reversed(data[: data.rfind(b"\n") + 1].splitlines()):
        try:
            row = json.loads(line)
            return int(row.pop("step")), {k: v for k, v in row.items() if v is not None}
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            continue  # cut at the beginning, or damaged
    return 0, {}
