"""Progress: the one way in which long work says how far it is.

Whoever works calls a `Progress`; whoever shows (a bar, a sink, a notebook) is one. A function that
takes long has a parameter `progress: Progress = no_progress`.
"""

from collections.abc import Callable
from typing import Protocol

__all__ = ["Notify", "Progress", "no_progress"]

Notify = Callable[[str], None]
"""Receives a sentence that the user should read."""


class Progress(Protocol):
    """Receives how far some work is."""

    def __call__(self, done: int, total: int | None, what: str = "", /) -> None:
        """Take note of it.

        Args:
            done: how much is done, in units of the work's own (steps, images, bytes), 0 … `total`.
            total: how much there is, at least 1; None if that is not known.
            what: what is being done; empty where whoever shows it knows.
        """


def no_progress(done: int, total: int | None, what: str = "") -> None:
    """Show nothing."""
