"""One page's websocket: its commands, its trainings, the runs that it follows.

A message that is none is answered with a sentence, and nothing else happens: the page and its
trainings go on. Of each training and each run at most two frames are on their way; what comes
meanwhile is dropped, but for its metrics, which go with the next one.
"""

import asyncio
import logging
import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from epoque.bench.errors import ConfigError, EpoqueError, UsageError
from epoque.bench.lab import find_lab
from epoque.bench.runs.reasons import translate_reason

from .answers import describe_problems
from .commands import (
    AttachCommand,
    ChangeCommand,
    Command,
    EndCommand,
    FollowCommand,
    IterateCommand,
    OpenCommand,
    PlayCommand,
    RestartCommand,
    SessionCommand,
    UnfollowCommand,
    read_command,
)
from .file_values import describe_files, file_settings, parse_config
from .follow import News, RunReader
from .frames import FrameError, Kind, pack_json, read_message
from .layouts import Layouts, MetricBlock
from .refusals import translate_refusal
from .run_lookup import find_run
from .session import Session, SessionListener
from .session_messages import Frame, SessionState
from .state import Studio

__all__ = ["Connection"]

_LOG = logging.getLogger(__name__)
FRAMES_UNDERWAY = 2
"""Of one training or run."""
MAX_WAITING = 64
"""Questions of a page that are not answered yet."""
MAX_OUTBOX = 2000
"""Messages that a page does not take: it is gone, or asleep for long."""
SECONDS_BETWEEN_LOOKS = 0.4
"""At a run's folder that is followed."""


class _Source:
    """What sends a page frames: a training or a run that is followed."""

    def __init__(self, release: Callable[[], None]) -> None:
        self.metrics = MetricBlock()
        self.underway = 0
        self._owed = 0
        self._release = release

    @property
    def has_room(self) -> bool:
        return self.underway < FRAMES_UNDERWAY

    def drop(self) -> None:
        """Note a frame that was not sent; its sender hears of it with the next one that arrives."""
        self._owed += 1

    def acknowledge(self) -> None:
        """Note that a frame arrived."""
        self.underway = max(0, self.underway - 1)
        for _ in range(1 + self._owed):
            self._release()
        self._owed = 0


class _PageListener(SessionListener):
    """Passes on to a page what its training tells."""

    def __init__(self, connection: "Connection", session: Session) -> None:
        self.connection, self.session = connection, session
        self.source = _Source(session.acknowledge)
        self.stop: Callable[[], None] = lambda: None

    def on_frame(self, frame: Frame) -> None:
        self.source.metrics.add(frame.metrics)
        if self.source.has_room:
            self.connection.send_frame(self.source, _about(frame), frame)
        else:
            self.source.drop()

    def on_state(self, state: SessionState) -> None:
        self.connection.send({"event": "state", **describe_state(self.session, state)})

    def on_notice(self, sentence: str) -> None:
        self.connection.send({"event": "notice", "session": self.session.id, "sentence": sentence})


class Connection:
    """A page that is connected.

    Args:
        socket: accepted already.
        studio: what the server holds.
    """

    def __init__(self, socket: WebSocket, studio: Studio) -> None:
        self._socket, self._studio = socket, studio
        self._outbox: asyncio.Queue[bytes] = asyncio.Queue()
        self._layouts = Layouts()
        self._sources: dict[int, _Source] = {}
        self._listeners: dict[str, _PageListener] = {}
        self._following: dict[str, asyncio.Task[None]] = {}
        self._answering: set[asyncio.Task[None]] = set()
        self._is_stuck = False
        self._language = "en"

    async def serve(self) -> None:
        """Serve the page until it leaves; its trainings stay for a while."""
        writer = asyncio.create_task(self._write())
        reader = asyncio.create_task(self._read())
        try:
            await asyncio.wait([writer, reader], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for listener in self._listeners.values():
                listener.stop()
            tasks = [writer, reader, *self._following.values(), *self._answering]
            for task in tasks:
                task.cancel()
            done, _ = await asyncio.wait(tasks)
            for task in done:
                if not task.cancelled() and (error := task.exception()) is not None:
                    _LOG.error("A page's connection failed.", exc_info=error)

    # To the page

    def send(self, value: Mapping[str, Any]) -> None:
        """Send an object, as soon as the page takes it."""
        self._put(pack_json(value))

    def send_frame(self, source: _Source, about: Mapping[str, Any], frame: Any) -> int | None:
        """Send a frame with all metrics that its source has not sent; return its layout."""
        try:
            number, messages = self._layouts.pack(
                about, frame.step, getattr(frame, "milliseconds", 0.0), frame.arrays, source.metrics
            )
        except OverflowError:
            self._is_stuck = True
            self._put(b"")
            return None
        self._sources[number] = source
        source.underway += 1
        for message in messages:
            self._put(message)
        return number

    def _put(self, message: bytes) -> None:
        if self._outbox.qsize() > MAX_OUTBOX:
            self._is_stuck = True
        self._outbox.put_nowait(message)

    async def _write(self) -> None:
        while not self._is_stuck:
            message = await self._outbox.get()
            if message:
                with suppress(WebSocketDisconnect, RuntimeError):  # it has left: `_read` hears it
                    await self._socket.send_bytes(message)

    # From the page

    async def _read(self) -> None:
        while True:
            try:
                message = await self._socket.receive()
            except (WebSocketDisconnect, RuntimeError):
                return
            if message["type"] == "websocket.disconnect":
                return
            try:
                self._take(message.get("bytes"))
            except FrameError as error:
                self.send({"event": "refused", "why": f"This message is refused: {error}."})

    def _take(self, data: bytes | None) -> None:
        if data is None:
            raise FrameError("it is text; all messages are binary")
        message = read_message(data)
        if message.kind is Kind.ACK:
            source = self._sources.get(message.layout)
            if source is None:
                raise FrameError(f"there is no layout {message.layout}")
            source.acknowledge()
            return
        if message.kind is not Kind.JSON:
            raise FrameError("only a server sends this kind")
        command = read_command(message.json())
        if len(self._answering) >= MAX_WAITING:
            raise FrameError(f"{MAX_WAITING} others wait for an answer")
        task = asyncio.create_task(self._answer(command))
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)

    async def _answer(self, command: Command) -> None:
        answer: dict[str, Any] = {"reply": command.id}
        try:
            answer |= await self._do(command)
        except ConfigError as error:
            problems = describe_problems(error.problems)
            answer |= {"error": self._say(error), "problems": [p.model_dump() for p in problems]}
        except EpoqueError as error:
            answer |= {"error": self._say(error)}
        except Exception as error:  # a mistake of ours: the page and its trainings go on
            _LOG.error("The studio failed at %s.", command, exc_info=error)
            answer |= {"error": f"The studio failed at this: {type(error).__name__}."}
        self.send(answer)

    def _say(self, error: EpoqueError) -> str:
        return translate_refusal(str(error), self._language)

    async def _do(self, command: Command) -> dict[str, Any]:
        if isinstance(command, OpenCommand | AttachCommand):
            self._language = command.lang
        match command:
            case OpenCommand():
                return self._open(command)
            case AttachCommand():
                return self._attach(self._studio.sessions.find(command.session, command.lang))
            case FollowCommand():
                return await self._follow(command)
            case UnfollowCommand():
                if (task := self._following.pop(command.run, None)) is not None:
                    task.cancel()
                return {}
            case EndCommand():
                self._detach(command.session)
                self._studio.sessions.close_session(command.session)
                return {}
            case SessionCommand(do="detach"):
                self._detach(command.session)
                return {}
            case _:
                return await self._steer(self._listener(command.session), command)

    def _listener(self, session: str) -> _PageListener:
        if session not in self._listeners:
            raise UsageError("This page does not show that training; it must attach first.")
        return self._listeners[session]

    def _open(self, command: OpenCommand) -> dict[str, Any]:
        lab = find_lab(command.lab)
        config = parse_config(lab, command.config, self._studio.uploads)
        return self._attach(self._studio.sessions.create(lab.name, config, command.lang))

    def _attach(self, session: Session) -> dict[str, Any]:
        if session.id not in self._listeners:
            listener = _PageListener(self, session)
            self._listeners[session.id] = listener
            listener.stop = session.listen(listener)
        return describe_state(session, session.state)

    def _detach(self, session: str) -> None:
        if (listener := self._listeners.pop(session, None)) is not None:
            listener.stop()

    async def _steer(self, listener: _PageListener, command: Command) -> dict[str, Any]:
        session = listener.session
        match command:
            case PlayCommand(pace=pace):
                await session.play(math.inf if pace is None else pace)
            case IterateCommand(count=count):
                return self._send_answer(listener, await session.iterate(count))
            case ChangeCommand(values=values):
                self._check_change(session, values)
                await session.change(values)
            case RestartCommand(config=values):
                await session.restart(
                    parse_config(find_lab(session.lab), values, self._studio.uploads)
                )
            case SessionCommand(do="pause"):
                await session.pause()
            case SessionCommand(do="phase"):
                return self._send_answer(listener, await session.next_phase())
            case SessionCommand(do="look"):
                return self._send_answer(listener, await session.look())
            case SessionCommand(do="digest"):
                return {"digest": await session.digest()}
        return describe_state(session, session.state)

    def _send_answer(self, listener: _PageListener, frame: Frame) -> dict[str, Any]:
        """Send a frame that was asked for: it is never dropped."""
        listener.source.metrics.add(frame.metrics)
        layout = self.send_frame(listener.source, _about(frame), frame)
        return {"layout": layout, **describe_state(listener.session, listener.session.state)}

    @staticmethod
    def _check_change(session: Session, values: Mapping[str, Any]) -> None:
        """Refuse settings that name files: they never change during a run."""
        for path in file_settings(find_lab(session.lab)).keys() & values.keys():
            raise ConfigError.of(path, "it cannot change during a run; start a new run.")

    # Runs

    async def _follow(self, command: FollowCommand) -> dict[str, Any]:
        run = await asyncio.to_thread(find_run, self._studio, command.run)
        if (task := self._following.pop(run.id, None)) is not None:
            task.cancel()
        if len(self._following) >= 16:
            raise UsageError("This page follows 16 runs, as many as it may.")
        reader = RunReader(run.path, command.after)
        self._following[run.id] = asyncio.create_task(self._look(run.id, reader))
        return {"run": run.id}

    async def _look(self, run: str, reader: RunReader) -> None:
        """Tell what is new in a run's folder, until the page follows it no more."""
        source = _Source(lambda: None)
        status: tuple[str, str] = ("", "")
        unsent: News | None = None  # the newest, where two are on their way still
        while True:
            try:
                news = await asyncio.to_thread(reader.read)
            except EpoqueError as error:
                self.send({"event": "run", "run": run, "state": "gone", "reason": str(error)})
                return
            source.metrics.add(news.metrics)
            if news.arrays or (news.metrics and unsent is None):
                unsent = news
            if source.has_room and unsent is not None:
                about = {"run": run, "show": "snapshot" if unsent.arrays else "metrics"}
                self.send_frame(source, about, unsent)
                unsent = None
            if status != (status := (news.state, news.reason)):
                self.send({"event": "run", "run": run, "state": status[0], "reason": status[1]})
            if news.is_all:  # one that has ended may be resumed
                is_running = news.state == "running"
                await asyncio.sleep(SECONDS_BETWEEN_LOOKS * (1 if is_running else 4))


def _about(frame: Frame) -> dict[str, Any]:
    """Return what a layout tells of the frames of a training."""
    if frame.phase is None:
        return {"session": frame.session, "show": "snapshot"}
    number, count, name = frame.phase
    phase = {"number": number, "count": count, "name": name}
    return {"session": frame.session, "show": "phase", "phase": phase}


def describe_state(session: Session, state: SessionState) -> dict[str, Any]:
    """Return how a training stands, as a page is told."""
    values = state.config or session.values
    return {
        "session": session.id,
        "lab": session.lab,
        "state": state.kind,
        "step": state.step,
        "rate": state.rate,
        "why": translate_reason(state.why, session.language, session.lab),
        "config": describe_files(find_lab(session.lab), values),
        "changes": state.changes,
        "phases": state.has_phases,
    }
