"""Progress on the console: a bar, iterations a second, time left, and the metrics as they are."""

import time
from collections.abc import Iterator
from math import isnan
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from ..events import Event, Metrics
from ..lab import lab_of
from ..runs.run import Run
from ..runs.status import State

__all__ = ["ConsoleSink"]

REFRESHES = 8  # a second; more would be flicker, and time taken from the training


class ConsoleSink:
    """Shows how a run goes on standard error, so that standard output holds results only.

    On a terminal two lines are redrawn in place; elsewhere (a file, a pipe, a job's log) one line
    tells the end.
    """

    def __init__(self, run: Run, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, highlight=False)
        self._recipe = run.recipe
        self._clock = time.monotonic()
        self._last: Metrics | None = None
        self._display: _Display | None = None
        if self._console.is_interactive:
            self._display = _Display(self._console, run)

    def log(self, event: Event) -> None:
        """Take one event; all but a few a second cost no more than being kept."""
        if isinstance(event, Metrics):
            self._last = event
            if self._display is not None:
                self._display.offer(event)

    def progress(self, done: int, total: int | None, what: str = "") -> None:
        """Show how far something is that comes after the training."""
        if self._display is not None:
            self._display.show_after(done, total, what)

    def close(self, state: State, reason: str = "") -> None:
        """Leave the last state on the screen, or print the one line."""
        if self._display is not None:
            self._display.stop(self._last)
            return
        steps = self._last.step if self._last else 0
        seconds = time.monotonic() - self._clock
        line = f"{self._recipe}: {state} at iteration {steps:,}, {seconds:.1f} s"
        self._console.print(line, markup=False, soft_wrap=True)


class _Display:
    """The two lines on a terminal."""

    def __init__(self, console: Console, run: Run) -> None:
        self._lab, self._config = lab_of(run), run.config
        _, self._total = self._lab.measure_progress(self._config, 0, {})
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=None),
            _Steps(),
            _Rate(),
            TimeRemainingColumn(compact=True),
            console=console,
            expand=True,
        )
        self._task = self._progress.add_task(run.recipe, total=self._total, step=0)
        self._after: TaskID | None = None
        self._metrics: Metrics | None = None
        self._first = True
        self._due = 0.0
        self._live = Live(
            get_renderable=self._render, console=console, refresh_per_second=REFRESHES
        )
        self._live.start(refresh=True)

    def offer(self, metrics: Metrics) -> None:
        """Show these metrics if it is time to."""
        now = time.monotonic()
        if now >= self._due:
            self._due = now + 1 / REFRESHES
            self._show(metrics)

    def _show(self, metrics: Metrics) -> None:
        done, total = self._lab.measure_progress(self._config, metrics.step, metrics.values)
        if self._first:  # a resumed run starts in the middle: its old steps are no speed
            before: Any = done * (1 - 1 / metrics.step)  # rich says it were a whole number
            self._progress.reset(self._task, total=total, completed=before, step=metrics.step)
            self._first = False
        self._metrics = metrics
        self._progress.update(self._task, completed=done, step=metrics.step)

    def show_after(self, done: int, total: int | None, what: str) -> None:
        """Show a line of its own for what comes after the training."""
        if self._after is None:
            self._after = self._progress.add_task(what, total=None, counted=False)
        self._progress.update(self._after, description=what, completed=done, total=total)

    def stop(self, metrics: Metrics | None) -> None:
        """Show the last metrics and give the terminal back."""
        if metrics is not None:
            self._show(metrics)
        if self._after is not None:
            self._progress.remove_task(self._after)
        self._live.stop()

    def _render(self) -> RenderableType:
        if self._metrics is None:
            return self._progress
        return Group(self._progress, _metrics_line(self._metrics, self._live.console.width))


def _metrics_line(metrics: Metrics, width: int) -> Text:
    """Return as many metrics as fit one line, each in columns that do not move."""
    line = Text(no_wrap=True, overflow="crop")
    for part in _metric_parts(metrics):
        if line.cell_len + len(part) > width:
            break
        line.append(part)
    return line


def _metric_parts(metrics: Metrics) -> Iterator[str]:
    for name, value in metrics.values.items():
        yield f"{name} {'–':<12}" if isnan(value) else f"{name} {value:<#12.4g}"


class _Steps(ProgressColumn):
    """`1,200/5,000`; where their number is not known, the steps and the share: `1,200 (24 %)`."""

    def render(self, task: Task) -> Text:
        if not task.fields.get("counted", True):
            return Text("" if task.total is None else f"{task.percentage:.0f} %")
        count = f"{task.fields['step']:,}"
        if task.total is None:
            return Text(count)
        if task.total == 1:
            return Text(f"{count} ({task.percentage:.0f} %)")
        total = f"{task.total:,.0f}"
        return Text(f"{count:>{len(total)}}/{total}")


class _Rate(ProgressColumn):
    """Iterations a second."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        if speed is None or not task.fields.get("counted", True):
            return Text("")
        if task.completed:
            speed *= task.fields["step"] / task.completed
        return Text(f"{speed:,.0f} it/s" if speed >= 10 else f"{speed:.2g} it/s")
