"""Tasks for executors: functions that other processes can import; and one for this process."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from epoque.bench.errors import DivergenceError, UsageError
from epoque.bench.sweeps.executor import JobResult


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


def sleep(path: str, seconds: float) -> str:
    Path(path).write_text(f"{os.getpid()}\n")
    try:
        time.sleep(seconds)
    except KeyboardInterrupt:
        Path(path).write_text("interrupted")
        raise
    return path


class Here:
    """An executor that computes each job in this process when it is waited for."""

    def __init__(self) -> None:
        self.jobs: list[tuple[int, Callable[..., Any], tuple[Any, ...]]] = []

    def submit(self, key: int, task: Callable[..., Any], *arguments: Any) -> None:
        self.jobs.append((key, task, arguments))

    def wait(self) -> JobResult:
        key, task, arguments = self.jobs.pop(0)
        return JobResult(key, task(*arguments))

    def cancel(self) -> None:
        self.jobs.clear()
