"""Running out of memory, told in one sentence."""

from collections.abc import Iterator
from contextlib import contextmanager

from .errors import UsageError

__all__ = ["told_memory"]


@contextmanager
def told_memory(sentence: str) -> Iterator[None]:
    """Turn running out of memory into a sentence that names the settings to change.

    Raises:
        UsageError: instead of PyTorch's or Python's error.
    """
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not (isinstance(error, MemoryError) or _is_of_memory(error)):
            raise
        raise UsageError(sentence) from None


def _is_of_memory(error: Exception) -> bool:
    return any(t in str(error) for t in ("allocate memory", "out of memory", "ALLOC_FAILED"))
