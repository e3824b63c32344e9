"""Panics of libraries written in Rust, told as errors.

A tokenizer's pattern that backtracks for too long, or another input that a library did not think
of, ends in a `PanicException`, which is no `Exception`: nothing that catches errors catches it. The
library has also printed it, over many lines, before Python hears of it.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import BinaryIO

from ..errors import DataError

__all__ = ["describe_panic", "explain_panics", "is_panic"]

_HOLDING = Lock()
"""Standard error belongs to the whole process: only one block at a time may hold it back."""


def is_panic(error: BaseException) -> bool:
    """Return whether an exception stands for a panic; each library has such a class of its own."""
    return type(error).__name__ == "PanicException"


def describe_panic(what: str, panic: BaseException) -> str:
    """Return a panic in one sentence that begins with what was at work."""
    reason = (str(panic).splitlines() or ["no reason given"])[0].rstrip(".")
    return f"{what} failed inside a library: {reason}."


@contextmanager
def explain_panics(what: str) -> Iterator[None]:
    """Turn a panic inside the block into one sentence.

    What the block writes on standard error comes out at its end, without what a panic wrote.

    Args:
        what: what was at work, the beginning of the sentence: "The tokenizer gpt2".

    Raises:
        DataError: if a library panics.
    """
    with _hold_back() as output:
        try:
            yield
        except BaseException as error:
            if not is_panic(error):
                raise
            output.truncate(0)
            raise DataError(describe_panic(what, error)) from None


@contextmanager
def _hold_back() -> Iterator[BinaryIO]:
    """Keep what is written on standard error until the end of the block; give where it is kept."""
    from tempfile import TemporaryFile

    with TemporaryFile() as output:
        if not _HOLDING.acquire(blocking=False):
            yield output
            return
        try:
            with _redirect(output):
                yield output
        finally:
            _HOLDING.release()


@contextmanager
def _redirect(target: BinaryIO) -> Iterator[None]:
    try:
        sys.stderr.flush()
        stderr = os.dup(2)
    except (OSError, ValueError, AttributeError):  # there is no standard error, or it is closed
        yield
        return
    try:
        os.dup2(target.fileno(), 2)
        yield
    finally:
        sys.stderr.flush()
        os.dup2(stderr, 2)
        target.seek(0)
        with os.fdopen(stderr, "wb") as out:
            out.write(target.read())
