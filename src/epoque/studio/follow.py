"""Following a run that any process trains: what its folder tells, as it is written."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from epoque.bench.errors import EpoqueError
from epoque.bench.runs.run import Run

from .run_metrics import seconds_at

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["SECONDS", "News", "RunReader"]

SECONDS = "@seconds"
"""Beside the metrics: the seconds that were spent by each row, of a training that told them."""

MAX_BYTES_AT_ONCE = 4 * 2**20
"""Of metrics that are read in one go: the rest comes in the next."""
MAX_SNAPSHOT_BYTES = 64 * 2**20


@dataclass(frozen=True, slots=True)
class News:
    """What is new in a run's folder.

    Attributes:
        state: running, finished, failed, interrupted.
        reason: why it ended.
        step: of the snapshot, if it is new; else of the last row.
        metrics: `step` and each metric's name to as many numbers, NaN where it was not taken;
            with `SECONDS` where the training told times.
        arrays: the newest snapshot, if it is new; else nothing.
        is_all: whether nothing more is there yet.
    """

    state: str
    reason: str
    step: int
    metrics: Mapping[str, list[float]]
    arrays: "Mapping[str, NDArray[np.float32]]"
    is_all: bool


class RunReader:
    """Reads what is new in a run's folder each time it is asked; it writes nothing.

    Args:
        path: of the run.
        after: only metrics of later steps are told.
    """

    def __init__(self, path: Path, after: int = -1) -> None:
        self.path = path
        self._step = after
        self._place: int | None = None
        self._snapshot = -1

    def read(self) -> News:
        """Return what is new.

        Raises:
            EpoqueError: if the run is not there any more, or cannot be read.
        """
        import numpy as np

        run = Run.open(self.path)
        status = run.status
        rows, is_all = self._read_rows()
        metrics = _to_columns(rows)
        if rows:
            seconds = seconds_at(status.timings, np.asarray(metrics["step"]))
            metrics |= {} if seconds is None else {SECONDS: seconds.tolist()}
        arrays = self._read_snapshot(run)
        step = self._snapshot if arrays else max(0, self._step)
        return News(status.state, status.reason or "", step, metrics, arrays, is_all)

    def _read_rows(self) -> tuple[list[dict[str, Any]], bool]:
        try:
            with (self.path / "metrics.jsonl").open("rb") as file:
                size = file.seek(0, 2)
                if self._place is None or self._place > size:  # at first, or it was begun again
                    self._place = find_place(file, size, self._step)
                file.seek(self._place)
                data = file.read(MAX_BYTES_AT_ONCE)
        except OSError:
            return [], True
        whole = data[: data.rfind(b"\n") + 1]
        self._place += len(whole)
        rows = [row for line in whole.splitlines() if (row := _parse(line)) is not None]
        rows = [row for row in rows if row["step"] > self._step]
        if rows:
            self._step = int(rows[-1]["step"])
        return rows, len(data) < MAX_BYTES_AT_ONCE

    def _read_snapshot(self, run: Run) -> "dict[str, NDArray[np.float32]]":
        import numpy as np

        steps = run.snapshot_steps()
        if not steps or steps[-1] <= self._snapshot:
            return {}
        try:
            path = self.path / f"snapshots/step-{steps[-1]:010d}.safetensors"
            if path.stat().st_size > MAX_SNAPSHOT_BYTES:
                return {}
            arrays = run.snapshot(steps[-1])
        except (EpoqueError, OSError):  # it is being written, or was removed just now
            return {}
        self._snapshot = steps[-1]
        return {name: np.asarray(array, np.float32) for name, array in arrays.items()}


def find_place(file: BinaryIO, size: int, after: int) -> int:
    """Return where in metrics.jsonl the first row after a step begins, or a little before it.

    Args:
        file: open.
        size: of it, in bytes.
        after: the step.
    """
    low, high = 0, size
    while high - low > 4096:
        middle = (low + high) // 2
        file.seek(middle)
        file.readline()
        row = _parse(file.readline())
        if row is not None and row["step"] <= after:
            low = middle
        else:
            high = middle
    if low == 0:
        return 0
    file.seek(low)
    file.readline()
    return file.tell()


def _parse(line: bytes) -> dict[str, Any] | None:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    is_row = isinstance(row, dict) and isinstance(row.get("step"), int)
    return row if is_row else None


def _to_columns(rows: list[dict[str, Any]]) -> dict[str, list[float]]:
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [_to_float(row.get(name)) for row in rows] for name in names}


def _to_float(value: object) -> float:
    return float(value) if isinstance(value, int | float) else float("nan")
