"""How many threads PyTorch computes with: the last digits depend on it, so it is part of a run.

A sum that several threads share is rounded otherwise than one that a thread computes alone. A run
therefore keeps the number that it began with, and tells it in environment.json.
"""

from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager, suppress

import torch

from ..config import MAX_THREADS
from ..errors import DamagedRunError
from ..events import Event
from ..runs.run import Run
from ..system.processes import count_cores

__all__ = [
    "choose_thread_count",
    "describe_oversubscription",
    "limit_blas_to_one_thread",
    "limit_threads",
    "read_thread_count",
    "run_with_threads",
    "saved_thread_count",
]

FEW = 2e10
"""Operations of a step that one thread does alone.

Two threads save it half of a tenth of a second. Where other work keeps the cores busy they wait for
one another after every small product: a step was measured to take 16 times as long.
"""
_FIRST = torch.get_num_threads()
"""What PyTorch takes by itself: OMP_NUM_THREADS, or as many as there are cores."""


def saved_thread_count(state: Mapping[str, object]) -> int | None:
    """Return the number of threads that a checkpoint's state tells, or None."""
    count = state.get("threads")
    return count if isinstance(count, int) and 1 <= count <= MAX_THREADS else None


def read_thread_count(run: Run) -> int | None:
    """Return the number of threads that a run's environment.json tells, None if it does not."""
    with suppress(DamagedRunError):
        return saved_thread_count(run.environment)
    return None


def choose_thread_count(count: int | None, operations: float) -> int:
    """Return how many threads a training takes that may choose.

    Args:
        count: as the config asks for; None leaves it open.
        operations: of a step, about. A small step takes one thread, another one as many as this
            process may use.
    """
    if count is not None:
        return count
    return 1 if operations < FEW else max(1, min(_FIRST, count_cores()))


@contextmanager
def limit_threads(count: int) -> Iterator[None]:
    """Compute with so many threads; what was before comes back afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def run_with_threads(count: int, events: Generator[Event, None, None]) -> Iterator[Event]:
    """Yield the events of a training that computes with so many threads.

    Between two events the number is what it was: whoever pulls two trainings in turn gets the
    numbers of each.
    """
    with closing(events):
        while True:
            with limit_threads(count):
                try:
                    event = next(events)
                except StopIteration:
                    return
            yield event


def describe_oversubscription(count: int) -> str | None:
    """Return what a user should know of the threads of a run, None if there is nothing."""
    cores = count_cores()
    if count <= cores:
        return None
    return (
        f"This run computes with {count} threads, so that it stays the same to the last byte, and "
        f"this process may use {cores} core{'s' if cores > 1 else ''}: it will be slow."
    )


@contextmanager
def limit_blas_to_one_thread() -> Iterator[None]:
    """Let NumPy and SciPy compute matrices with one thread: their numbers then do not depend on it.

    Without threadpoolctl, which the extra of a lab that needs this brings, nothing changes.
    """
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        yield
        return
    with threadpool_limits(1, user_api="blas"):
        yield
