"""A training in a worker, done a turn at a time.

It has a thread of its own, so that a turn that lasts, because something is compiled, holds up no
other training; the scheduler hands out turns, and never two to one training.
"""

import math
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from epoque.bench.errors import ConfigError, DivergenceError, EpoqueError, UsageError, first_line
from epoque.bench.files.atomic import explain_write_errors
from epoque.bench.lab import find_lab

from .session_file import SessionRecord, read_session, write_session
from .session_messages import (
    Ask,
    Frame,
    Open,
    Reply,
    Report,
    Saved,
    SessionState,
    StateKind,
    StateReport,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from epoque.bench.config import Config
    from epoque.bench.live import Live, Phase

__all__ = ["FRAMES_UNDERWAY", "SAVE_SECONDS", "SteppedSession"]

FRAMES_UNDERWAY = 2
"""That a page has not acknowledged; what would be one more is dropped."""
FRAME_SECONDS = 0.02
"""The shortest time between two frames."""
SAVE_SECONDS = 8.0
"""After so many a training that moved is saved, so that its file is at most ten seconds old."""
STATE_SECONDS = 0.5
"""Between two reports of how fast it plays."""


class SteppedSession:
    """One training that a page steers.

    Attributes:
        id: its id.
    """

    def __init__(self, opened: Open, send: Callable[[Report], None]) -> None:
        self.id, self._send = opened.session, send
        self._opened, self._path = opened, Path(opened.path)
        self._lab = find_lab(opened.lab)
        self._live: Live[Any] | None = None
        self._phases: Iterator[Phase] | None = None
        self._is_inside = False
        self._kind: StateKind = "starting"
        self._why, self._bad_step = "", 0
        self._values: Mapping[str, Any] = opened.values
        self._milliseconds = 0.0
        self._is_playing, self._pace = False, math.inf
        self._played_since, self._played_steps = 0.0, 0
        self._target: tuple[Ask, int] | None = None
        self._asked: deque[Ask] = deque()
        self._is_watched, self._underway = opened.is_watched, 0
        self._frame_at, self._frame_due = 0.0, False
        self._is_saved, self._saved_at = True, time.monotonic()
        self._rate, self._rate_step, self._rate_at = 0.0, 0, time.monotonic()
        self._turn, self._is_idle = threading.Semaphore(0), threading.Event()
        self._is_idle.set()
        self._share, self._ends = 0.0, False
        threading.Thread(target=self._work, name=f"session {self.id}", daemon=True).start()

    # The scheduler's side: what is quick, and never waits

    def ask(self, question: Ask) -> None:
        """Note what is to be done in the next turn; pausing acts at once."""
        if question.what == "pause":
            self._is_playing = False
        self._asked.append(question)

    def attach(self, *, is_watched: bool) -> None:
        """Note whether a page shows the training; one that comes gets a frame."""
        self._is_watched, self._underway = is_watched, 0
        self._frame_due = is_watched

    def acknowledge(self) -> None:
        """Note that a frame arrived."""
        self._underway = max(0, self._underway - 1)

    def next_turn(self, now: float) -> float:
        """Return when the training wants its next turn: now or before, later, or `inf`."""
        if not self._is_idle.is_set():
            return math.inf
        if self._asked or self._target or self._kind == "starting":
            return now
        due = [math.inf if self._is_saved else self._saved_at + SAVE_SECONDS]
        if self._frame_due and self._has_room:
            due.append(self._frame_at + FRAME_SECONDS)
        if self._kind == "playing" and self._is_watched:
            due.append(self._due_at())
        return min(due)

    @property
    def is_busy(self) -> bool:
        """Whether a turn lasts."""
        return not self._is_idle.is_set()

    def take_turn(self, seconds: float, patience: float) -> bool:
        """Give the training a turn of so many seconds; return whether it ended within patience."""
        self._share = seconds
        self._is_idle.clear()
        self._turn.release()
        return self._is_idle.wait(patience)

    def save_and_end(self, seconds: float, *, keep: bool = True) -> None:
        """Save the training, if it is idle within some seconds, and end its thread.

        One that is not kept leaves no file.
        """
        if not self._is_idle.wait(seconds):
            return
        if keep:
            self._is_inside = False  # what was begun in phases goes
            self._save()
        else:
            self._path.unlink(missing_ok=True)
        self._ends = True
        self._turn.release()
        if self._live is not None:
            self._live.close()

    # The thread's side

    def _work(self) -> None:
        while True:
            self._turn.acquire()
            if self._ends:
                return
            try:
                self._do_turn()
            except Exception as error:
                self._lose(error)
            finally:
                self._is_idle.set()

    def _do_turn(self) -> None:
        if self._live is None and self._kind == "starting":
            self._begin()
        while self._asked:
            self._answer(self._asked.popleft())
        if self._target is not None:
            self._iterate(*self._target)
        if self._is_playing and self._kind == "playing" and self._is_watched:
            self._advance()
        now = time.monotonic()
        if self._frame_due and self._has_room and now - self._frame_at >= FRAME_SECONDS:
            self._send_frame(now)
        if now - self._saved_at >= SAVE_SECONDS:
            self._save()

    def _begin(self) -> None:
        """Open the training: from its file, else from its config."""
        record = SessionRecord(self._opened.lab, self._opened.values)
        if self._path.is_file():
            record = read_session(self._path)
        self._values, self._milliseconds = record.values, record.milliseconds
        config = self._lab.config_class.from_record(record.values)
        begin = time.perf_counter()
        self._lab.check(config)
        self._live = self._lab.live(config, record.checkpoint)
        self._milliseconds += 1000 * (time.perf_counter() - begin)
        self._is_saved = self._path.is_file()
        self._frame_due = True
        self._set_state("paused")

    def _answer(self, question: Ask) -> None:
        if question.what in ("play", "pause", "iterate", "phase", "restart"):
            self._end_iterating()
        try:
            value = self._do(question)
        except ConfigError as error:
            problems = tuple((p.field, p.message) for p in error.problems)
            reply = Reply(self.id, question.number, problems=problems, error=str(error))
        except DivergenceError as error:
            self._note_divergence(error)
            reply = Reply(self.id, question.number, error=str(error))
        except EpoqueError as error:
            reply = Reply(self.id, question.number, error=str(error))
        else:
            reply = Reply(self.id, question.number, value)
        if self._target is None or self._target[0] is not question:
            self._send(reply)

    def _do(self, question: Ask) -> Any:
        what, argument = question.what, question.argument
        if self._live is None and what != "restart":
            raise UsageError(self._why or "This training has not begun.")
        match what:
            case "play":
                self._play(float(argument))
            case "pause":
                self._pause()
            case "iterate":
                self._begin_iterating(question, int(argument))
            case "phase":
                return self._next_phase()
            case "change":
                self._change(argument)
            case "restart":
                self._restart(argument)
            case "digest":
                return self._training.digest()
            case "look":
                return self._make_frame()
            case "save":
                self._save()
            case _:
                raise UsageError(f"A training cannot be asked to {what}.")
        return None

    @property
    def _training(self) -> "Live[Any]":
        assert self._live is not None
        return self._live

    def _play(self, pace: float) -> None:
        """Play at a pace in iterations a second."""
        if self._kind in ("diverged", "finished", "lost"):
            return
        self._finish_phases()
        self._is_playing, self._pace = True, max(pace, 1e-3)
        self._played_since, self._played_steps = time.monotonic(), 0
        self._rate_step, self._rate_at = self._training.step, time.monotonic()
        self._set_state("playing")

    def _pause(self) -> None:
        self._is_playing = False
        if self._kind == "playing":
            self._set_state("paused")
            self._frame_due = True
            self._save()

    def _begin_iterating(self, question: Ask, count: int) -> None:
        """Do iterations in the next turns, and answer when they are done."""
        self._pause()
        self._finish_phases()
        if self._kind == "diverged":
            raise DivergenceError("a number", self._bad_step)
        if self._kind == "paused":
            self._target = question, self._training.step + max(1, count)

    def _iterate(self, question: Ask, target: int) -> None:
        self._advance_by(target - self._training.step, self._share)
        if self._training.step >= target or self._kind != "paused":
            self._end_iterating()

    def _end_iterating(self) -> None:
        """Answer who asked for iterations, with as many as were done."""
        if self._target is None:
            return
        question, _ = self._target
        self._target, self._frame_due = None, False
        if self._kind == "paused":
            self._set_state("paused")
        self._send(Reply(self.id, question.number, self._make_frame()))

    def _next_phase(self) -> Frame:
        self._pause()
        before = self._training.step
        phase = next(self._phases, None) if self._phases is not None else None
        if phase is None:
            self._phases = self._training.phases()
            if self._phases is None:
                raise UsageError(f"The lab {self._lab.name} does not stop between phases.")
            phase = next(self._phases)
        self._is_saved, self._is_inside = False, self._training.step == before
        self._set_state("paused")
        arrays = _as_float32(phase.arrays)
        place = (phase.number, phase.count, phase.name)
        return Frame(self.id, self._training.step, self._milliseconds, arrays, {}, place)

    def _finish_phases(self) -> None:
        """Do what is left of an iteration that was begun in phases."""
        for _ in self._phases or ():
            pass
        self._phases, self._is_inside = None, False

    def _change(self, values: Mapping[str, Any]) -> None:
        self._finish_phases()
        self._training.change(**values)
        if self._kind in ("diverged", "finished"):
            self._kind = "paused"
        self._is_saved, self._frame_due = False, True
        self._set_state(self._kind)

    def _restart(self, values: Mapping[str, Any]) -> None:
        """Begin again with other settings; where they are wrong, all stays as it was."""
        config = self._lab.config_class.from_record(values)
        self._lab.check(config)
        begin = time.perf_counter()
        live = self._lab.live(config)
        if self._live is not None:
            self._live.close()
        self._live, self._phases, self._values = live, None, dict(values)
        self._is_inside = False
        self._milliseconds = 1000 * (time.perf_counter() - begin)
        self._is_saved, self._frame_due, self._why = False, True, ""
        self._save()
        if self._is_playing:
            self._kind = "paused"
            self._play(self._pace)
        else:
            self._set_state("paused")

    def _due_at(self) -> float:
        """Return when the next iteration is due at the pace."""
        if math.isinf(self._pace):
            return 0.0
        return self._played_since + (self._played_steps + 1) / self._pace

    def _advance(self) -> None:
        now = time.monotonic()
        due = math.inf
        if not math.isinf(self._pace):
            due = int((now - self._played_since) * self._pace) - self._played_steps
            if due < 1:
                return
            if due > self._pace and due > 1:  # it cannot keep up: what was missed is not made up
                self._played_since, self._played_steps, due = now, -1, 1
        self._played_steps += self._advance_by(int(min(due, 2**31)), self._share)
        if now - self._rate_at >= STATE_SECONDS:
            steps = self._training.step - self._rate_step
            self._rate = max(0.0, steps) / (now - self._rate_at)
            self._rate_step, self._rate_at = self._training.step, now
            self._set_state(self._kind)

    def _advance_by(self, count: int, seconds: float) -> int:
        begin = time.perf_counter()
        try:
            done = self._training.advance(count, seconds)
        except DivergenceError as error:
            self._note_divergence(error)
            return 0
        finally:
            self._milliseconds += 1000 * (time.perf_counter() - begin)
        self._is_saved, self._frame_due = False, True
        if self._training.is_finished:
            self._is_playing = False
            self._set_state("finished")
        return done

    def _note_divergence(self, error: DivergenceError) -> None:
        self._is_playing, self._bad_step, self._why = False, error.step, error.what
        self._frame_due = True
        self._set_state("diverged")

    def _lose(self, error: Exception) -> None:
        """Say that the training cannot go on; a mistake of the lab's also on standard error."""
        why = str(error) if isinstance(error, EpoqueError) else ""
        if not why:
            traceback.print_exception(error, file=sys.stderr)
            why = f"The training failed: {type(error).__name__}: {first_line(error)}."
        self._is_playing, self._why, self._frame_due = False, why, False
        self._set_state("lost")
        while self._asked:
            self._send(Reply(self.id, self._asked.popleft().number, error=why))

    def _set_state(self, kind: StateKind) -> None:
        self._kind = kind
        live = self._live
        config = live.config if live is not None else None
        self._send(
            StateReport(
                self.id,
                SessionState(
                    kind,
                    self._bad_step if kind == "diverged" else live.step if live is not None else 0,
                    self._rate if kind == "playing" else 0.0,
                    self._why if kind in ("lost", "diverged") else "",
                    _flatten_plain(config) if config is not None else {},
                    live.changes if live is not None else "",
                    live is not None and live.has_phases,
                ),
            )
        )

    @property
    def _has_room(self) -> bool:
        """Whether a page takes another frame."""
        is_shown = self._is_watched and self._live is not None
        return is_shown and self._underway < FRAMES_UNDERWAY

    def _send_frame(self, now: float) -> None:
        self._frame_at, self._frame_due = now, False
        self._underway += 1
        self._send(self._make_frame())

    def _make_frame(self) -> Frame:
        live = self._training
        arrays, metrics = _as_float32(live.snapshot()), _as_columns(live.metrics())
        return Frame(self.id, live.step, self._milliseconds, arrays, metrics)

    def _save(self) -> None:
        """Write the file of the training, where it is not what it was then.

        Not inside an iteration, which a look at its state would begin anew.
        """
        live, self._saved_at = self._live, time.monotonic()
        if live is None or self._is_saved or self._is_inside:
            return
        try:
            checkpoint = live.checkpoint()
            record = SessionRecord(
                self._lab.name, self._values, live.step, self._milliseconds, checkpoint
            )
            with explain_write_errors(self._path.parent):
                self._path.parent.mkdir(parents=True, exist_ok=True)
            write_session(self._path, record)
        except EpoqueError as error:
            self._send(Saved(self.id, live.step, str(error)))
            return
        self._is_saved = True
        self._send(Saved(self.id, live.step))


def _flatten_plain(config: "Config") -> dict[str, Any]:
    """Return path to plain JSON value of every setting."""
    from epoque.bench.setting_paths import flatten

    return flatten(config.model_dump(mode="json"))


def _as_float32(arrays: "Mapping[str, NDArray[Any]]") -> "dict[str, NDArray[np.float32]]":
    import numpy as np

    return {name: np.asarray(array, np.float32) for name, array in arrays.items()}


def _as_columns(columns: "Mapping[str, Any]") -> "dict[str, NDArray[Any]]":
    import numpy as np

    kinds = {"step": np.float64}
    return {name: np.asarray(v, kinds.get(name, np.float32)) for name, v in columns.items()}
