"""Running out of memory while a network is in use, told in one sentence."""

from functools import partial

from epoque.bench.system import memory

__all__ = ["explain_out_of_memory"]

explain_out_of_memory = partial(
    memory.explain_out_of_memory,
    "Memory ran out: a network of fewer pixels takes less, and so do fewer images or frames at a "
    "time, where their number can be told.",
)
"""Around what uses networks, and `@fitting()` on a command: `UsageError` instead of a traceback."""
