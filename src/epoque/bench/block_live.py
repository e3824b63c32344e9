"""A training under a hand whose engine does some iterations in a call, and the run made of it."""

import math
import time
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Generic, TypeVar

from . import stopping
from .changes import Change, Timeline, change_settings
from .config import Config
from .errors import DivergenceError
from .events import Arrays, Checkpoint, Event, Metrics, Snapshot
from .live import Live, MetricRows, Pace
from .sweeps.columns import Columns
from .weight_edits import Shapes, WeightEdit, separate_weights

__all__ = ["BlockLive", "LiveTraining", "Rows"]

C = TypeVar("C", bound=Config)
Rows = Sequence[tuple[int, Mapping[str, float]]]
"""Step and metrics of iterations."""


class BlockLive(Live[C]):
    """A training under a hand whose engine does up to `largest` iterations in a call.

    A lab says what an iteration is (`_iterate`) and what a change of settings does (`_use_config`),
    and of weights where its config names some (`_edit_weights`); its config has the settings
    `changes`, `iterations` and `checkpoint_every`.

    Attributes:
        timeline: the changes made, and the planned ones.
        divergence: why the next iteration cannot be done, or None.
        largest: most iterations that are done in a call.
    """

    largest: int = 256

    def __init__(self, config: C, resume: Checkpoint | None) -> None:
        self.timeline = Timeline(str(config.get("changes")), resume)
        self.config = config.replace(changes="")
        for change in self.timeline.applied:
            self.config = change_settings(self.config, change.values)
        self.step = resume.step if resume else 0
        self.divergence: DivergenceError | None = None
        self._rows, self._pace = MetricRows(), Pace()

    @property
    def changes(self) -> str:
        """The changes made so far (see `Live.changes`)."""
        return str(self.timeline)

    def change(self, **values: Any) -> None:
        """Change settings from the next iteration on (see `Live.change`)."""
        self._apply([Change.of(self.step, values)])

    def make_due_changes(self) -> bool:
        """Make the changes that are planned for now; return whether there were any."""
        due = self.timeline.take_due(self.step)
        if due:
            self._apply(due)
        return bool(due)

    def _apply(self, changes: list[Change]) -> None:
        after, shapes = self.config, self._weight_shapes()
        edits: list[WeightEdit] = []
        for change in changes:
            after = change_settings(after, change.values)
            edits += separate_weights(change.values, shapes)[1]
        before, self.config = self.config, after
        try:
            self._use_config(before)
            if edits:
                self._edit_weights(edits)
        except Exception:
            self.config = before
            raise
        self.timeline.applied += changes
        self.divergence = None

    def advance(self, iterations: int, seconds: float = math.inf) -> int:
        """Do iterations (see `Live.advance`)."""
        begin, first = time.perf_counter(), self.step
        while (done := self.step - first) < iterations:
            left = seconds - (time.perf_counter() - begin)
            if done and (left <= 0 or self.divergence):
                break
            self.make_due_changes()
            if self.divergence is None:
                self._advance_block(self._pace.fit(left, iterations - done))
            if self.divergence and self.step == first:
                raise self.divergence
        return self.step - first

    def _advance_block(self, count: int) -> None:
        planned = self.timeline.next_step(self.step)
        count = min(count, self.largest, planned - self.step if planned else count)
        begin = time.perf_counter()
        rows, non_finite = self._iterate(count)
        self._pace.note(len(rows), time.perf_counter() - begin)
        self._rows.extend(self.step + 1, rows)
        self.step += len(rows)
        if non_finite:
            self.divergence = DivergenceError(non_finite, self.step + 1)

    def metrics(self) -> Columns:
        """Return the metrics since the last call (see `Live.metrics`)."""
        return self._rows.take()

    def take_rows(self) -> list[tuple[int, Mapping[str, float]]]:
        """Return what `metrics` does as rows: step and metrics of each iteration."""
        return self._rows.take_rows()

    def checkpoint(self) -> Checkpoint:
        """Return all that is needed to go on from here (see `Live.checkpoint`)."""
        return Checkpoint(self.step, self._state_arrays(), dict(self._state_values()))

    def record_snapshot(self) -> Arrays:
        """Return what a run keeps of how the training looks now; by default all of it."""
        return self.snapshot()

    def _state_values(self) -> Mapping[str, Any]:
        """Return what a checkpoint says besides arrays, as plain JSON values."""
        return {"changes": self.changes}

    @abstractmethod
    def _use_config(self, before: C) -> None:
        """Have the next iterations go by `config`; until now they went by `before`."""

    def _weight_shapes(self) -> Shapes:
        """Return the shapes of the weights that may be set, as far as the training knows more."""
        return self.config.weight_shapes()

    def _edit_weights(self, edits: Sequence[WeightEdit]) -> None:
        """Set weights, of a lab whose config names some; each is one of `_weight_shapes`."""
        raise TypeError(f"{type(self).__name__} sets no weights")

    @abstractmethod
    def _iterate(self, count: int) -> tuple[Sequence[Mapping[str, float]], str]:
        """Do `count` ≤ `largest` iterations, as far as every number stays finite.

        Returns:
            The metrics of each iteration that was done, which may be fewer than `count`; and what
            is not finite in the one after them, "" where nothing is, or it was not asked for.
        """

    @abstractmethod
    def _state_arrays(self) -> Arrays:
        """Return the state as named arrays."""


class LiveTraining(Iterator[Event], Generic[C]):
    """The events of a run, made of a training under a hand; it may be changed while it runs.

    Iterating raises `DivergenceError` where an iteration would make a number infinite or NaN; what
    came before it is yielded first.
    """

    def __init__(self, live: BlockLive[C], *, is_resumed: bool) -> None:
        self.live = live
        self._requested: list[Mapping[str, Any]] = []
        self._events = self._run(is_resumed=is_resumed)

    @property
    def config(self) -> C:
        """The settings as they are now."""
        return self.live.config

    @property
    def step(self) -> int:
        """Iterations done."""
        return self.live.step

    def __next__(self) -> Event:
        return next(self._events)

    def change(self, **values: Any) -> None:
        """Change settings from the next iteration on; the run records it.

        The changes become the artifact `changes.txt` and part of the checkpoints, so that resuming
        repeats them, and so does a new run with them as its setting `changes`.

        Args:
            values: setting (one that may change during a run) to value.

        Raises:
            ConfigError: if a value is not allowed or the setting cannot change during a run; the
                training goes on as it was.
        """
        future = self.config
        for earlier in self._requested:
            future = change_settings(future, earlier)
        change_settings(future, values)  # raises what is wrong before anything is changed
        self._requested.append(values)

    def _run(self, *, is_resumed: bool) -> Iterator[Event]:
        live = self.live
        yield from self._first_events()
        if not is_resumed:
            yield Snapshot(0, live.record_snapshot())
        elif live.changes:
            yield live.timeline.make_artifact()
        while self.step < self._iterations:
            if self._make_changes():
                yield live.checkpoint()
                # After it: no file tells of a change that was lost.
                yield live.timeline.make_artifact()
            with suppress(DivergenceError):  # `divergence` keeps it until what came before is told
                live.advance(self._next_stop() - self.step)
            yield from self._tell_metrics(live.take_rows())
            if live.divergence:
                raise live.divergence
            if self.is_due(self._snapshot_every):
                yield Snapshot(self.step, live.record_snapshot())
            due = self.is_due(self._checkpoint_every)
            if due or stopping.is_stop_requested():
                yield replace(live.checkpoint(), scheduled=due)
                stopping.raise_if_stop_requested()
        yield from self._last_events()

    def is_due(self, every: int, step: int | None = None) -> bool:
        """Return whether what comes every so many iterations, and at the end, comes now."""
        step = self.step if step is None else step
        return step % every == 0 or step == self._iterations

    def _first_events(self) -> Iterator[Event]:
        """Yield what a run begins with, and what one that goes on begins with again."""
        yield from ()

    def _last_events(self) -> Iterator[Event]:
        """Yield what a run ends with."""
        yield from ()

    @property
    @abstractmethod
    def _snapshot_every(self) -> int:
        """How many iterations lie between two snapshots."""

    @property
    def _intervals(self) -> Sequence[int]:
        """After how many iterations each there is something else to do."""
        return ()

    def _tell_metrics(self, rows: Rows) -> Iterator[Metrics]:
        """Yield the metrics of iterations; by default of each."""
        for step, values in rows:
            yield Metrics(step, values)

    @property
    def _iterations(self) -> int:
        return int(self.config.get("iterations"))

    @property
    def _checkpoint_every(self) -> int:
        return self.config.checkpoint_every

    def _make_changes(self) -> bool:
        """Make the changes for now, the planned ones and then the requested ones."""
        is_changed = self.live.make_due_changes() or bool(self._requested)
        for values in self._requested:
            self.live.change(**values)
        self._requested.clear()
        return is_changed

    def _next_stop(self) -> int:
        """Return the next iteration after which something is due."""
        step = self.step
        paces = (self.live.largest, self._snapshot_every, self._checkpoint_every, *self._intervals)
        planned = self.live.timeline.next_step(step) or self._iterations
        return min(self._iterations, planned, *(step - step % pace + pace for pace in paces))
