"""The processes that `torchrun` or `accelerate launch` start together to train one model.

Each of them runs the same command line. The first one records the run; the others take part in the
training and leave no trace.
"""

import os

__all__ = ["rank", "world_size"]


def rank() -> int:
    """Return the number of this process among those started together, from 0 (RANK)."""
    return _read_variable("RANK", 0)


def world_size() -> int:
    """Return how many processes were started together, 1 if this one is alone (WORLD_SIZE)."""
    return max(1, _read_variable("WORLD_SIZE", 1))


def _read_variable(name: str, default: int) -> int:
    text = os.environ.get(name, "")
    return int(text) if text.isdecimal() else default
