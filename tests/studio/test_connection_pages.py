"""Pages in a browser whose training is on the server, or would be."""

import re
from typing import Any

import pytest
from waiting import wait_for

PENALTY = "/gan2d?recipe=ganlab-ring&v=1&r1=0.1"
"""The live engine does not compute this penalty: the server does."""


def read_counter(page: Any) -> int:
    return int(re.sub(r"\D", "", page.text_content("output.counter")))


def pixels(page: Any) -> str:
    return str(page.evaluate("document.querySelector('.plane canvas').toDataURL()"))


@pytest.fixture
def trained(watched: Any, studio_address: str) -> Any:
    """A page whose training the server has done some iterations of."""
    page = watched.open(studio_address, PENALTY, still=True)
    page.wait_for_selector("button.play:not([disabled])")
    page.keyboard.press("Space")
    wait_for(lambda: read_counter(page) >= 20, "20 iterations")
    return page


def test_what_the_browser_does_not_compute_the_server_does(trained: Any) -> None:
    page = trained
    page.keyboard.press("Space")
    wait_for(lambda: page.text_content("button.play").strip() != "Pause", "the pause")
    before, step = pixels(page), read_counter(page)
    page.keyboard.press(".")
    wait_for(lambda: read_counter(page) == step + 1, "one iteration")
    wait_for(lambda: pixels(page) != before, "another picture")


def test_a_blocked_websocket_is_said_and_the_browser_goes_on(
    watched: Any, studio_address: str
) -> None:
    watched.allowed += ["WebSocket connection", "ERR_"]
    page = watched.open(studio_address, "/", still=True, alone=True)
    page.context.add_init_script(
        """window.WebSocket = class extends EventTarget {
             constructor() { super(); setTimeout(() => this.onclose?.({}), 5); }
             close() {}
             send() {}
           };"""
    )
    page.goto(f"{studio_address}/#{PENALTY}")
    page.reload()
    page.wait_for_selector("text=/blocked|server is gone/")
    page.goto(f"{studio_address}/#/gan2d?recipe=ganlab-ring")
    page.wait_for_selector("button.play:not([disabled])")
    page.keyboard.press("Space")
    wait_for(lambda: read_counter(page) >= 100, "100 iterations of the browser's own engine")
