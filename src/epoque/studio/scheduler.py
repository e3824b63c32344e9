"""The life of a worker: the trainings that pages steer, each its share of a round, in turn."""

import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from queue import Empty, SimpleQueue
from typing import Any

from epoque.bench.errors import EpoqueError
from epoque.bench.system.child_process import end_with_parent

from .session_messages import (
    Acknowledge,
    Ask,
    Attach,
    Command,
    Open,
    Release,
    Report,
    SessionState,
    StateReport,
    Stop,
    Stopped,
)
from .stepped_session import SteppedSession

__all__ = ["ROUND_SECONDS", "Scheduler", "serve"]

ROUND_SECONDS = 0.03
"""In which each training that plays has one turn."""
PATIENCE = 4.0
"""How many times its share a turn may last before the others go on without waiting for it."""
SECONDS_TO_SAVE = 0.8
"""That a training has to end its turn and be saved, when the worker stops."""
MAX_WAIT = 3600.0


class Scheduler:
    """Gives the trainings of one process their turns."""

    def __init__(self, send: Callable[[Report], None]) -> None:
        self._send = send
        self._commands: SimpleQueue[Command] = SimpleQueue()
        self._sessions: dict[str, SteppedSession] = {}
        self._is_stopped = False

    def tell(self, command: Command) -> None:
        """Take a command, from any thread."""
        self._commands.put(command)

    def run(self) -> None:
        """Give turns until told to stop; then save every training."""
        while not self._is_stopped:
            self._obey(self._seconds_to_wait())
            now = time.monotonic()
            due = [s for s in self._sessions.values() if s.next_turn(now) <= now]
            for session in due:
                share = ROUND_SECONDS / len(due)
                session.take_turn(share, PATIENCE * share)
                self._obey(0)
        self._save_all()

    def _seconds_to_wait(self) -> float:
        """Return until the next turn is due; short while one lasts whose end brings the next."""
        now = time.monotonic()
        due = min((s.next_turn(now) for s in self._sessions.values()), default=now + MAX_WAIT)
        longest = ROUND_SECONDS if any(s.is_busy for s in self._sessions.values()) else MAX_WAIT
        return max(0.0, min(due - now, longest))

    def _obey(self, seconds: float) -> None:
        """Do what was told, waiting for the first command at most so long."""
        with suppress(Empty):
            self._do(self._commands.get(timeout=seconds) if seconds > 0 else self._next())
            while True:
                self._do(self._next())

    def _next(self) -> Command:
        return self._commands.get_nowait()

    def _do(self, command: Command) -> None:
        if isinstance(command, Open):
            self._open(command)
            return
        if isinstance(command, Stop):
            self._is_stopped = True
            return
        session = self._sessions.get(command.session)
        if session is None:
            return
        match command:
            case Ask():
                session.ask(command)
            case Attach():
                session.attach(is_watched=command.is_watched)
            case Acknowledge():
                session.acknowledge()
            case Release():
                del self._sessions[command.session]
                threading.Thread(
                    target=session.save_and_end,
                    args=(MAX_WAIT,),
                    kwargs={"keep": command.keep},
                    daemon=True,
                ).start()

    def _open(self, command: Open) -> None:
        try:
            self._sessions[command.session] = SteppedSession(command, self._send)
        except EpoqueError as error:
            self._send(StateReport(command.session, SessionState("lost", why=str(error))))

    def _save_all(self) -> None:
        """Save every training whose turn ends in time, side by side; the others are on disk."""
        threads = [
            threading.Thread(target=session.save_and_end, args=(SECONDS_TO_SAVE,), daemon=True)
            for session in self._sessions.values()
        ]
        for thread in threads:
            thread.start()
        end = time.monotonic() + SECONDS_TO_SAVE
        for thread in threads:
            thread.join(max(0.0, end - time.monotonic()))


def serve(pipe: "Connection[Any, Any]") -> None:
    """Serve trainings until the pipe ends or says so; this is a worker's whole life.

    Args:
        pipe: commands come from it, reports go into it.
    """
    lock = threading.Lock()

    def send(report: Report) -> None:
        # Where the server has gone, the thread that reads ends this process.
        with lock, suppress(OSError):
            pipe.send(report)

    scheduler = Scheduler(send)
    _hear_signals(scheduler)
    end_with_parent()
    threading.Thread(target=_read, args=(pipe, scheduler), daemon=True).start()
    scheduler.run()
    send(Stopped())
    os._exit(0)  # a thread may still be compiling: what it makes is wanted no more


def _read(pipe: "Connection[Any, Any]", scheduler: Scheduler) -> None:
    """Pass on commands; leave no orphan, even of a server that was killed."""
    try:
        while True:
            scheduler.tell(pipe.recv())
    except (EOFError, OSError):
        os._exit(1)


def _hear_signals(scheduler: Scheduler) -> None:
    """Leave Ctrl-C to the server, which hears it too; other signals save and end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: scheduler.tell(Stop()))
