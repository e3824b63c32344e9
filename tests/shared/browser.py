"""Debian's Chromium, steered by Playwright, as all tests start it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from waiting import PATIENCE

__all__ = ["open_chromium", "open_context", "wait_until"]

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
MILLISECONDS = 1000 * PATIENCE
"""After which what is waited for is taken to hang."""


@contextmanager
def open_chromium() -> Iterator[Any]:
    """Open the browser for as long as the block lasts; where there is none the test is skipped."""
    executable = shutil.which("chromium")
    if executable is None:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable, args=FLAGS, timeout=MILLISECONDS
        )
        yield browser
        browser.close()


def open_context(browser: Any, **options: Any) -> Any:
    """Return a context of a browser whose pages are waited for as long as a busy machine takes."""
    context = browser.new_context(**options)
    context.set_default_timeout(MILLISECONDS)
    return context


def wait_until(page: Any, expression: str, arg: object = None) -> None:
    """Wait until an expression of a page holds; it is asked ten times a second.

    Playwright asks at each frame, where what lays a page out or reads its pixels takes more of a
    processor than the page itself.
    """
    page.wait_for_function(expression, arg=arg, polling=100)
