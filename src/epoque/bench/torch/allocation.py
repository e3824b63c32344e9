"""The C library's memory, kept for the next step instead of being given back after each."""

import ctypes
import sys
from typing import Any

__all__ = ["keep_freed_memory", "reserved_memory"]

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""Parameters of glibc's mallopt (malloc.h)."""
_LARGE = 2**30


class _MemoryInfo(ctypes.Structure):
    """What glibc's mallinfo2 returns (malloc.h)."""

    _fields_ = [(name, ctypes.c_size_t) for name in (
        "arena", "ordblks", "smblks", "hblks", "hblkhd",
        "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost",
    )]  # fmt: skip


def keep_freed_memory() -> bool:
    """Tell glibc to reuse large blocks: a CPU spares a tenth to a third of its time.

    By default it asks the system for each block of some megabytes and gives it back as soon as it
    is free; every page of it is then cleared and mapped anew in every step. What is kept, 2 GiB at
    most, is given back when the process ends.

    Returns:
        Whether the C library was told; false where it is another one, or refuses.
    """
    mallopt = _of_library("mallopt")
    if mallopt is None:
        return False
    return bool(mallopt(_MMAP_THRESHOLD, _LARGE)) and bool(mallopt(_TRIM_THRESHOLD, 2 * _LARGE - 1))


def reserved_memory() -> int:
    """Return how many bytes this process holds that are free to be used again.

    What is free to other processes does not count them; 0 where the C library does not tell.
    """
    mallinfo = _of_library("mallinfo2")
    if mallinfo is None:
        return 0
    mallinfo.restype = _MemoryInfo
    return int(mallinfo().fordblks)


def _of_library(name: str) -> Any:
    """Return a function of the C library, or None where there is none of this name."""
    return getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None
