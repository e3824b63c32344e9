"""Work that others' templates ask for: in a process of its own, with limits of memory and time.

A template may compute for ever, fill the memory or break Python itself. So a reader's book is made
by a child that is ended when it is silent for too long; what went wrong comes back as one sentence.
"""

import multiprocessing
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

with suppress(ImportError):  # not on Windows, which has no /proc either
    import resource

from epoque.bench.errors import EpoqueError, UsageError
from epoque.bench.limits import MAX_BOOK_BYTES, MAX_BOOK_SILENCE, MAX_TEMPLATE_SECONDS
from epoque.bench.progress import Progress

__all__ = ["MemoryLimit", "TimeLimit", "run_in_child"]

_STATM = Path("/proc/self/statm")

HEARTBEAT = 2.0  # seconds between two signs of life
REMINDER = 0.1  # seconds of computing between two signals that the time is up


class OutOfTimeError(BaseException):
    """The template computed for too long; no `except Exception` on the way may keep it."""


class TimeLimit:
    """The seconds of computing that a template has for itself.

    The clock is the processor's, and stands still inside the functions that read and draw runs. It
    needs signals: without them (on Windows, or beside the main thread) only the child's own limits
    hold.
    """

    def __init__(self, seconds: float = MAX_TEMPLATE_SECONDS) -> None:
        self._seconds = seconds
        main = threading.current_thread() is threading.main_thread()
        self._has_clock = main and hasattr(signal, "setitimer")

    @contextmanager
    def apply(self) -> Iterator[None]:
        """Count what is computed inside.

        Raises:
            UsageError: when it is too much.
        """
        if not self._has_clock:
            yield
            return
        before = signal.signal(signal.SIGPROF, _raise_out_of_time)
        try:
            try:
                self._start_clock(self._seconds)
                yield
            finally:
                self._stop_clock()
        except OutOfTimeError:
            self._stop_clock()  # once more: the signal may have come while it was being stopped
            raise UsageError(_describe_out_of_time(self._seconds)) from None
        finally:
            signal.signal(signal.SIGPROF, before)

    def exempt(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function during which the clock stands still."""
        if not self._has_clock:
            return function

        @wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            left = self._stop_clock()
            try:
                return function(*args, **kwargs)
            finally:
                if left:
                    self._start_clock(left)

        return wrapper

    @staticmethod
    def _start_clock(seconds: float) -> None:
        # Again and again: Python drops what is raised in a callback (of the garbage collector, in
        # a __del__), so the first signal may be lost.
        signal.setitimer(signal.ITIMER_PROF, seconds, REMINDER)

    @staticmethod
    def _stop_clock() -> float:
        """Return the seconds that were left."""
        left, _ = signal.setitimer(signal.ITIMER_PROF, 0)
        return left


def _describe_out_of_time(seconds: float) -> str:
    limit = f"it computes for more than {seconds:g} seconds; are there loops in loops"
    return f"{limit}, or very long texts?"


def _raise_out_of_time(_number: int, _frame: Any) -> None:
    raise OutOfTimeError


class MemoryLimit:
    """How much more memory this process may take than it has, where the system can tell.

    Inside the functions that read runs there is no limit: the libraries that they load take a
    gigabyte for their threads alone.
    """

    def __init__(self, most: int = MAX_BOOK_BYTES) -> None:
        self._most = most
        self._usual: tuple[int, int] | None = None

    @contextmanager
    def apply(self) -> Iterator[None]:
        """Limit what is taken inside."""
        if not _STATM.is_file():
            yield
            return
        self._usual = resource.getrlimit(resource.RLIMIT_DATA)
        self._hold()
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_DATA, self._usual)
            self._usual = None

    def exempt(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function during which there is no limit."""

        @wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            if self._usual is None:
                return function(*args, **kwargs)
            resource.setrlimit(resource.RLIMIT_DATA, self._usual)
            try:
                return function(*args, **kwargs)
            finally:
                self._hold()

        return wrapper

    def _hold(self) -> None:
        assert self._usual is not None
        # Data, not addresses: libraries reserve gigabytes of these and use little.
        limit = int(_STATM.read_text().split()[5]) * resource.getpagesize() + self._most
        soft, hard = self._usual
        lower = limit if soft == resource.RLIM_INFINITY else min(limit, soft)
        resource.setrlimit(resource.RLIMIT_DATA, (lower, hard))


def run_in_child(work: Callable[..., Any], *args: Any, progress: Progress, silence: float) -> Any:
    """Return what `work(*args, progress=…)` returns in a process of its own.

    Args:
        work: a function of a module; what it takes and returns can be pickled.
        args: its arguments.
        progress: receives here what its own receives there.
        silence: seconds without a sign of life after which it is ended.

    Raises:
        EpoqueError: what it raised.
        UsageError: if it was ended, or ended without a word.
    """
    context: Any = multiprocessing.get_context("fork" if _can_fork() else "spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(sender, work, args), daemon=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of threads, such as NumPy's idle ones
        process.start()
    sender.close()
    try:
        return _outcome(receiver, process, progress, silence)
    finally:
        process.kill()
        process.join()
        receiver.close()


def _can_fork() -> bool:
    """Return whether a fork is safe: JAX and running threads may hold locks for ever in it."""
    alone = threading.active_count() == 1 and "jax" not in sys.modules
    return sys.platform == "linux" and alone


def _outcome(receiver: Connection, process: Any, progress: Progress, silence: float) -> Any:
    while receiver.poll(silence):
        try:
            kind, content = receiver.recv()
        except EOFError:
            process.join()
            raise UsageError(f"the process that makes it was ended ({_end(process)}).") from None
        if kind == "progress":
            progress(*content)
        elif kind == "done":
            return content
        elif kind == "error":
            raise _rebuild_error(*content)
    raise UsageError(f"it made no progress for {silence:g} seconds, and was stopped.")


def _end(process: Any) -> str:
    code = process.exitcode or 0
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def _rebuild_error(kind: type[EpoqueError], message: str) -> EpoqueError:
    """Return an error as the child raised it, whatever arguments its class takes."""
    error = kind.__new__(kind)
    error.args = (message,)
    return error


def _child(sender: Connection, work: Callable[..., Any], args: tuple[Any, ...]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears it too, and ends this one
    lock = threading.Lock()

    def send(kind: str, content: Any) -> None:
        with lock:
            sender.send((kind, content))

    threading.Thread(target=_beat, args=(send,), daemon=True).start()
    try:
        result = work(*args, progress=lambda *content: send("progress", content))
    except EpoqueError as error:
        send("error", (type(error), str(error)))
    except MemoryError:
        send("error", (UsageError, f"it needs more memory than {MAX_BOOK_BYTES:,} bytes."))
    except RecursionError:
        send("error", (UsageError, "it is nested too deeply."))
    except OutOfTimeError:  # the signal came again while what was computed was being given up
        send("error", (UsageError, _describe_out_of_time(MAX_TEMPLATE_SECONDS)))
    else:
        send("done", result)


def _beat(send: Callable[[str, Any], None]) -> None:
    """Give signs of life, as long as anybody listens."""
    pause = threading.Event()
    with suppress(MemoryError):
        while not pause.wait(HEARTBEAT):
            try:
                send("alive", None)
            except OSError:
                os._exit(1)


assert HEARTBEAT < MAX_BOOK_SILENCE
