"""One training that pages steer: what they ask of it, and what it tells them.

Everything here runs in the event loop and returns at once or is awaited; the training itself runs
in another process (`epoque.studio.workers`).
"""

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

from epoque.bench.config import Config
from epoque.bench.errors import ConfigError, Problem, UsageError
from epoque.bench.i18n import mark, translator
from epoque.bench.runs.reasons import translate_reason
from epoque.bench.setting_paths import flatten

from .session_messages import (
    Acknowledge,
    Ask,
    Attach,
    Command,
    Frame,
    Open,
    Release,
    Reply,
    Report,
    Saved,
    SessionState,
    StateReport,
)
from .workers import Worker

__all__ = ["RESTARTS", "Session", "SessionListener", "plain_values"]

RESTARTS = 3
"""Of one training that are remembered."""

FINISHED = mark("The training has come to its end.")
NOT_SAVED = mark("This training cannot be saved: {reason}")


class SessionListener:
    """What a page hears of its training; each method is called in the event loop."""

    def on_frame(self, frame: Frame) -> None:
        """Take a frame; it is to be acknowledged with `Session.acknowledge`."""

    def on_state(self, state: SessionState) -> None:
        """Take how the training stands."""

    def on_notice(self, sentence: str) -> None:
        """Take a sentence that the page shows, in the page's language."""


class Session:
    """A training that pages steer; made by `Sessions`.

    Attributes:
        id: 32 hexadecimal digits.
        lab: the lab's name.
        values: the config that it began with, path of a setting to plain value.
        language: of the sentences that its page is told.
        state: how it stands, as was last reported.
    """

    def __init__(
        self, id: str, lab: str, values: Mapping[str, Any], path: Path, language: str
    ) -> None:
        self.id, self.lab, self.values, self.language = id, lab, values, language
        self.path = path
        self.state = SessionState("starting")
        self.saved_at: float | None = None
        self.saved_step = 0
        self.unwatched_since: float | None = time.monotonic()
        self.restarts: deque[float] = deque(maxlen=RESTARTS)
        self._worker: Worker | None = None
        self._listeners: list[SessionListener] = []
        self._questions: dict[int, asyncio.Future[Any]] = {}
        self._numbers = count(1)
        self._playing: float | None = None
        self._save_error = ""

    # What a page does

    async def play(self, pace: float = math.inf) -> None:
        """Play at a pace in iterations a second; inf: as fast as it goes."""
        self._playing = pace
        await self._ask("play", pace)

    async def pause(self) -> None:
        """Stop playing."""
        self._playing = None
        await self._ask("pause")

    async def iterate(self, number: int) -> Frame:
        """Do some iterations, then be paused; another command ends it with those that are done.

        Raises:
            UsageError: if the training cannot go on, with the reason.
        """
        self._playing = None
        return await self._ask_for_frame("iterate", number)

    async def next_phase(self) -> Frame:
        """Do the next phase of an iteration, then be paused.

        Raises:
            UsageError: if the lab does not stop between phases.
        """
        self._playing = None
        return await self._ask_for_frame("phase")

    async def look(self) -> Frame:
        """Return what the training looks like now."""
        return await self._ask_for_frame("look")

    async def change(self, values: Mapping[str, Any]) -> None:
        """Change settings that may change during a run (path to value).

        Raises:
            ConfigError: if a value is wrong; the training goes on as it was.
        """
        await self._ask("change", dict(values))

    async def restart(self, config: Config) -> None:
        """Begin again from iteration 0 with other settings.

        Raises:
            ConfigError: if they are wrong; the training goes on as it was.
        """
        values = plain_values(config)
        await self._ask("restart", values)
        self.values = values

    async def digest(self) -> str | None:
        """Return the SHA-256 of the state; None where its engine has no canonical one."""
        digest: str | None = await self._ask("digest")
        return digest

    async def save(self) -> None:
        """Write the file of the training now."""
        await self._ask("save")

    def listen(self, listener: SessionListener) -> Callable[[], None]:
        """Have a listener hear of the training; return what ends that.

        The first listener of a training gets a frame, and one that was playing goes on; without a
        listener it does not play.
        """
        self._listeners.append(listener)
        self.unwatched_since = None
        self._tell(Attach(self.id, is_watched=True))
        listener.on_state(self.state)

        def stop() -> None:
            with suppress(ValueError):
                self._listeners.remove(listener)
            if not self._listeners and self.unwatched_since is None:
                self.unwatched_since = time.monotonic()
                self._tell(Attach(self.id, is_watched=False))

        return stop

    def acknowledge(self) -> None:
        """Say that a frame was received: at most two are on their way."""
        self._tell(Acknowledge(self.id))

    # What `Sessions` does

    @property
    def worker(self) -> Worker | None:
        """The process that has it; None where it is on disk alone."""
        return self._worker

    def open_in(self, worker: Worker) -> None:
        """Begin, or go on from the file, in a worker; and play if it played."""
        self._worker = worker
        worker.sessions.add(self.id)
        watched = bool(self._listeners)
        self.state = SessionState("starting", step=self.state.step, config=self.state.config)
        self._tell(Open(self.id, self.lab, self.values, str(self.path), watched))
        if self._playing is not None:
            self._tell(Ask(self.id, 0, "play", self._playing))

    def leave(self, reason: str) -> None:
        """Be without a worker; questions without an answer get this reason."""
        if self._worker is not None:
            self._worker.sessions.discard(self.id)
        self._worker = None
        for question in self._questions.values():
            if not question.done():
                question.set_exception(UsageError(reason))
        self._questions.clear()

    def release(self, *, keep: bool) -> None:
        """Leave the worker, which saves it first if it is to be kept."""
        self._tell(Release(self.id, keep))
        self.leave("This training was closed.")

    def set_state(self, state: SessionState) -> None:
        """Take how it stands, and tell the page."""
        is_news = state.kind == "finished" != self.state.kind
        self.state = state
        if state.kind in ("diverged", "finished", "lost"):
            self._playing = None
        for listener in list(self._listeners):
            listener.on_state(state)
        if is_news:
            self.tell_page(FINISHED)

    def tell_page(self, sentence: str, **values: object) -> None:
        """Tell the page a marked sentence, in its language."""
        text = translator(self.language)(sentence).format(**values)
        for listener in list(self._listeners):
            listener.on_notice(text)

    def receive(self, report: Report) -> None:
        """Take what its worker reports."""
        match report:
            case Frame():
                for listener in list(self._listeners):
                    listener.on_frame(report)
                if not self._listeners:
                    self.acknowledge()
            case StateReport():
                self.set_state(report.state)
            case Reply():
                self._take_reply(report)
            case Saved(_, step, ""):
                self.saved_at, self.saved_step = time.monotonic(), step
                self._save_error = ""
            case Saved(_, _, error):
                if error != self._save_error:  # it is tried again every some seconds
                    self.tell_page(NOT_SAVED, reason=translate_reason(error, self.language))
                self._save_error = error

    def _take_reply(self, reply: Reply) -> None:
        question = self._questions.pop(reply.number, None)
        if question is None or question.done():
            return
        if reply.problems:
            question.set_exception(ConfigError([Problem(*p) for p in reply.problems]))
        elif reply.error:
            question.set_exception(UsageError(reply.error))
        else:
            question.set_result(reply.value)

    async def _ask(self, what: str, argument: Any = None) -> Any:
        if self._worker is None:
            raise UsageError(self.state.why or "This training was closed.")
        number = next(self._numbers)
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._questions[number] = answer
        self._tell(Ask(self.id, number, what, argument))
        return await answer

    async def _ask_for_frame(self, what: str, argument: Any = None) -> Frame:
        frame = await self._ask(what, argument)
        if not isinstance(frame, Frame):
            raise UsageError(self.state.why or "The training has come to its end.")
        return frame

    def _tell(self, command: Command) -> None:
        if self._worker is not None:
            self._worker.send(command)


def plain_values(config: Config) -> dict[str, Any]:
    """Return path to plain JSON value of every setting, as workers and files take them."""
    return flatten(config.model_dump(mode="json"))
