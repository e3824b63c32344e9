"""Metrics for trackio: its local database, or the Space or server that its variables name.

By default trackio needs no network. TRACKIO_SPACE_ID, TRACKIO_SERVER_URL and TRACKIO_DIR mean what
its own documentation says.
"""

import sys
from contextlib import redirect_stdout
from math import isnan

from ..errors import RunError
from ..events import Event, Metrics
from ..runs.run import Run
from ..runs.status import State
from .parameters import shorten_parameters

__all__ = ["TrackioSink"]


class TrackioSink:
    """Logs a run under its id to the project `epoque-<lab>`; a resumed run goes on."""

    def __init__(self, run: Run) -> None:
        import trackio

        try:
            with redirect_stdout(sys.stderr):  # its notices do not belong among JSON lines
                self._run = trackio.init(
                    f"epoque-{run.lab_name}",
                    name=run.id,
                    config={"recipe": run.recipe, **shorten_parameters(run.metadata["config"])},
                    resume="allow",
                    embed=False,
                    auto_log_gpu=False,
                    auto_log_cpu=False,
                )
        except Exception as error:  # whatever its network and storage layers raise
            raise RunError(f"trackio cannot start: {error}.") from error

    def log(self, event: Event) -> None:
        """Hand the metrics of one step to trackio, which sends them from its own thread."""
        if isinstance(event, Metrics):
            values = {name: value for name, value in event.values.items() if not isnan(value)}
            self._run.log(values, step=event.step)

    def close(self, state: State, reason: str = "") -> None:
        """Wait until what is buffered is stored."""
        import trackio

        with redirect_stdout(sys.stderr):
            trackio.finish()
