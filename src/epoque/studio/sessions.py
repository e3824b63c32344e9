"""The trainings that pages steer on the server: found by their id, whatever becomes of a worker.

Everything here runs in the event loop and returns at once or is awaited; the trainings themselves
run in other processes (`epoque.studio.workers`).
"""

import asyncio
import secrets
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from epoque.bench.config import Config
from epoque.bench.errors import DamagedRunError, UnknownNameError, UsageError
from epoque.bench.i18n import mark, translator
from epoque.bench.system.processes import count_cores

from .session import RESTARTS, Session, plain_values
from .session_file import read_header, session_path
from .session_messages import Report
from .workers import Worker

__all__ = ["SECONDS_KEPT", "Sessions"]

SECONDS_KEPT = 15 * 60.0
"""That a training without a page stays in its worker; then it is on disk alone."""
DAYS_ON_DISK = 30
RESTART_SECONDS = 60.0
"""In which a training that kills its worker `RESTARTS` times, and then once more, is lost."""
SECONDS_TO_STOP = 1.5

RESTARTED = mark(
    "The process of this training ended unexpectedly; it went on from iteration {step}, as it was "
    "saved {seconds} seconds before."
)
BEGUN_AGAIN = mark(
    "The process of this training ended unexpectedly before it was saved; it began again."
)
KILLS_ITS_PROCESS = mark(
    "The process of this training ended unexpectedly {count} times within a minute; it is stopped. "
    "Smaller settings may need less memory."
)


class Sessions:
    """All trainings that pages steer on this server."""

    def __init__(
        self,
        folder: Path,
        *,
        max_sessions: int = 64,
        workers: int | None = None,
        seconds_kept: float = SECONDS_KEPT,
    ) -> None:
        """Begin without a worker: the first training starts the first one.

        Args:
            folder: of the files that keep trainings; it need not be there.
            max_sessions: in the workers at the same time, of everybody together.
            workers: how many processes at most; by default one for each core.
            seconds_kept: that a training without a page stays in its worker.
        """
        self.folder, self.max_sessions = folder, max_sessions
        self._limit = workers or count_cores()
        self._seconds_kept = seconds_kept
        self._sessions: dict[str, Session] = {}
        self._workers: list[Worker] = []
        self._sweeper: asyncio.Task[None] | None = None
        self._is_closed = False

    def __len__(self) -> int:
        """Return how many trainings are in the workers."""
        return sum(session.worker is not None for session in self._sessions.values())

    @property
    def process_ids(self) -> list[int]:
        """The numbers of the workers' processes."""
        return [w.process_id for w in self._workers if w.process_id is not None]

    def create(self, lab: str, config: Config, language: str = "en") -> Session:
        """Begin a training; it is told later how that went (`SessionListener.on_state`).

        Args:
            lab: the lab's name.
            config: what to train.
            language: of the sentences that its page is told.

        Raises:
            UsageError: if there are as many trainings as the server takes.
        """
        self._check_room()
        id = secrets.token_hex(16)
        path = session_path(self.folder, id)
        session = Session(id, lab, plain_values(config), path, language)
        self._sessions[id] = session
        session.open_in(self._choose_worker())
        return session

    def find(self, id: str, language: str = "en") -> Session:
        """Return a training by its id; one that is on disk alone starts again.

        Raises:
            UnknownNameError: if there is none.
            UsageError: if it is on disk and there are as many trainings as the server takes.
        """
        session = self._sessions.get(id)
        if session is None:
            session = self._find_on_disk(id, language)
        if session.worker is None and session.state.kind != "lost":
            self._check_room()
            session.open_in(self._choose_worker())
        self._sessions[id] = session
        session.language = language
        return session

    def _find_on_disk(self, id: str, language: str) -> Session:
        is_id = len(id) == 32 and set(id) <= set("0123456789abcdef")
        path = session_path(self.folder, id) if is_id else None
        if path is None or not path.is_file():
            raise UnknownNameError("training with the id", id[:40], ())
        try:
            record = read_header(path)
        except DamagedRunError:
            raise UnknownNameError("training with the id", id, ()) from None
        session = Session(id, record.lab, record.values, path, language)
        session.saved_step = record.step
        return session

    def close_session(self, id: str) -> None:
        """End a training for good; its file goes too."""
        session = self._sessions.pop(id, None)
        if session is not None:
            session.release(keep=False)
            session.path.unlink(missing_ok=True)

    async def close(self, seconds: float = SECONDS_TO_STOP) -> None:
        """Have every training saved and every worker end, within so many seconds."""
        self._is_closed = True
        if self._sweeper is not None:
            self._sweeper.cancel()
        await asyncio.gather(*(worker.stop(seconds) for worker in self._workers))
        self._workers.clear()

    def _check_room(self) -> None:
        if self._is_closed:
            raise UsageError("The studio is ending.")
        if len(self) >= self.max_sessions:
            self._put_oldest_on_disk()
        if len(self) >= self.max_sessions:
            raise UsageError(
                f"The studio has {self.max_sessions} trainings on the server, as many as it takes "
                "(--max-sessions); close one, or choose settings that this page computes itself."
            )

    def _put_oldest_on_disk(self) -> None:
        """Make room: of the trainings without a page, such as one that was loaded anew, the oldest.

        It is found again by its id, as after `SECONDS_KEPT`.
        """
        idle = [
            (session.unwatched_since, session)
            for session in self._sessions.values()
            if session.worker is not None and session.unwatched_since is not None
        ]
        if idle:
            _, session = min(idle, key=lambda pair: pair[0])
            session.release(keep=True)
            del self._sessions[session.id]

    def _choose_worker(self) -> Worker:
        """Return the worker with the fewest trainings; a new one as long as there may be more."""
        alive = [worker for worker in self._workers if worker.is_alive]
        least = min(alive, key=lambda worker: len(worker.sessions), default=None)
        if least is None or (least.sessions and len(alive) < self._limit):
            loop = asyncio.get_running_loop()
            least = Worker(loop, self._receive, self._lose_worker)
            self._workers.append(least)
            if self._sweeper is None:
                self._sweeper = loop.create_task(self._sweep())
        return least

    def _receive(self, worker: Worker, report: Report) -> None:
        session = self._sessions.get(getattr(report, "session", ""))
        if session is not None and session.worker is worker:
            session.receive(report)

    def _lose_worker(self, worker: Worker) -> None:
        """Go on with the trainings of a worker that died, in others."""
        self._workers.remove(worker)
        for id in sorted(worker.sessions):
            session = self._sessions[id]
            session.leave("The process of this training ended unexpectedly.")
            now = time.monotonic()
            full = len(session.restarts) == RESTARTS
            if full and now - session.restarts[0] < RESTART_SECONDS:
                why = translator(session.language)(KILLS_ITS_PROCESS).format(count=RESTARTS + 1)
                session.set_state(replace(session.state, kind="lost", why=why, rate=0.0))
                continue
            session.restarts.append(now)
            session.open_in(self._choose_worker())
            if session.saved_at is None:
                session.tell_page(BEGUN_AGAIN)
            else:
                seconds = round(now - session.saved_at)
                session.tell_page(RESTARTED, step=session.saved_step, seconds=seconds)

    async def _sweep(self) -> None:
        """Put trainings without a page on disk after a while, and forget files of last month."""
        self._remove_old_files()
        while True:
            await asyncio.sleep(min(30.0, self._seconds_kept / 4))
            now = time.monotonic()
            for session in list(self._sessions.values()):
                since = session.unwatched_since
                if since is not None and now - since >= self._seconds_kept:
                    session.release(keep=True)
                    del self._sessions[session.id]

    def _remove_old_files(self) -> None:
        oldest = time.time() - DAYS_ON_DISK * 24 * 3600
        with suppress(OSError):
            for path in self.folder.glob("*.session"):
                if path.stat().st_mtime < oldest:
                    path.unlink(missing_ok=True)
