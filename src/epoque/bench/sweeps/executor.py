"""Running jobs side by side, on this machine or on many.

An executor has three methods: submit, wait, cancel. `LocalExecutor` keeps worker processes on this
machine; another kind (a cluster) is one more class with the same three. A package brings one by an
entry point of the group `epoque.executors`; it is called with the number of workers asked for, None
if none was.
"""

import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import connection, get_context, parent_process
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from types import ModuleType
from typing import Any, Protocol

from .. import stopping
from ..errors import EpoqueError, UsageError
from ..plugins import load_plugin
from ..system.processes import count_cores

__all__ = [
    "Executor",
    "JobResult",
    "LocalExecutor",
    "make_executor",
    "open_executor",
]

GROUP = "epoque.executors"
"""The group of the entry points by which packages bring executors."""

SECONDS_TO_STOP = 2 * stopping.SECONDS  # a run saves its checkpoint before


@dataclass(frozen=True, slots=True)
class JobResult:
    """How a job ended.

    Attributes:
        key: the job's number, as submitted.
        value: what it returned; None if it failed.
        error: why it failed, in one sentence; "" if it did not.
        kind: the class of the error (`DivergenceError`); "" if there was none.
    """

    key: int
    value: Any = None
    error: str = ""
    kind: str = ""


class Executor(Protocol):
    """What runs jobs side by side; jobs that fail do not touch the others."""

    def submit(self, key: int, task: Callable[..., object], *arguments: object) -> None:
        """Queue a job.

        Args:
            key: a number that its outcome will bear.
            task: a function that other processes can import.
            arguments: plain values.
        """

    def wait(self) -> JobResult:
        """Wait until one of the submitted jobs ends, and return how; each is returned once."""

    def cancel(self) -> None:
        """Drop the jobs that wait, interrupt those that run, and leave no process behind."""


class LocalExecutor:
    """Worker processes on this machine, each with one job at a time.

    A worker lives until `cancel` (its imports are paid once) and ends by itself if this process
    dies. A worker that dies, for instance for want of memory, costs its own job only.

    The processes are spawned and do not import the program that runs here, so a script needs no
    `if __name__ == "__main__":`; the functions that it submits are those of modules.
    """

    def __init__(self, workers: int | None = None) -> None:
        """Make an executor; its processes start with the first jobs.

        Args:
            workers: how many processes; by default one for each core this process may use.

        Raises:
            UsageError: if that is no number of processes.
        """
        if workers is not None and workers < 1:
            raise UsageError(
                f"workers: {workers} is not allowed; it takes a whole number at least 1."
            )
        self._limit = workers or count_cores()
        self._queue: deque[tuple[int, Callable[..., object], tuple[Any, ...]]] = deque()
        self._workers: list[_Worker] = []

    def submit(self, key: int, task: Callable[..., object], *arguments: object) -> None:
        """Queue a job (see `Executor.submit`)."""
        self._queue.append((key, task, arguments))
        self._assign_jobs()

    def wait(self) -> JobResult:
        """Wait until a job ends (see `Executor.wait`)."""
        busy = {worker.pipe: worker for worker in self._workers if worker.key is not None}
        assert busy, "nothing was submitted"
        (ready, *_) = connection.wait(list(busy))
        worker = busy[ready]  # type: ignore[index]
        result = worker.receive()
        if result.kind == _PROCESS_DIED:
            self._workers.remove(worker)
        self._assign_jobs()
        return result

    def cancel(self) -> None:
        """Stop everything (see `Executor.cancel`); new jobs may be submitted afterwards."""
        self._queue.clear()
        for worker in self._workers:
            worker.process.terminate()
        try:
            for worker in self._workers:
                worker.close()
        finally:  # a second signal does not wait for them
            for worker in self._workers:
                worker.process.kill()
            self._workers.clear()

    def _assign_jobs(self) -> None:
        """Hand waiting jobs to idle workers, new ones as long as there are fewer than allowed."""
        while self._queue:
            idle = [worker for worker in self._workers if worker.key is None]
            if not idle and len(self._workers) >= self._limit:
                return
            if not idle:
                idle = [_Worker()]
                self._workers += idle
            idle[0].send(*self._queue.popleft())


def make_executor(name: str, workers: int | None = None) -> Executor:
    """Return an executor by its name.

    Args:
        name: of an entry point of the group `epoque.executors`, for instance "local".
        workers: how many jobs it runs side by side; None for as many as it sees fit.

    Raises:
        UnknownNameError: if there is none of that name, with the nearest names.
        MissingExtraError: if the extra that it needs is not installed.
    """
    executor: Executor = load_plugin(GROUP, "executor", name)(workers)
    return executor


@contextmanager
def open_executor(executor: Executor | None, workers: int | None = None) -> Iterator[Executor]:
    """Yield an executor, by default so many local processes; at the end nothing of it is left."""
    pool = LocalExecutor(workers) if executor is None else executor
    try:
        yield pool
    finally:
        pool.cancel()


_PROCESS_DIED = "ProcessDied"


class _Worker:
    """One process and the pipe to it."""

    def __init__(self) -> None:
        context = get_context("spawn")
        self.pipe, worker_end = context.Pipe()
        self.process: SpawnProcess = context.Process(target=_serve, args=(worker_end,), daemon=True)
        with _hide_main():
            self.process.start()
        worker_end.close()  # so that the pipe ends when the process does
        self.key: int | None = None

    def send(self, key: int, task: Callable[..., object], arguments: tuple[object, ...]) -> None:
        self.key = key
        with suppress(OSError):  # it died while idle; `receive` finds out
            self.pipe.send((key, task, arguments))

    def receive(self) -> JobResult:
        """Return the outcome of the job, once the pipe is ready."""
        assert self.key is not None
        key, self.key = self.key, None
        try:
            result: JobResult = self.pipe.recv()
        except (EOFError, OSError):
            self.close()
            code = self.process.exitcode
            reason = signal.strsignal(-code) if code and code < 0 else f"exit code {code}"
            return JobResult(key, error=f"Its process ended: {reason}.", kind=_PROCESS_DIED)
        return result

    def close(self) -> None:
        self.process.join(SECONDS_TO_STOP)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        self.pipe.close()


@contextmanager
def _hide_main() -> Iterator[None]:
    """Have processes that start inside the block not import this one's main module.

    A spawned process runs the script again, up to its guard: without one it would sweep again
    itself, and of a program from standard input there is no file to run.
    """
    with _main_lock:
        main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")  # without a file or a spec to start from
        try:
            yield
        finally:
            sys.modules["__main__"] = main


_main_lock = threading.Lock()


def _serve(pipe: "Connection[Any, Any]") -> None:
    """Do jobs until the pipe ends; this is the worker's whole life."""
    stopping.ignore_stop_signals()  # they reach all processes: the parent decides
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        with stopping.handle_stop_signals():
            while True:
                key, task, arguments = pipe.recv()
                pipe.send(_run_job(key, task, arguments))
    except (EOFError, OSError, KeyboardInterrupt):
        return


def _end_with_parent() -> None:
    """Leave no orphan, even of a parent that was killed."""
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _run_job(key: int, task: Callable[..., object], arguments: tuple[object, ...]) -> JobResult:
    try:
        return JobResult(key, task(*arguments))
    except EpoqueError as error:
        return JobResult(key, error=str(error), kind=type(error).__name__)
    except Exception as error:
        message = f"{type(error).__name__}: {error}"
        return JobResult(key, error=message, kind=type(error).__name__)
