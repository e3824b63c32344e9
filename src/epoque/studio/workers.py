"""The processes that train what pages steer, as the server sees them.

It waits for none of them: each starts in a thread, and what a worker reports is handed to the event
loop as it comes.
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any

from epoque.bench.system.child_process import start_child

from .scheduler import serve
from .session_messages import Command, Report, Stop, Stopped

__all__ = ["Worker"]


class Worker:
    """One process with some trainings.

    Attributes:
        sessions: the ids of its trainings.
        is_alive: whether it may still be told something.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        receive: Callable[["Worker", Report], None],
        lose: Callable[["Worker"], None],
    ) -> None:
        """Start the process; this returns at once.

        Args:
            loop: where the two functions are called.
            receive: gets what the worker reports.
            lose: is called when the process ends without having been told to.
        """
        self.sessions: set[str] = set()
        self.is_alive = True
        self._loop, self._receive, self._lose = loop, receive, lose
        self._process: SpawnProcess | None = None
        self._pipe: Connection[Any, Any] | None = None
        self._waiting: list[Command] = []
        self._lock = threading.Lock()
        self._is_stopping = False
        self._ended = asyncio.Event()
        threading.Thread(target=self._live, daemon=True, name="worker").start()

    @property
    def process_id(self) -> int | None:
        """The process's number; None until it has one."""
        return self._process.pid if self._process else None

    def send(self, command: Command) -> None:
        """Tell the worker something, as soon as it is there."""
        with self._lock, suppress(OSError, ValueError):  # it died: `lose` is on its way
            if self._pipe is None:
                self._waiting.append(command)
            else:
                self._pipe.send(command)

    async def stop(self, seconds: float) -> None:
        """Have the worker save its trainings and end; after so many seconds it is killed."""
        self._is_stopping, self.is_alive = True, False
        self.send(Stop())
        with suppress(TimeoutError):
            await asyncio.wait_for(self._ended.wait(), seconds)
        self.kill()

    def kill(self) -> None:
        """End the process at once."""
        self._is_stopping = True
        if self._process is not None:
            self._process.kill()

    def _live(self) -> None:
        """Start the process, and hand on what it reports until it ends; a thread of its own."""
        process, pipe = start_child(serve)
        with self._lock:
            self._process, self._pipe = process, pipe
            with suppress(OSError):
                for command in self._waiting:
                    pipe.send(command)
            self._waiting.clear()
        with suppress(EOFError, OSError):
            while not isinstance(report := pipe.recv(), Stopped):
                self._call(self._receive, self, report)
        process.join(1.0)
        self._call(self._end)

    def _end(self) -> None:
        self.is_alive = False
        self._ended.set()
        if not self._is_stopping:
            self._lose(self)

    def _call(self, function: Callable[..., None], *arguments: object) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody wants to know any more
            self._loop.call_soon_threadsafe(function, *arguments)
