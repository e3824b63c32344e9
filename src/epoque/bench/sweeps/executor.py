"""Running jobs side by side, on this machine or on many.

An executor has two methods, `run` and `cancel`. `LocalExecutor` keeps worker processes on this
machine, `ThreadExecutor` uses threads of this process, for compiled programs; another kind (a
cluster) is one more class with the same two. A package brings one by an entry point of the group
`epoque.executors`; of these it is called with those that it takes: `workers`, how many jobs are
wanted side by side (None: as it sees fit), `retries`, `address`, a text that the user typed, and
`notify`, which receives what the user should read. It may have a third method, `check(needs,
packages)`: it raises a `UsageError` for what it cannot run, before a study's folder is made.
"""

import inspect
import os
import re
import signal
import time
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from itertools import islice
from multiprocessing import connection
from multiprocessing.connection import Connection
from typing import Any, Protocol

from .. import stopping
from ..errors import UsageError
from ..files.atomic import host_name
from ..plugins import load_plugin, plugin_names
from ..progress import Notify
from ..system.child_process import end_with_parent, start_child
from ..system.processes import count_cores
from .jobs import OVERDUE, Job, Outcome, run_job
from .retries import AHEAD, RETRIES, RetryingExecutor

__all__ = [
    "LOCAL",
    "Executor",
    "LocalExecutor",
    "ThreadExecutor",
    "choose_executor",
    "make_executor",
    "open_executor",
]

GROUP = "epoque.executors"
"""The group of the entry points by which packages bring executors."""

LOCAL = "local"
"""The executor of this machine: processes, and threads for what one compiled program measures."""

ADDRESSED = "ray"
"""The executor that is meant where the user typed an address, `HOST:PORT`, and no name."""

SECONDS_TO_STOP = 2 * stopping.SECONDS  # a run saves its checkpoint before


class Executor(Protocol):
    """What runs jobs side by side; jobs that fail do not touch the others."""

    def run(self, jobs: Iterable[Job]) -> Generator[Outcome, None, None]:
        """Run jobs, and yield how each ended, in whichever order they do.

        Jobs are pulled as they are needed: only a few more than run side by side are made before
        the first has ended. A job whose process or machine went is tried again some times; one
        that failed is not. An iteration that is given up in the middle cancels what is left.

        Args:
            jobs: any number; their tasks are functions that other processes can import.
        """

    def cancel(self) -> None:
        """Drop the jobs that wait, interrupt those that run, and leave no process behind."""


class LocalExecutor(RetryingExecutor):
    """Worker processes on this machine, each with one job at a time.

    A worker lives until `cancel` (its imports are paid once) and ends by itself if this process
    dies. A worker that dies, for instance for want of memory, costs its own job only, which
    another tries again. A job that needs several cores takes the place of as many workers.

    The processes are spawned and do not import the program that runs here, so a script needs no
    `if __name__ == "__main__":`; the functions that it runs are those of modules.
    """

    def __init__(self, workers: int | None = None, retries: int = RETRIES) -> None:
        """Make an executor; its processes start with the first jobs.

        Args:
            workers: how many processes; by default one for each core this process may use.
            retries: how often a job is tried again whose process died.

        Raises:
            UsageError: if that is no number of processes or of retries.
        """
        self._limit = check_workers(workers) or count_cores()
        super().__init__(AHEAD * self._limit, retries)
        self._queue: deque[tuple[Job, int]] = deque()
        self._workers: list[_Worker] = []

    def start(self, job: Job, attempt: int) -> None:
        """Queue a job (see `RetryingExecutor.start`)."""
        self._queue.append((job, attempt))
        self._assign_jobs()

    def wait(self) -> Outcome:
        """Wait until a job ends, or has taken too long (see `RetryingExecutor.wait`)."""
        while True:
            busy = {worker.pipe: worker for worker in self._workers if worker.job is not None}
            assert busy, "nothing was started"
            left = min(worker.seconds_left() for worker in busy.values())
            ready = connection.wait(list(busy), None if left == float("inf") else max(left, 0))
            late = [worker for worker in busy.values() if worker.seconds_left() <= 0]
            if ready:
                worker = busy[ready[0]]  # type: ignore[index]
                received = worker.receive()
                if received is None:
                    continue
                if (outcome := received).lost:
                    self._workers.remove(worker)
            elif late:
                outcome = late[0].stop()
                self._workers.remove(late[0])
            else:
                continue
            self._assign_jobs()
            return outcome

    def cancel(self) -> None:
        """Stop everything (see `Executor.cancel`); new jobs may be run afterwards."""
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
        while self._queue and self._has_room(self._queue[0][0]):
            idle = [worker for worker in self._workers if worker.job is None]
            if not idle:
                idle = [_Worker()]
                self._workers += idle
            idle[0].send(*self._queue.popleft())

    def _has_room(self, job: Job) -> bool:
        running = [worker.job for worker in self._workers if worker.job is not None]
        return sum(map(self._places, running)) + self._places(job) <= self._limit

    def _places(self, job: Job) -> int:
        """Return how many workers' places a job takes: one for each core, and never too many."""
        return min(job.needs.cores or self._limit, self._limit)


class ThreadExecutor:
    """Threads of this process, for jobs that spend their time in compiled programs.

    A compiled loop runs in the thread that calls it, so each core needs a thread of its own. The
    first job goes alone: it compiles the program that the others then share. Outcomes come in the
    order of the jobs. A thread cannot be ended from outside: deadlines are not kept.
    """

    def __init__(self, workers: int | None = None) -> None:
        """Make an executor.

        Args:
            workers: how many threads; by default one for each core this process may use.

        Raises:
            UsageError: if that is no number of threads.
        """
        self._limit = check_workers(workers) or count_cores()
        self.window = AHEAD * self._limit

    def run(self, jobs: Iterable[Job]) -> Generator[Outcome, None, None]:
        """See `Executor.run`."""
        source = iter(jobs)
        for first in islice(source, 1):
            yield run_job(first, here=True)
        with ThreadPoolExecutor(self._limit) as pool:
            futures: deque[Future[Outcome]] = deque()
            try:
                while True:
                    for job in islice(source, self.window - len(futures)):
                        futures.append(pool.submit(run_job, job, here=True))
                    if not futures:
                        return
                    yield futures.popleft().result()
            finally:
                pool.shutdown(cancel_futures=True)

    def cancel(self) -> None:
        """Do nothing: an iteration that is given up has dropped its jobs."""


def check_workers(workers: int | None) -> int | None:
    """Return how many jobs shall run side by side.

    Raises:
        UsageError: if that is no such number.
    """
    if workers is not None and workers < 1:
        raise UsageError(f"workers: {workers} is not allowed; it takes a whole number at least 1.")
    return workers


def make_executor(
    on: str, workers: int | None = None, retries: int = RETRIES, notify: Notify | None = None
) -> Executor:
    """Return an executor by what the user typed.

    Args:
        on: the name of an entry point of the group `epoque.executors`, for instance "local", an
            address, or both as `NAME:ADDRESS`.
        workers: how many jobs it runs side by side; None for as many as it sees fit.
        retries: how often it tries a job again whose process or machine went.
        notify: receives what happens to its machines, line by line.

    Raises:
        UnknownNameError: if there is none of that name, with the nearest names.
        MissingExtraError: if the extra that it needs is not installed.
        UsageError: if it takes no address, or not so many workers.
    """
    name, colon, address = on.strip().partition(":")
    if colon and name not in plugin_names(GROUP) and _ADDRESS.fullmatch(on.strip()):
        name, address = ADDRESSED, on.strip()
    elif name not in plugin_names(GROUP):
        name = on.strip()
    make = load_plugin(GROUP, "executor", name)
    options: dict[str, Any] = {
        "workers": check_workers(workers),
        "retries": retries,
        "notify": notify,
    }
    taken = inspect.signature(make).parameters
    if colon:
        if "address" not in taken:
            raise UsageError(f"on: {on} is not allowed; {name} takes no address.")
        options["address"] = address
    executor: Executor = make(**{n: value for n, value in options.items() if n in taken})
    return executor


_ADDRESS = re.compile(r"[^/]+:[0-9]+")


def choose_executor(
    on: "str | Executor | None",
    workers: int | None,
    retries: int = RETRIES,
    notify: Notify | None = None,
) -> Executor | None:
    """Return what runs the points of a study; None for this machine, as it suits the study.

    Args:
        on: an executor, or what the user typed; by default the variable EPOQUE_ON, or "local".
        workers: see `make_executor`, as the next two.
        retries: likewise.
        notify: likewise.

    Raises:
        UsageError: see `make_executor`.
    """
    if on is not None and not isinstance(on, str):
        return on
    text = (on or os.environ.get("EPOQUE_ON") or LOCAL).strip()
    if text == LOCAL:
        return None
    return make_executor(text, workers, retries, notify)


@contextmanager
def open_executor(executor: Executor) -> Iterator[Executor]:
    """Yield an executor; at the end nothing of it is left."""
    try:
        yield executor
    finally:
        executor.cancel()


class _Worker:
    """One process and the pipe to it."""

    def __init__(self) -> None:
        self.process, self.pipe = start_child(_serve)
        self.job: Job | None = None
        self._attempt, self._began, self._is_ready = 1, 0.0, False

    def send(self, job: Job, attempt: int) -> None:
        self.job, self._attempt, self._began = job, attempt, time.monotonic()
        with suppress(OSError):  # it died while idle; `receive` finds out
            self.pipe.send((job, attempt))

    def seconds_left(self) -> float:
        """Return how long the job may still take; infinity if nobody said, or it has not begun."""
        if self.job is None or self.job.deadline is None or not self._is_ready:
            return float("inf")
        return self._began + self.job.deadline - time.monotonic()

    def receive(self) -> Outcome | None:
        """Return the outcome of the job, once the pipe is ready; None if it only begins now."""
        try:
            outcome: Outcome | None = self.pipe.recv()
        except (EOFError, OSError):
            self.close()
            code = self.process.exitcode
            reason = signal.strsignal(-code) if code and code < 0 else f"exit code {code}"
            return self._end(f"Its process ended: {reason}.", "ProcessDied", lost=True)
        if outcome is None:
            self._is_ready, self._began = True, time.monotonic()
        else:
            self.job = None
        return outcome

    def stop(self) -> Outcome:
        """End a job whose time is over, with its process; a run saves its checkpoint before."""
        assert self.job is not None
        self.process.terminate()
        self.close()
        return self._end(f"It took longer than its deadline of {self.job.deadline:g} s.", OVERDUE)

    def _end(self, error: str, kind: str, *, lost: bool = False) -> Outcome:
        assert self.job is not None
        seconds, key, self.job = time.monotonic() - self._began, self.job.key, None
        return Outcome(
            key, None, error, kind, lost, self._attempt, host=host_name(), seconds=seconds
        )

    def close(self) -> None:
        self.process.join(SECONDS_TO_STOP)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        self.pipe.close()


def _serve(pipe: "Connection[Any, Any]") -> None:
    """Do jobs until the pipe ends; this is the worker's whole life."""
    stopping.ignore_stop_signals()  # they reach all processes: the parent decides
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    end_with_parent()
    try:
        with stopping.handle_stop_signals():
            pipe.send(None)  # the start of the process is not the first job's time
            while True:
                job, attempt = pipe.recv()
                pipe.send(run_job(job, attempt))
    except (EOFError, OSError, KeyboardInterrupt):
        return
