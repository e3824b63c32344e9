"""Progress of a run in a notebook: a bar in the output of the cell that trains it."""

from ..events import Event, Metrics
from ..lab import lab_of
from ..notebook import NotebookProgress, in_notebook
from ..runs.run import Run
from ..runs.status import State
from . import SinkFactory

__all__ = ["NotebookSink", "notebook_sinks"]


class NotebookSink:
    """Shows how a run goes below the cell, and nothing once it has ended."""

    def __init__(self, run: Run) -> None:
        self._lab, self._config = lab_of(run), run.config
        self._recipe = run.recipe
        self._bar = NotebookProgress()

    def log(self, event: Event) -> None:
        """Take one event."""
        if isinstance(event, Metrics):
            done, total = self._lab.measure_progress(self._config, event.step, event.values)
            if isinstance(total, float):  # a share: in percent
                self._bar(round(100 * done / total), 100, f"{self._recipe}, %")
            else:
                self._bar(int(done), total, self._recipe)

    def progress(self, done: int, total: int | None, what: str = "") -> None:
        """Show how far something is that comes after the training."""
        self._bar(done, total, what)

    def close(self, state: State, reason: str = "") -> None:
        """Take the bar away: the run's card says how it ended."""
        self._bar.close()


def notebook_sinks() -> list[SinkFactory]:
    """Return what shows the progress of a run: in a notebook a bar, elsewhere nothing."""
    return [NotebookSink] if in_notebook() else []
