"""An exported site in a browser, served by Python's own web server: no part of it needs Epoque."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from waiting import wait_for

from epoque.bench.lab import find_lab
from epoque.bench.recipes import find_recipe
from epoque.bench.runs.execute import execute, start
from epoque.studio.export import SiteOptions, export_site


@pytest.fixture(scope="module")
def site_address(built_client: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield the address of a site with one recording."""
    folder = tmp_path_factory.mktemp("site")
    lab = find_lab("gan2d")
    config = find_recipe("gan2d/ganlab-ring").build(
        lab.config_class, {"iterations": 200, "evaluate_every": 200}
    )
    execute(start(lab, config, "gan2d/ganlab-ring", folder / "runs", "ring"), draw=True)
    export_site(folder / "site", SiteOptions(folder / "runs", ["ring"]), print, built_client)
    command = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1"]
    words = [*command, "--directory", str(folder / "site")]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    yield re.findall(r"http://[\d.:]+", process.stdout.readline())[0]
    process.terminate()
    process.communicate()


def read_counter(page: Any) -> int:
    return int(re.sub(r"\D", "", page.text_content("output.counter")))


@pytest.mark.parametrize("route", ["/gan2d", "/neuron"])
def test_both_live_pages_train(watched: Any, site_address: str, route: str) -> None:
    page = watched.open(site_address, route, still=True)
    page.wait_for_selector("button.play:not([disabled])")
    page.keyboard.press("Space")
    wait_for(lambda: read_counter(page) >= 50, "50 iterations")


def test_a_run_is_a_recording_to_scrub(watched: Any, site_address: str, take_picture: Any) -> None:
    page = watched.open(site_address, "/runs", still=True)
    page.wait_for_selector("text=These are recordings")
    page.wait_for_selector("text=ring")
    page.goto(f"{site_address}/#/runs/ring")
    page.wait_for_selector("h2:has-text('Moments')")
    page.wait_for_selector(
        "h2:has-text('Moments') ~ * canvas, section:has(h2:has-text('Moments')) canvas"
    )
    take_picture(page, "site-run")
    slider = page.query_selector("section:has(h2:has-text('Moments')) input[type=range]")
    canvas = "document.querySelector('main section canvas').toDataURL()"
    before = page.evaluate(canvas)
    slider.focus()
    page.keyboard.press("Home")
    wait_for(lambda: page.evaluate(canvas) != before, "another moment's picture")
    assert page.is_disabled("button:has-text('Move to the trash')")


def test_what_needs_a_server_says_why(watched: Any, site_address: str) -> None:
    page = watched.open(site_address, "/gan2d?recipe=ganlab-ring&v=1&r1=0.1", still=True)
    page.wait_for_selector("text=/this page has none/")
    page.goto(f"{site_address}/#/lab/language")
    page.wait_for_selector("text=/no server|server/")
