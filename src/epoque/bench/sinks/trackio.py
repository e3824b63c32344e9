"""Metrics for trackio: its local database, or the Space or server that its variables name.

By default trackio needs no network. TRACKIO_SPACE_ID, TRACKIO_SERVER_URL and TRACKIO_DIR mean what
its own documentation says.
"""

import sys
from contextlib import redirect_stdout

from ..events import Event, Metrics
from ..runs.run import Run
from ..runs.status import State
from .trackers import drop_nan, name_project, run_parameters, start_tracker

__all__ = ["TrackioSink"]


class TrackioSink:
    """Logs a run under its id to the project `epoque-<lab>`; a resumed run goes on."""

    def __init__(self, run: Run) -> None:
        import trackio

        with start_tracker("trackio"):
            self._run = trackio.init(
                name_project(run),
                name=run.id,
                config=run_parameters(run),
                resume="allow",
                embed=False,
                auto_log_gpu=False,
                auto_log_cpu=False,
            )

    def log(self, event: Event) -> None:
        """Hand the metrics of one step to trackio, which sends them from its own thread."""
        if isinstance(event, Metrics):
            self._run.log(drop_nan(event.values), step=event.step)

    def close(self, state: State, reason: str = "") -> None:
        """Wait until what is buffered is stored."""
        import trackio

        with redirect_stdout(sys.stderr):
            trackio.finish()
