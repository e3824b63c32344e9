"""Metrics and images for TensorBoard (`tensorboard --logdir runs`): files in the run's folder."""

import json
from typing import TYPE_CHECKING

from ..events import Event, Metrics, Snapshot
from ..files.atomic import explain_write_errors
from ..runs.record import Record
from ..runs.run import Run
from ..runs.status import State
from . import Point, StudySink
from .parameters import shorten_parameters
from .trackers import drop_nan

if TYPE_CHECKING:
    from tensorboardX import SummaryWriter

__all__ = ["TensorBoardSink"]


class TensorBoardSink:
    """Writes `<run>/tensorboard/events.out.tfevents.…`, one file for each time it is resumed."""

    @staticmethod
    def for_study(study: Record) -> StudySink:
        """Return what takes the points of a sweep or search."""
        return _TensorBoardPoints(study)

    def __init__(self, run: Run) -> None:
        self._run = run
        self._writer: SummaryWriter | None = None

    def log(self, event: Event) -> None:
        """Write the metrics of one step, or its images: a snapshot's arrays that are some.

        Raises:
            RunWriteError: if the folder cannot be made.
        """
        if isinstance(event, Metrics):
            writer = self._writer or self._open(event.step)
            for name, value in drop_nan(event.values).items():
                writer.add_scalar(name, value, event.step)
        elif isinstance(event, Snapshot):
            for name, array in event.arrays.items():
                if array.dtype.name == "uint8" and array.ndim == 4 and array.shape[3] in (1, 3):
                    writer = self._writer or self._open(event.step)
                    writer.add_images(name, array, event.step, dataformats="NHWC")

    def _open(self, step: int) -> "SummaryWriter":
        """Open a file whose header tells TensorBoard to forget older events from `step` on."""
        from tensorboardX import SummaryWriter

        folder = self._run.path / "tensorboard"
        with explain_write_errors(folder):
            self._writer = SummaryWriter(
                str(folder), purge_step=step, flush_secs=5, filename_suffix=f".{step}"
            )
        config = json.dumps(shorten_parameters(self._run.metadata["config"]), indent=4)
        self._writer.add_text("config", "    " + config.replace("\n", "\n    "), step)
        return self._writer

    def close(self, state: State, reason: str = "") -> None:
        """Write what is buffered."""
        if self._writer is not None:
            self._writer.close()


class _TensorBoardPoints:
    """Writes `<study>/tensorboard/point-…`, which the page HPARAMS compares."""

    def __init__(self, study: Record) -> None:
        self._folder = study.path / "tensorboard"

    def log_point(self, point: Point) -> None:
        """Write what a point measured.

        Raises:
            RunWriteError: if the folder cannot be made.
        """
        from tensorboardX import SummaryWriter
        from tensorboardX.summary import hparams

        folder = self._folder / point.name
        settings = shorten_parameters(dict(point.settings))
        plain = {n: v if isinstance(v, int | float | str) else str(v) for n, v in settings.items()}
        numbers = point.numbers
        with explain_write_errors(folder), SummaryWriter(str(folder)) as writer:
            for summary in hparams(plain, numbers):
                writer.file_writer.add_summary(summary)
            for name, value in numbers.items():
                writer.add_scalar(name, value, 0)

    def close(self, state: State, reason: str = "") -> None:
        """Do nothing: each point's file is closed."""
