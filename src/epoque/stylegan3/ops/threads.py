"""Work shared among as many threads as PyTorch may use.

The compiled loops let go of Python's lock. Which thread computes what is left to chance; what is
computed is not, so that the numbers are the same for any number of threads.
"""

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import numpy as np
import torch
from numpy.typing import NDArray

__all__ = ["room", "share"]

_PIECES = 4
"""Pieces a thread, so that none waits long for another that was held up."""

_own = threading.local()
_pool: ThreadPoolExecutor | None = None
_making = threading.Lock()


def share(work: Callable[[int, int], None], total: int, least: int) -> None:
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

    others = [_workers().submit(some) for _ in range(threads - 1)]
    some()
    for other in others:
        other.result()


def room(rows: int, size: int) -> NDArray[np.float32]:
    """Return this thread's working memory, [rows, at least `size`]; the content is whatever."""
    held: NDArray[np.float32] | None = getattr(_own, "room", None)
    if held is None or held.shape[0] < rows or held.shape[1] < size:
        held = _own.room = np.zeros((rows, size), np.float32)
    return held


def _workers() -> ThreadPoolExecutor:
    global _pool
    with _making:
        if _pool is None:
            _pool = ThreadPoolExecutor(max(1, (os.cpu_count() or 1) - 1), "epoque-filters")
        return _pool


def _forget() -> None:
    """Begin anew in a forked process, where the threads are not."""
    global _pool, _making
    _pool, _making = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
