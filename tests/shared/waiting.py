"""Waiting for what happens, however busy the machine is."""

import time
from collections.abc import Callable

import psutil

__all__ = ["PATIENCE", "ended", "wait_for"]

PATIENCE = 1800.0
"""Seconds after which what a test waits for is taken to hang: ten times what the slowest takes on
a machine with four other busy processes a core. Nothing waits so long that does not hang."""


def wait_for(condition: Callable[[], object], what: str = "it") -> None:
    """Return as soon as a condition holds."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, f"{what} did not happen"
        time.sleep(0.005)


def ended(pid: int) -> bool:
    """Return whether a process has ended; it may not have been asked how (a zombie)."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
