"""Stopping at a good moment: a signal asks, and who trains saves a checkpoint and ends.

SIGINT (Ctrl-C), SIGTERM (a job's end, `kill`) and SIGHUP (a closed terminal) end a training after
the step it is in. A lab takes part with two lines where its checkpoints are due:

```
if due or stopping.is_stop_requested():
    yield Checkpoint(step, arrays, state, scheduled=due)
    stopping.raise_if_stop_requested()
```

A second signal stops at once, and so does the first where no step ends within `SECONDS`, or where
nothing is trained.
"""

import _thread
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

__all__ = [
    "SECONDS",
    "Interrupt",
    "defer_stop",
    "handle_stop_signals",
    "ignore_stop_signals",
    "is_stop_requested",
    "raise_if_stop_requested",
    "request_stop",
]

SECONDS = 5.0
"""How long a step and its checkpoint may take: a launcher's patience ends soon (ten seconds of
`docker stop`, thirty of torchrun and SLURM), and a person's sooner."""

SECONDS_OF_ONE = 0.3
"""Within these a signal counts but once: a job's manager tells all its processes, and a launcher
among them passes on to the others what it was told."""

SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)
"""What asks to stop; Windows has no SIGHUP."""


class Interrupt(KeyboardInterrupt):
    """A signal asked to stop.

    Attributes:
        signal: which one.
        run: the folder of the run that was trained, which can be resumed; None if there was none.
    """

    def __init__(self, number: int = signal.SIGTERM) -> None:
        self.signal = signal.Signals(number)
        self.run: Path | None = None
        name = self.signal.name
        super().__init__(f"stopped by {'Ctrl-C (SIGINT)' if name == 'SIGINT' else name}")


class _Request:
    """What one training is asked."""

    def __init__(self) -> None:
        self.signal: signal.Signals | None = None
        self.when = 0.0
        self.answered = False

    def insist(self) -> None:
        """Ask again when the time is over; runs in a thread of its own."""
        time.sleep(SECONDS)
        if not self.answered and self.signal is not None:
            self.when = -SECONDS_OF_ONE
            _thread.interrupt_main(self.signal)


_trained: list[_Request] = []
"""The request of the training that goes on, the innermost last; empty if nothing is trained."""

_here = threading.local()
"""What was asked in this thread alone."""


def is_stop_requested() -> bool:
    """Whether a signal, or `request_stop`, asked the training that goes on to stop."""
    is_signalled = bool(_trained) and _trained[-1].signal is not None
    return is_signalled or getattr(_here, "is_stop_requested", False)


def raise_if_stop_requested() -> None:
    """End the training if that was asked for; to be called once its checkpoint is saved.

    Raises:
        Interrupt: if a signal asked.
    """
    if _trained and (number := _trained[-1].signal) is not None:
        raise Interrupt(number)


@contextmanager
def handle_stop_signals() -> Iterator[None]:
    """Let the signals stop what runs inside, and restore afterwards what they did before.

    A signal that is ignored (under `nohup`, or in the background of a script) stays ignored; in
    another thread than the main one, which alone may set handlers, nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}
    numbers = [number for number in SIGNALS if before[number] not in (signal.SIG_IGN, None)]
    for number in numbers:
        signal.signal(number, _hear)
    try:
        yield
    finally:
        for number in numbers:
            signal.signal(number, before[number])


@contextmanager
def defer_stop() -> Iterator[None]:
    """Let the first signal only ask: what is trained inside ends at its next checkpoint.

    Raises:
        Interrupt: at the end, if a signal asked and nothing answered it.
    """
    request = _Request()
    with handle_stop_signals():
        _trained.append(request)
        try:
            yield
            raise_if_stop_requested()
        finally:
            request.answered = True
            _trained.remove(request)


@contextmanager
def request_stop() -> Iterator[None]:
    """Have what this thread pulls inside be asked to stop, so that it saves a checkpoint.

    A training that yields that checkpoint and is not pulled again inside goes on afterwards.
    """
    _here.is_stop_requested = True
    try:
        yield
    finally:
        _here.is_stop_requested = False


def ignore_stop_signals() -> None:
    """Ignore further signals: what is left is to say how it ended."""
    if threading.current_thread() is threading.main_thread():
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)


def _hear(number: int, _frame: FrameType | None) -> None:
    request = _trained[-1] if _trained else None
    if request is None:
        raise Interrupt(number)
    if request.signal is not None:
        if time.monotonic() - request.when < SECONDS_OF_ONE:
            return
        raise Interrupt(number)
    request.signal, request.when = signal.Signals(number), time.monotonic()
    # Not threading's: its locks may be held by the very code that the signal interrupted.
    _thread.start_new_thread(request.insist, ())
