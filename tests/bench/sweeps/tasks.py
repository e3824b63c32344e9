"""Tasks for executors: functions that other processes can import; and one for this process."""

import os
import signal
import time
from collections.abc import Generator, Iterable
from pathlib import Path

from waiting import wait_for

from epoque.bench.errors import DivergenceError, UsageError
from epoque.bench.sweeps.jobs import Job, Outcome, run_job


def power(base: int, exponent: int) -> int:
    return base**exponent


def my_process() -> int:
    return os.getpid()


def fail(kind: str) -> None:
    if kind == "divergence":
        raise DivergenceError("w1", 7)
    if kind == "usage":
        raise UsageError("Not like that.")
    raise KeyError("odd")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_once(path: str) -> str:
    if not Path(path).exists():
        Path(path).touch()
        die()
    return "done"


def die_with_parent_once(path: str) -> str:
    if not Path(path).exists():
        Path(path).touch()
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(10**6)
    return "done"


def meet(folder: str) -> str:
    """Wait until the file `go` is there, and say before that it is waited for."""
    (Path(folder) / f"begun-{os.getpid()}").touch()
    wait_for((Path(folder) / "go").exists, "go")
    return "met"


def sleep(path: str, seconds: float) -> str:
    Path(path).write_text(f"{os.getpid()}\n")
    try:
        time.sleep(seconds)
    except KeyboardInterrupt:
        Path(path).write_text("interrupted")
        raise
    return path


class Here:
    """An executor that calls each job in this process when its outcome is asked for."""

    def run(self, jobs: Iterable[Job]) -> Generator[Outcome, None, None]:
        for job in jobs:
            yield run_job(job, here=True)

    def cancel(self) -> None:
        pass
