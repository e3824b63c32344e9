"""How the points of a study are measured: by what, how many at once, and what of it is kept."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, get_args

from ..errors import DamagedRunError, UsageError, did_you_mean
from ..lab import C, Lab, lab_of
from ..limits import MAX_TRACKED_POINTS
from ..plugins import LABS, plugin_package
from ..progress import Notify
from ..sinks import StudySinkFactory
from ..sinks.registry import make_study_sinks
from .data_files import find_files, plan_copies
from .executor import (
    Executor,
    LocalExecutor,
    ThreadExecutor,
    check_workers,
    choose_executor,
    open_executor,
)
from .grid import Axis
from .retries import RETRIES, check_retries
from .run_points import Keep
from .study import Study

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
        ship: whether files that settings name are copied into the folder, for other machines.
        tells_host: whether each row of the table says which machine measured it.
        sinks: what is told of each point besides.
    """

    executor: Executor | None = None
    workers: int | None = None
    retries: int = RETRIES
    deadline: float | None = None
    keep: Keep | None = None
    ship: bool = False
    tells_host: bool = False
    sinks: Sequence[StudySinkFactory] = ()

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
        ship: bool = False,
        tells_host: bool = False,
        sinks: Sequence[str | StudySinkFactory] = (),
        notify: Notify | None = None,
    ) -> "Execution":
        """Return how points are measured, from what a user asked for.

        Args:
            on: an executor, or its name; by default the variable EPOQUE_ON, or this machine.
            workers: see `Execution`, as the next three; 0 is as None, on this machine.
            retries: likewise; None for the usual.
            deadline: likewise.
            keep: likewise.
            ship: see `Execution`, as the next two.
            tells_host: likewise.
            sinks: likewise, or their names ("tensorboard").
            notify: receives what happens to the machines of an executor, line by line.

        Raises:
            UsageError: if one of them is wrong.
            UnknownNameError: if there is no such executor or sink, with the nearest names.
            MissingExtraError: if the extra that it needs is not installed.
        """
        often = RETRIES if retries is None else retries
        cls(None, workers or None, often, deadline, keep)  # looks at each before anything is begun
        told = make_study_sinks(sinks)
        executor = choose_executor(on, workers, often, notify)
        return cls(
            executor, workers or None, often, deadline, keep, ship=ship, tells_host=tells_host,
            sinks=told,
        )  # fmt: skip

    def metadata(self, base: C, axes: Sequence[Axis]) -> dict[str, Any]:
        """Return what a study's JSON file says of it: what its table and folder hang on.

        Args:
            base: the config that every point starts from.
            axes: the fields and their values.

        Raises:
            UsageError: if a file cannot be copied that is to be.
        """
        said: dict[str, Any] = {}
        if self.keep is not None:
            said["keep_runs"] = self.keep
        if self.ship:
            said["shipped"] = plan_copies(find_files(base, axes))
        if self.tells_host:
            said["host_column"] = True
        return said

    def check(
        self,
        lab: Lab[C],
        base: C,
        axes: Sequence[Axis],
        points: int,
    ) -> None:
        """Refuse a study that the executor cannot measure, before anything is written.

        Args:
            lab: the lab.
            base: the config that every point starts from.
            axes: the fields and their values.
            points: how many are measured.

        Raises:
            UsageError: if it cannot.
        """
        if self.sinks and points > MAX_TRACKED_POINTS:
            raise UsageError(
                f"log: {points:,} points are more than the {MAX_TRACKED_POINTS:,} that a tracker "
                "is told of; the table of the sweep has all."
            )
        check = getattr(self.executor, "check", None)
        if check is not None:
            package = plugin_package(LABS, "lab", lab.name)
            check(lab.needs(base), (package,) if package else ())

    def check_again(self, study: Study[C], count: Callable[[], int]) -> None:
        """Refuse to go on with a study that the executor cannot measure (see `check`).

        Args:
            study: the sweep or search.
            count: returns how many points it has.

        Raises:
            UsageError: if it cannot.
        """
        if self.executor is None and not self.sinks:
            return
        try:
            base, axes, points = study.config, study.parsed_axes, count()
        except DamagedRunError:
            return  # `lock_study` restores its JSON file, or says what is wrong with it
        self.check(lab_of(study), base, axes, points)

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
