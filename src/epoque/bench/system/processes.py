"""This process: the cores it may use, and its place among those that train one model together.

`torchrun` or `accelerate launch` start those, each with the same command line. The first one
records the run; the others take part in the training and leave no trace.
"""

import os

__all__ = ["count_cores", "let_waiting_threads_sleep", "rank", "world_size"]


def rank() -> int:
    """Return the number of this process among those started together, from 0 (RANK)."""
    return _read_variable("RANK", 0)


def world_size() -> int:
    """Return how many processes were started together, 1 if this one is alone (WORLD_SIZE)."""
    return max(1, _read_variable("WORLD_SIZE", 1))


def count_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def let_waiting_threads_sleep() -> None:
    """Let threads that wait for one another sleep, unless OMP_WAIT_POLICY says otherwise.

    Beside other work, those that spin make a step of a small network take ten times as long and
    more. It must be called before PyTorch is imported.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def _read_variable(name: str, default: int) -> int:
    text = os.environ.get(name, "")
    return int(text) if text.isdecimal() else default
