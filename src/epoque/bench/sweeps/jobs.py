"""Jobs: what an executor runs, what each needs of its machine, and how it ended."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .. import errors
from ..errors import EpoqueError
from ..files.atomic import host_name

__all__ = ["BATCH_SIZE", "Job", "Needs", "Outcome", "raise_error", "run_job"]

BATCH_SIZE = 5
"""Trials proposed together, if nobody says: TPE learns after each batch."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What a training needs of the machine it runs on.

    Attributes:
        cores: how many it keeps busy, at least 1; None for all of its machine.
        gpus: how many it computes on.
        memory: bytes; 0 where that is not known.
    """

    cores: int | None = 1
    gpus: int = 0
    memory: int = 0


@dataclass(frozen=True, slots=True)
class Job:
    """A function and its arguments, to be called in another process or on another machine.

    Attributes:
        key: a number that its outcome bears; no other job under way has it.
        task: a function of a module that the other process can import.
        arguments: values that can be pickled.
        common: those that come before them, the very same tuple in many jobs: it is sent but once
            where that is dear.
        needs: of the machine.
        deadline: seconds that it may take; None for as long as it takes.
        retries: how often it is tried again where it was lost; None leaves it to the executor.
    """

    key: int
    task: Callable[..., object]
    arguments: tuple[Any, ...] = ()
    common: tuple[Any, ...] = ()
    needs: Needs = field(default_factory=Needs)
    deadline: float | None = None
    retries: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a job ended.

    Attributes:
        key: of the job.
        value: what it returned; None if it failed or was lost.
        error: why there is none, in one sentence; "" if there is.
        kind: the class of the error (`DivergenceError`); "" if there was none.
        lost: whether its process or machine went, rather than the job itself failing.
        attempt: which attempt this was, from 1; those before it were lost.
        host: the machine that ran it.
        seconds: how long it ran, this time.
        cause: the exception itself, where the job ran in this process.
    """

    key: int
    value: Any = None
    error: str = ""
    kind: str = ""
    lost: bool = False
    attempt: int = 1
    host: str = field(default="", compare=False)
    seconds: float = field(default=0.0, compare=False)
    cause: Exception | None = field(default=None, compare=False)

    @property
    def is_undecided(self) -> bool:
        """Whether nothing was learnt of the job: it was lost, or its time was over."""
        return self.lost or self.kind == OVERDUE


OVERDUE = "DeadlineExceeded"
"""The kind of outcome of a job that took longer than it may."""


def run_job(job: Job, attempt: int = 1, *, here: bool = False) -> Outcome:
    """Call a job's task, and return how that ended; only a request to stop is passed on.

    Args:
        job: the job.
        attempt: which attempt this is, from 1.
        here: whether who asks is in this process, so that it may have the exception itself.
    """
    began = time.perf_counter()
    value, error = None, ""
    cause: Exception | None = None
    try:
        value = job.task(*job.common, *job.arguments)
    except EpoqueError as exception:
        error, cause = str(exception), exception
    except Exception as exception:  # whatever the code of a stranger raises
        error, cause = f"{type(exception).__name__}: {exception}", exception
    return Outcome(
        job.key, value, error, type(cause).__name__ if cause else "",
        attempt=attempt, host=host_name(), seconds=time.perf_counter() - began,
        cause=cause if here else None,
    )  # fmt: skip


def raise_error(outcome: Outcome) -> None:
    """Raise what a job failed with, as an error of the same class; nothing if it did not.

    Raises:
        EpoqueError: of the outcome's kind, with its sentence.
    """
    if not outcome.error:
        return
    if outcome.cause is not None:
        raise outcome.cause
    kind = getattr(errors, outcome.kind, None)
    kinds = kind.__mro__ if isinstance(kind, type) and issubclass(kind, EpoqueError) else ()
    # Some are made of other arguments than a sentence: of these the class above is raised.
    raise next((k for k in kinds if "__init__" not in vars(k)), EpoqueError)(outcome.error)
