"""Waiting for what happens, however busy the machine is."""

import os
import time
from collections.abc import Callable

import psutil

__all__ = ["HANGING", "PATIENCE", "ended", "wait_for"]

PATIENCE = 300.0 * float(os.environ.get("EPOQUE_TEST_PATIENCE", "1"))
"""Seconds after which what a test waits for is taken to hang: many times what the slowest takes in
a whole run of the suite. On a machine with much else to do the variable says how many times more.
"""
HANGING = 3 * PATIENCE
"""Seconds after which a test, or what it needs, is taken to hang itself and is ended."""
LONGEST_PAUSE = 0.05


def wait_for(condition: Callable[[], object], what: str = "it") -> None:
    """Return as soon as a condition holds.

    It is asked again more and more rarely: a page that is asked all the time does little else.
    """
    end = time.monotonic() + PATIENCE
    pause = 0.005
    while not condition():
        assert time.monotonic() < end, f"{what} did not happen"
        time.sleep(pause)
        pause = min(1.5 * pause, LONGEST_PAUSE)


def ended(pid: int) -> bool:
    """Return whether a process has ended; it may not have been asked how (a zombie)."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
