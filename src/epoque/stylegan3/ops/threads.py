"""Work shared among as many threads as PyTorch may use.

The compiled loops let go of Python's lock. Which thread computes what is left to chance; what is
computed is not, so that the numbers are the same for any number of threads.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import count

import torch

__all__ = ["parallel_for"]

_PIECES = 4
"""Pieces a thread, so that none waits long for another that was held up."""


def parallel_for(work: Callable[[int, int], None], total: int, least: int) -> None:
    """Call `work` with ranges that cover 0 to `total`, each at least `least` long."""
    threads = min(torch.get_num_threads(), total // max(1, least))
    if threads <= 1:
        work(0, total)
        return
    pieces = min(threads * _PIECES, total // max(1, least))
    numbers = count()

    def some() -> None:
        while (piece := next(numbers)) < pieces:
            work(total * piece // pieces, total * (piece + 1) // pieces)

    others = [_worker_pool(os.getpid()).submit(some) for _ in range(threads - 1)]
    some()
    for other in others:
        other.result()


@cache
def _worker_pool(process: int) -> ThreadPoolExecutor:
    """Return the other threads of a process; a forked one has none of its parent's."""
    return ThreadPoolExecutor(max(1, (os.cpu_count() or 1) - 1), f"filters-{process}")
