"""Tasks for executors: functions that other processes can import."""

import os
import signal
import time
from pathlib import Path

from epoque.bench.errors import DivergenceError, UsageError


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
