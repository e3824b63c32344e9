"""A training under a hand: advanced by iterations or seconds, changed on the way, looked at.

`Lab.train` tells a whole training at the pace of its config; a `Live` goes as far as it is asked,
whatever the config says of intervals, and may go on beyond the config's last iteration. The numbers
are the same: the pace is the puller's, the bytes are the seed's.
"""

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from . import stopping
from .changes import Change, Timeline, change_settings
from .errors import DivergenceError
from .events import Arrays, Checkpoint, Event, Metrics, Snapshot
from .sweeps.columns import Columns

if TYPE_CHECKING:
    from .config import Config

__all__ = ["MAX_ROWS", "EventLive", "Live", "MetricRows", "Pace", "Phase"]

C = TypeVar("C", bound="Config")
Train = Callable[[C, Checkpoint | None], Iterator[Event]]
"""`Lab.train`."""

MAX_ROWS = 4096
"""Of metrics that a `Live` keeps for who does not ask: the newest."""


@dataclass(frozen=True, slots=True)
class Phase:
    """One part of an iteration, after which the training can be looked at.

    Attributes:
        number: its place in the iteration, from 0; of steps that repeat, in the step.
        count: how many places there are.
        name: a key that the lab documents: "discriminator_loss".
        arrays: what the phase read and made.
    """

    number: int
    count: int
    name: str
    arrays: Arrays


class Live(ABC, Generic[C]):
    """A training under a hand.

    Attributes:
        config: the settings as they are now.
        step: iterations done.
    """

    config: C
    step: int

    @property
    def is_finished(self) -> bool:
        """Whether the training came to an end of its own; most have none."""
        return False

    @property
    def has_phases(self) -> bool:
        """Whether `phases` stops inside an iteration."""
        return False

    @property
    @abstractmethod
    def changes(self) -> str:
        """The changes made so far, as the setting `changes` takes them."""

    @abstractmethod
    def advance(self, iterations: int, seconds: float = math.inf) -> int:
        """Do iterations.

        Args:
            iterations: at most so many, at least 1.
            seconds: it stops near so many seconds, but never before the first iteration.

        Returns:
            How many it did: at least 1, and 0 only where the training is finished. Fewer also where
            the next iteration would make a number infinite or NaN.

        Raises:
            DivergenceError: if already the next iteration would; the training stays as it is, and
                goes on if a change of settings mends it.
        """

    @abstractmethod
    def metrics(self) -> Columns:
        """Return the metrics of the iterations since the last call, the newest `MAX_ROWS`.

        Returns:
            `step`, and each metric's name to as many numbers, NaN where it was not taken.
        """

    @abstractmethod
    def snapshot(self) -> Arrays:
        """Return what the training looks like now: the arrays of the lab's `Snapshot` events.

        Where a lab can only show what its training last told, it is of that iteration, and empty
        before the first.
        """

    @abstractmethod
    def change(self, **values: Any) -> None:
        """Change settings from the next iteration on, or set weights now.

        Args:
            values: path of a setting that is declared `live` to its value; or parts, nested; or
                weights (see `epoque.bench.weight_edits`).

        Raises:
            ConfigError: if a value is not allowed, the setting cannot change during a run, or there
                is no such weight; the training goes on as it was.
        """

    @abstractmethod
    def checkpoint(self) -> Checkpoint | None:
        """Return all that is needed to go on from here, the changes included.

        `Lab.live` takes it back, with this config or the one that the training began with. None if
        there is nothing to keep yet: the training then starts again from its config.
        """

    def phases(self) -> Iterator[Phase] | None:
        """Yield the phases of the next iteration, each done when it is pulled.

        None if the lab stops nowhere inside an iteration. Whoever stops pulling before the end
        leaves the rest of the iteration to `advance`; a checkpoint is of the last whole one, and
        may begin the one at hand anew.
        """
        return None

    def digest(self) -> str | None:
        """Return the SHA-256 of the state, hexadecimal; None if its engine has no canonical one."""
        return None

    def close(self) -> None:
        """Give back what the training holds; it is not used afterwards."""


class Pace:
    """How many iterations fit into some seconds, from what the last ones took."""

    def __init__(self) -> None:
        self._seconds_each: float | None = None

    def fit(self, seconds: float, largest: int) -> int:
        """Return how many iterations to do at once: at least 1, at most `largest`."""
        if math.isinf(seconds):
            return largest
        if self._seconds_each is None:  # the first may compile, so it is done alone
            return 1
        return max(1, min(largest, int(seconds / self._seconds_each)))

    def note(self, iterations: int, seconds: float) -> None:
        """Remember how long some iterations took."""
        self._seconds_each = max(seconds, 1e-9) / max(iterations, 1)


class MetricRows:
    """The metrics of iterations that nobody asked for yet, the newest `MAX_ROWS`."""

    def __init__(self) -> None:
        self._rows: list[tuple[int, Mapping[str, float]]] = []

    def add(self, step: int, values: Mapping[str, float]) -> None:
        """Take in the metrics of an iteration; those of the same iteration are joined."""
        if self._rows and self._rows[-1][0] == step:
            values = {**self._rows.pop()[1], **values}
        self._rows.append((step, values))
        if len(self._rows) >= 2 * MAX_ROWS:
            del self._rows[:-MAX_ROWS]

    def extend(self, first: int, rows: Sequence[Mapping[str, float]]) -> None:
        """Take in the metrics of iterations from `first` on."""
        self._rows += enumerate(rows, first)
        if len(self._rows) >= 2 * MAX_ROWS:
            del self._rows[:-MAX_ROWS]

    def take_rows(self) -> list[tuple[int, Mapping[str, float]]]:
        """Return step and metrics of each iteration, and forget them."""
        rows, self._rows = self._rows[-MAX_ROWS:], []
        return rows

    def take(self) -> Columns:
        """Return what there is as columns, and forget it."""
        rows = self.take_rows()
        names = dict.fromkeys(name for _, values in rows for name in values)
        columns: dict[str, list[Any]] = {"step": [step for step, _ in rows]}
        for name in names:
            columns[name] = [values.get(name, math.nan) for _, values in rows]
        return columns


class EventLive(Live[C]):
    """Any lab's training under a hand, pulled from its events.

    One pull is what the lab makes of it: where it tells metrics every ten steps, one advance is ten
    steps. A change is a checkpoint, and a training from it with the other settings.
    """

    def __init__(self, train: "Train[C]", config: C, resume: Checkpoint | None = None) -> None:
        self._train = train
        self._timeline = Timeline("", resume)
        for change in self._timeline.applied:
            config = change_settings(config, change.values)
        self.config = config
        self._rows = MetricRows()
        self._arrays: Arrays = {}
        self._error: DivergenceError | None
        self._start(_without_changes(resume))

    def _start(self, checkpoint: Checkpoint | None) -> None:
        self._checkpoint, self._error, self._finished = checkpoint, None, False
        self._was_asked = False
        self.step = checkpoint.step if checkpoint else 0
        self._events = self._train(self.config, checkpoint)

    @property
    def is_finished(self) -> bool:
        """Whether the training came to its end."""
        return self._finished

    @property
    def changes(self) -> str:
        """The changes made so far (see `Live.changes`)."""
        return str(self._timeline)

    def advance(self, iterations: int, seconds: float = math.inf) -> int:
        """Pull events until so many iterations are done (see `Live.advance`)."""
        if self._error is not None:
            raise self._error
        begin, first = time.perf_counter(), self.step
        while self.step < first + iterations and not self._finished:
            if self.step > first and time.perf_counter() - begin >= seconds:
                break
            try:
                self._pull()
            except DivergenceError as error:
                self._error = error
                if self.step == first:
                    raise
                break
        return self.step - first

    def _pull(self) -> Event | None:
        event = self._next_event()
        match event:
            case None:
                self._finished = True
            case Metrics(step, values):
                self._rows.add(step, values)
                self.step = step
            case Snapshot(step, arrays):
                self._arrays, self.step = arrays, max(step, self.step)
            case Checkpoint():
                self._checkpoint, self.step = event, event.step
        return event

    def _next_event(self) -> Event | None:
        """Return the next event; None at the end.

        A training may end by itself after a checkpoint that it was asked for: it begins there anew.
        """
        was_asked, self._was_asked = self._was_asked, False
        try:
            return next(self._events, None)
        except stopping.Interrupt:
            if not was_asked:
                raise
        self._events = self._train(self.config, self._checkpoint)
        return next(self._events, None)

    def metrics(self) -> Columns:
        """Return the metrics since the last call (see `Live.metrics`)."""
        return self._rows.take()

    def snapshot(self) -> Arrays:
        """Return the arrays of the last snapshot that the training told, {} before the first."""
        return self._arrays

    def change(self, **values: Any) -> None:
        """Go on with other settings (see `Live.change`)."""
        changed = change_settings(self.config, values)
        checkpoint = self._ask_for_checkpoint()
        self.config = changed
        self._timeline.applied.append(Change.of(checkpoint.step if checkpoint else 0, values))
        self._start(checkpoint)

    def checkpoint(self) -> Checkpoint | None:
        """Return all that is needed to go on from here; None before the first iteration."""
        checkpoint = self._ask_for_checkpoint()
        if checkpoint is None or not self._timeline.applied:
            return checkpoint
        return replace(checkpoint, state={**checkpoint.state, _APPLIED: self.changes})

    def _ask_for_checkpoint(self) -> Checkpoint | None:
        """Return a checkpoint of now, asked for as a signal would; none before the first step.

        A training that diverged, or has come to its end, has its last one.
        """
        with stopping.request_stop():
            while not self._error and self.step > self._checkpoint_step:
                try:
                    event = self._pull()
                except DivergenceError as error:
                    self._error = error
                    break
                if event is None:
                    break
                self._was_asked = True
        return self._checkpoint

    @property
    def _checkpoint_step(self) -> int:
        return self._checkpoint.step if self._checkpoint else 0

    def close(self) -> None:
        """End the training where it stands."""
        if close := getattr(self._events, "close", None):
            close()


_APPLIED = "changes"


def _without_changes(checkpoint: Checkpoint | None) -> Checkpoint | None:
    """Return a checkpoint as the lab gave it."""
    if checkpoint is None:
        return None
    state = {name: value for name, value in checkpoint.state.items() if name != _APPLIED}
    return replace(checkpoint, state=state)
