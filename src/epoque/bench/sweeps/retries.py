"""What executors of processes share: jobs are pulled as they are needed, lost ones tried again."""

from abc import ABC, abstractmethod
from collections.abc import Generator, Iterable
from dataclasses import replace
from itertools import islice

from ..errors import UsageError
from .jobs import Job, Outcome

__all__ = ["AHEAD", "RETRIES", "RetryingExecutor", "check_retries"]

RETRIES = 3
"""How often a job is tried again whose process or machine went."""

AHEAD = 4
"""Jobs pulled for each worker: enough that none waits, few enough that memory does not grow."""


class RetryingExecutor(ABC):
    """Runs jobs by `start` and `wait`, with at most `window` of them under way.

    A job that was lost is started again, `retries` times at most; one that failed never is.
    """

    def __init__(self, window: int, retries: int = RETRIES) -> None:
        """Make an executor.

        Args:
            window: how many jobs are pulled before the first of them has ended, at least 1.
            retries: how often a lost job is tried again.

        Raises:
            UsageError: if `retries` is negative.
        """
        self.window, self.retries = window, check_retries(retries)

    @abstractmethod
    def start(self, job: Job, attempt: int) -> None:
        """Begin an attempt at a job, or queue it."""

    @abstractmethod
    def wait(self) -> Outcome:
        """Wait until an attempt ends, and return how; each is returned once."""

    @abstractmethod
    def cancel(self) -> None:
        """See `Executor.cancel`."""

    def run(self, jobs: Iterable[Job]) -> Generator[Outcome, None, None]:
        """See `Executor.run`."""
        source = iter(jobs)
        under_way: dict[int, tuple[Job, int]] = {}
        try:
            while True:
                for job in islice(source, self.window - len(under_way)):
                    under_way[job.key] = job, 1
                    self.start(job, 1)
                if not under_way:
                    return
                outcome = self.wait()
                job, attempt = under_way.pop(outcome.key)
                retries = self.retries if job.retries is None else job.retries
                if outcome.lost and attempt <= retries:
                    under_way[job.key] = job, attempt + 1
                    self.start(job, attempt + 1)
                    continue
                yield _give_up(outcome) if outcome.lost else outcome
        finally:
            if under_way:
                self.cancel()


def check_retries(retries: int) -> int:
    """Return how often a lost job is tried again.

    Raises:
        UsageError: if it is negative.
    """
    if retries < 0:
        raise UsageError(f"retries: {retries} is not allowed; it takes a whole number, 0 for none.")
    return retries


def _give_up(outcome: Outcome) -> Outcome:
    if outcome.attempt == 1:
        return outcome
    return replace(outcome, error=f"Given up after {outcome.attempt} attempts. {outcome.error}")
