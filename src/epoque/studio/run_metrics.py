"""The metrics of runs, read once and then only what is new, and thinned for the screen.

A run's file only grows, or is cut where a training is resumed. Of each run that is looked at the
numbers are kept as columns; a question reads what was appended since, and answers with at most as
many points as were asked for: of each stretch the lowest and the highest value, so that no peak is
lost.
"""

import math
import os
import threading
import zlib
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from epoque.bench.errors import DamagedRunError, DataError
from epoque.bench.files.input_files import open_regular
from epoque.bench.runs.run import Run
from epoque.bench.runs.timings import StepTimings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["Curves", "MetricsCache", "RunMetrics", "iterate_finite", "seconds_at", "thin"]

BLOCK_BYTES = 1 << 20
"""Read and parsed at once; between blocks other threads get their turn."""
MARK_BYTES = 64
"""Before a cursor: they tell whether the file before it is what it was."""
CACHE_BYTES = 256 << 20


@dataclass(frozen=True, slots=True)
class Curves:
    """Metrics of some rows.

    Attributes:
        steps: of each point.
        values: name to one value a point, NaN where there is none.
        rows: how many rows the points stand for.
        total: how many rows there are in all.
        cursor: what to give back for the rest.
        reset: whether this replaces all that was given before.
    """

    steps: "Floats"
    values: "dict[str, Floats]"
    rows: int
    total: int
    cursor: str
    reset: bool


class RunMetrics:
    """The metrics of one run as columns that grow with its file."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._path = run.path / "metrics.jsonl"
        self.lock = threading.Lock()
        self._clear()

    def _clear(self) -> None:
        self._columns: dict[str, Floats] = {}
        self._count = self._offset = 0
        self._mark = b""
        self._inode: int | None = None
        self.damage: str | None = None

    @property
    def names(self) -> list[str]:
        """Names of all metrics so far, in the order in which they came."""
        return [name for name in self._columns if name != "step"]

    @property
    def size(self) -> int:
        """What the columns take in memory, in bytes."""
        return sum(column.nbytes for column in self._columns.values())

    def update(self) -> None:
        """Read what was appended; all anew if the file is not the one that was read.

        Raises:
            DamagedRunError: if it cannot be opened, or is not what the finished run saved.
        """
        try:
            with open_regular(self._path) as file:
                if self._inode is None or not self._goes_on(file):
                    self._clear()
                    self._run.check(self._path.name)
                    self._inode = self._identify(file)
                file.seek(self._offset)
                while self.damage is None and (block := file.read(BLOCK_BYTES)):
                    if not (whole := block[: block.rfind(b"\n") + 1]):
                        block += file.readline(16 * BLOCK_BYTES)
                        whole = block if block.endswith(b"\n") else b""
                    if not whole:
                        break  # a line that is being written
                    self._take(whole)
                    file.seek(self._offset)
        except (OSError, DataError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise DamagedRunError(f"{self._path} cannot be read: {reason}.") from None

    @staticmethod
    def _identify(file: Any) -> int:
        return os.fstat(file.fileno()).st_ino

    def _goes_on(self, file: Any) -> bool:
        """Return whether the file begins with what was read of it."""
        if self.damage is not None or self._identify(file) != self._inode:
            return False
        file.seek(self._offset - len(self._mark))
        return bool(file.read(len(self._mark)) == self._mark)

    def _take(self, data: bytes) -> None:
        """Append whole lines; at one that cannot be read, those before it."""
        try:
            rows = _parse(data)
        except ValueError:
            lines = data.splitlines(keepends=True)
            rows = []
            for number, line in enumerate(lines, 1):
                try:
                    rows += _parse(line)
                except ValueError:
                    self.damage = f"{self._path} is damaged at line {self._count + number}."
                    data = b"".join(lines[: number - 1])
                    break
        for names, some in groupby(rows, key=tuple):
            self._append(names, list(some))
        self._offset += len(data)
        self._mark = (self._mark + data)[-MARK_BYTES:]

    def _append(self, names: tuple[str, ...], rows: Sequence[dict[str, Any]]) -> None:
        import numpy as np

        table = np.array([list(row.values()) for row in rows], dtype=float)
        end = self._count + len(rows)
        for name in names:
            if name not in self._columns:
                self._columns[name] = np.full(max(1024, end), np.nan)
        for name, column in self._columns.items():
            if len(column) < end:
                longer = np.full(2 * end, np.nan)
                longer[: self._count] = column[: self._count]
                self._columns[name] = longer
        for index, name in enumerate(names):
            self._columns[name][self._count : end] = table[:, index]
        self._count = end

    def select(
        self,
        names: Sequence[str],
        points: int,
        cursor: str = "",
        low: float | None = None,
        high: float | None = None,
    ) -> Curves:
        """Return curves of at most `points` points each.

        Args:
            names: of the metrics; those that there are not are left out.
            points: at least 2.
            cursor: of an earlier answer, for what came since; "" for all.
            low: only from this step on.
            high: only up to this step.
        """
        import numpy as np

        start = self._start(cursor)
        steps = self._columns.get("step", np.empty(0))[start or 0 : self._count]
        keep = np.ones(len(steps), dtype=bool)
        if low is not None:
            keep &= steps >= low
        if high is not None:
            keep &= steps <= high
        chosen = {
            name: self._columns[name][start or 0 : self._count][keep]
            for name in names
            if name in self._columns and name != "step"
        }
        thinned, values = thin(steps[keep], chosen, points)
        return Curves(thinned, values, int(keep.sum()), self._count, self._cursor(), start is None)

    def _cursor(self) -> str:
        return f"{self._count}.{self._offset}.{zlib.crc32(self._mark):08x}"

    def _start(self, cursor: str) -> int | None:
        """Return how many rows lie before a cursor; None if it is of another file."""
        count, _, rest = cursor.partition(".")
        offset, _, mark = rest.partition(".")
        if not (count.isdecimal() and offset.isdecimal() and len(count) < 16 and len(offset) < 16):
            return None
        if int(offset) > self._offset or int(count) > self._count:
            return None
        return int(count) if self._marked(int(offset)) == mark else None

    def _marked(self, offset: int) -> str | None:
        """Return the checksum of what stands before an offset of the file."""
        size = min(MARK_BYTES, offset)
        try:
            with open_regular(self._path) as file:
                file.seek(offset - size)
                return f"{zlib.crc32(file.read(size)):08x}"
        except (OSError, DataError):
            return None


class MetricsCache:
    """The metrics of the runs that were looked at last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[Path, RunMetrics] = OrderedDict()

    def open(self, run: Run) -> RunMetrics:
        """Return the metrics of a run, as they were read last; see `RunMetrics.update`."""
        with self._lock:
            metrics = self._kept.setdefault(run.path, RunMetrics(run))
            self._kept.move_to_end(run.path)
            while len(self._kept) > 1 and self._size() > CACHE_BYTES:
                self._kept.popitem(last=False)
            return metrics

    def _size(self) -> int:
        return sum(metrics.size for metrics in self._kept.values())


def thin(
    steps: "Floats", values: "dict[str, Floats]", points: int
) -> "tuple[Floats, dict[str, Floats]]":
    """Return at most `points` points: of each stretch of rows its lowest and highest value.

    Args:
        steps: of the rows, [N].
        values: name to one value a row, [N]; NaN is no value.
        points: at least 2.
    """
    import numpy as np

    if len(steps) <= points:
        return steps, values
    count = points // 2
    edges = np.linspace(0, len(steps), count + 1).astype(np.int64)
    first, last = edges[:-1], edges[1:] - 1
    thinned = np.stack([steps[first], steps[last]], axis=1).ravel()
    curves = {}
    for name, column in values.items():
        low, high = np.fmin.reduceat(column, first), np.fmax.reduceat(column, first)
        rises = ~(column[last] < column[first])
        pairs = np.where(rises[:, None], np.stack([low, high], 1), np.stack([high, low], 1))
        curves[name] = pairs.ravel()
    return thinned, curves


def _parse(data: bytes) -> list[dict[str, Any]]:
    """Return the rows of whole lines.

    Raises:
        ValueError: if one is no row of metrics.
    """
    from pydantic_core import from_json

    rows = from_json(b"[" + b",".join(data.rstrip(b"\n").split(b"\n")) + b"]")
    for row in rows:
        if not isinstance(row, dict) or not _is_row(row):
            raise ValueError("no row of metrics")
    return list(rows)


def _is_row(row: dict[str, Any]) -> bool:
    step = row.get("step")
    if type(step) is not int or not 0 <= step < 2**63:
        return False
    return all(value is None or type(value) in (int, float) for value in row.values()) and all(
        -(2**1000) < value < 2**1000 for value in row.values() if type(value) is int
    )


def seconds_at(timings: StepTimings, steps: "Floats") -> "Floats | None":
    """Return the seconds spent by some steps (see `StepTimings.at`); None if nothing is known."""
    import numpy as np

    if not timings.moments:
        return None
    known, seconds = zip((0, 0.0), *timings.moments, strict=True)
    at: Floats = np.interp(steps, np.array(known, dtype=float), np.array(seconds))
    return at


def iterate_finite(values: "Floats") -> Iterator[float | None]:
    """Yield numbers as JSON holds them: null for what is none."""
    return (value if math.isfinite(value) else None for value in values.tolist())
