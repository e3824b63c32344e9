"""How the points of a study are measured: by what, how many at once, and what of it is kept."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, get_args

from ..errors import UsageError, did_you_mean
from ..lab import C, Lab
from ..plugins import LABS, plugin_package
from ..progress import Notify
from .executor import (
    Executor,
    LocalExecutor,
    ThreadExecutor,
    check_workers,
    choose_executor,
    open_executor,
)
from .retries import RETRIES, check_retries
from .run_points import Keep

__all__ = ["KEPT", "Execution"]

KEPT = 10_000
"""Points up to which a study keeps all their runs by default: beyond, nobody looks at each."""


@dataclass(frozen=True, slots=True)
class Execution:
    """How the points of a study are measured; their numbers do not hang on it.

    Attributes:
        executor: what measures them; None for this machine: threads for what one compiled program
            measures, else processes.
        workers: how many at once, on this machine; None for one a core.
        retries: how often what was lost with its process is tried again, on this machine.
        deadline: seconds that a point may take that is a run of its own; None for as long as it
            takes.
        keep: which runs of their own stay in the folder; None for what the study says, or all of up
            to `KEPT` points, else those that failed.
    """

    executor: Executor | None = None
    workers: int | None = None
    retries: int = RETRIES
    deadline: float | None = None
    keep: Keep | None = None

    def __post_init__(self) -> None:
        check_workers(self.workers)
        check_retries(self.retries)
        if self.deadline is not None and not self.deadline > 0:
            raise UsageError(
                f"deadline: {self.deadline:g} is not allowed; it takes seconds, more than 0."
            )
        if self.keep is not None and self.keep not in get_args(Keep):
            raise UsageError(
                f"keep_runs: {self.keep} is not allowed; it takes {', '.join(get_args(Keep)[:-1])} "
                f"or {get_args(Keep)[-1]}.{did_you_mean(self.keep, get_args(Keep))}"
            )

    @classmethod
    def choose(
        cls,
        on: "str | Executor | None" = None,
        workers: int | None = None,
        retries: int | None = None,
        deadline: float | None = None,
        keep: Any = None,
        *,
        notify: Notify | None = None,
    ) -> "Execution":
        """Return how points are measured, from what a user asked for.

        Args:
            on: an executor, or its name; by default the variable EPOQUE_ON, or this machine.
            workers: see `Execution`, as the next three; 0 is as None, on this machine.
            retries: likewise; None for the usual.
            deadline: likewise.
            keep: likewise.
            notify: receives what happens to the machines of an executor, line by line.

        Raises:
            UsageError: if one of them is wrong.
            UnknownNameError: if there is no such executor, with the nearest names.
            MissingExtraError: if the extra that it needs is not installed.
        """
        often = RETRIES if retries is None else retries
        cls(None, workers or None, often, deadline, keep)  # looks at each before anything is begun
        executor = choose_executor(on, workers, often, notify)
        return cls(executor, workers or None, often, deadline, keep)

    def check(self, lab: Lab[C], base: C) -> None:
        """Refuse a study that the executor cannot measure, before anything is written.

        Args:
            lab: the lab.
            base: the config that every point starts from.

        Raises:
            UsageError: if it cannot.
        """
        check = getattr(self.executor, "check", None)
        if check is not None:
            package = plugin_package(LABS, "lab", lab.name)
            check(lab.needs(base), (package,) if package else ())

    @contextmanager
    def hold(self) -> Iterator[None]:
        """End an executor that was given, at the end: until then it may be asked again."""
        with open_executor(self.executor) if self.executor is not None else nullcontext():
            yield

    @contextmanager
    def hold_open(self, *, compiled: bool) -> Iterator[Executor]:
        """Yield what measures points (see `open`), inside `hold`.

        Args:
            compiled: whether a job is a part of a compiled sweep.
        """
        executor = self.open(compiled=compiled)
        try:
            yield executor
        finally:
            if executor is not self.executor:
                executor.cancel()

    def open(self, *, compiled: bool) -> Executor:
        """Return what measures points.

        Args:
            compiled: whether a job is a part of a compiled sweep.
        """
        if self.executor is not None:
            return self.executor
        if compiled:
            return ThreadExecutor(self.workers)
        return LocalExecutor(self.workers, self.retries)

    def keep_runs(self, metadata: Mapping[str, Any], points: int) -> Keep:
        """Return which runs stay.

        Args:
            metadata: of the study.
            points: how many it has.
        """
        keep: Keep = (
            self.keep or metadata.get("keep_runs") or ("all" if points <= KEPT else "failed")
        )
        return keep
