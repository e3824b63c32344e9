"""Progress in a notebook: a bar that IPython displays, if IPython is what runs the code.

Nothing is imported for it: a notebook has imported IPython long before.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from typing import Any

from .progress import Progress, no_progress

__all__ = ["NotebookProgress", "default_progress", "in_notebook"]

SECONDS = 0.1
"""Between two pictures of a bar: more often would only fill the notebook's connection."""


def in_notebook() -> bool:
    """Return whether the code runs in a notebook, not in a terminal's IPython or plain Python."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell is not None and getattr(shell, "kernel", None) is not None


@contextmanager
def default_progress(progress: Progress | None) -> Iterator[Progress]:
    """Give what shows progress: what was given, else a bar in a notebook, else nothing."""
    if progress is not None or not in_notebook():
        yield progress or no_progress
        return
    bar = NotebookProgress()
    try:
        yield bar
    finally:
        bar.close()


class NotebookProgress:
    """A bar in the output of a notebook's cell, drawn from when it first moves."""

    def __init__(self) -> None:
        self._handle: Any = None
        self._last_draw = -SECONDS
        self._start = time.monotonic()

    def __call__(self, done: int, total: int | None, what: str = "") -> None:
        """Show how far it is; see `Progress`."""
        now = time.monotonic()
        if now - self._last_draw < SECONDS and done != total:
            return
        self._last_draw = now
        self._show(bar_html(done, total, what, now - self._start))

    def close(self) -> None:
        """Take the bar away: the results are what stays."""
        if self._handle is not None:
            self._show("")

    def _show(self, html: str) -> None:
        display = sys.modules["IPython"].display
        if self._handle is None:
            self._handle = display.display(display.HTML(html), display_id=True)
        else:
            self._handle.update(display.HTML(html))


def bar_html(done: int, total: int | None, what: str, seconds: float) -> str:
    """Return a bar: what is done, of how much, and for how long it has been going on."""
    share = f' value="{done}" max="{total}"' if total else ""
    of = f"{done:,} of {total:,}" if total else f"{done:,}" if done else ""
    caption = " · ".join(filter(None, (what, of, f"{seconds:.0f} s")))
    return (
        f'<div style="font:13px system-ui,sans-serif"><progress{share} style="width:16em;'
        f'vertical-align:middle"></progress> {escape(caption)}</div>'
    )
