"""The layouts that one connection was told, and frames in them."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .frames import ArraySpec, Layout, pack_frame

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["MAX_LAYOUTS", "METRICS", "Layouts", "MetricBlock"]

METRICS = "@metrics"
"""The last array of a layout: a row an iteration, first its step relative to the header's."""
MAX_LAYOUTS = 4096
"""Of one connection: a layer that is added makes a new one."""
MAX_ROWS = 4096
"""Of metrics in one frame: the newest."""

Columns = Mapping[str, Any]
"""`step` and each metric's name to equally many numbers, in lists or arrays."""


class MetricBlock:
    """Metrics that a page was not sent yet: those of frames that were dropped are not lost."""

    def __init__(self) -> None:
        self._parts: list[Columns] = []
        self._count = 0

    def add(self, columns: Columns) -> None:
        """Take in metrics."""
        if count := len(columns.get("step", ())):
            self._parts.append(columns)
            self._count += count
            while self._count - len(self._parts[0]["step"]) >= MAX_ROWS:
                self._count -= len(self._parts.pop(0)["step"])

    def take(self, step: int) -> "tuple[tuple[str, ...], NDArray[np.float32]]":
        """Return the metrics' names and their rows [rows, 1 + names], and forget them.

        Args:
            step: of the frame, which the first column is relative to.
        """
        import numpy as np

        parts, self._parts, self._count = self._parts, [], 0
        names = tuple(dict.fromkeys(n for part in parts for n in part if n != "step"))
        blocks = [_stack(part, names, step) for part in parts]
        rows = np.concatenate(blocks) if blocks else np.empty((0, 1 + len(names)), np.float32)
        return names, rows[-MAX_ROWS:]


def _stack(part: Columns, names: Sequence[str], step: int) -> "NDArray[np.float32]":
    import numpy as np

    steps = np.asarray(part["step"], np.float64) - step
    absent = np.full(len(steps), np.nan)
    columns = [steps, *(np.asarray(part.get(name, absent), np.float64) for name in names)]
    with np.errstate(over="ignore"):  # what float32 does not hold is infinite, and drawn as a gap
        return np.stack(columns, axis=1).astype(np.float32)


class Layouts:
    """The numbers of the layouts that a connection was told."""

    def __init__(self) -> None:
        self._numbers: dict[object, int] = {}

    def pack(
        self,
        about: Mapping[str, Any],
        step: int,
        milliseconds: float,
        arrays: "Mapping[str, NDArray[np.float32]]",
        metrics: MetricBlock,
    ) -> tuple[int, list[bytes]]:
        """Return a frame's layout and the messages that send it: the layout itself first, if new.

        Args:
            about: whose frame it is, and what it shows.
            step: iterations done.
            milliseconds: of computing, since the training began.
            arrays: name to array, in the order in which they are sent.
            metrics: those that were not sent yet; they are taken.

        Raises:
            OverflowError: if the connection was told as many layouts as it may.
        """
        names, rows = metrics.take(step)
        specs = [ArraySpec(name, array.shape) for name, array in arrays.items()]
        specs.append(ArraySpec(METRICS, (None, 1 + len(names))))
        key = (repr(sorted(about.items())), tuple(specs), names)
        messages = []
        if key not in self._numbers:
            if len(self._numbers) >= MAX_LAYOUTS:
                raise OverflowError("too many layouts")
            self._numbers[key] = len(self._numbers) + 1
            content = {**about, "metrics": list(names)}
            messages.append(Layout(self._numbers[key], tuple(specs), content).pack())
        number = self._numbers[key]
        messages.append(pack_frame(number, step, milliseconds, [*arrays.values(), rows]))
        return number, messages
