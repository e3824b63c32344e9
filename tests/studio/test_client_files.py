"""The built client, alone as a static site serves it."""

import gzip
from pathlib import Path
from typing import Any

import pytest

MOST_BYTES = 250_000
"""Of all scripts, styles and the engine, of both languages, each compressed."""
WIDTHS = {360: 740, 768: 1024, 1280: 860, 2560: 1440}
PAGES = {"home": "/", "neuron": "/neuron", "gan2d": "/gan2d", "runs": "/runs"}


def test_the_client_is_small(built_client: Path) -> None:
    kinds = ("js", "css", "wasm")
    parts = [path for kind in kinds for path in built_client.rglob(f"*.{kind}")]
    sizes = {path.name: len(gzip.compress(path.read_bytes(), 9)) for path in parts}
    assert sum(sizes.values()) < MOST_BYTES, sizes


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("name", PAGES)
def test_each_page_opens_in_both_languages(
    watched: Any, static_address: str, name: str, language: str
) -> None:
    page = watched.open(static_address, PAGES[name], language=language)
    page.wait_for_selector("h1")
    assert page.evaluate("document.documentElement.lang") == language
    word = page.text_content("header nav li:last-child a")
    assert word == {"en": "Runs", "fr": "Exécutions"}[language]


def test_the_language_changes_and_stays(watched: Any, static_address: str) -> None:
    page = watched.open(static_address, "/runs")
    page.click("header button[lang=fr]")
    page.wait_for_function(
        "document.querySelector('header nav').textContent.includes('Exécutions')"
    )
    page.reload()
    page.wait_for_selector("h1")
    assert "Exécutions" in page.text_content("header nav")


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", PAGES)
def test_no_page_is_wider_than_its_window(
    watched: Any, static_address: str, take_picture: Any, name: str, width: int
) -> None:
    page = watched.open(static_address, PAGES[name], size=(width, WIDTHS[width]))
    page.wait_for_selector("h1")
    for dark in (False, True):
        page.emulate_media(color_scheme="dark" if dark else "light")
        take_picture(page, f"{name}-{width}-{'dark' if dark else 'light'}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_an_unknown_address_says_so(watched: Any, static_address: str) -> None:
    page = watched.open(static_address, "/nowhere/at/all")
    page.wait_for_selector("main p")
    assert "no such page" in page.text_content("main")
