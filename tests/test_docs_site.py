"""The documentation as a site: built without a warning, whole, quiet, and readable by everybody.

It is built once for all tests here, and read as a browser reads it.
"""

import functools
import importlib.util
import re
import sys
import threading
from collections.abc import Iterator
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from accessibility import AXE, check_axe
from browser import open_chromium, open_context

from epoque.bench.lab import find_lab
from epoque.bench.recipes import recipe_names

ROOT = Path(__file__).parents[1]
TOOLS = ROOT / "tools"
LABS = ("gan2d", "language", "neuron", "stylegan3")

if any(importlib.util.find_spec(name) is None for name in ("sphinx", "furo", "myst_parser")):
    pytest.skip(
        "the extra docs is not installed: pip install -e '.[docs]'", allow_module_level=True
    )

pytestmark = pytest.mark.slow


def load(name: str) -> ModuleType:
    """Return a tool as a module."""
    sys.path.insert(0, str(TOOLS))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(TOOLS))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the site; a warning of Sphinx would have ended the build."""
    folder = tmp_path_factory.mktemp("docs") / "site"
    load("build_docs").build(folder)
    return folder


class Links(HTMLParser):
    """The links, pictures, scripts and styles of a page, and its anchors."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(page.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.links += [v for k in ("href", "src") if (v := values.get(k))]
        self.anchors |= {v for k in ("id", "name") if (v := values.get(k))}


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Links]:
    return {page: Links(page) for page in sorted(site.rglob("*.html"))}


def test_every_link_leads_somewhere(site: Path, pages: dict[Path, Links]) -> None:
    dead = []
    for page, links in pages.items():
        for link in links.links:
            target = urlsplit(link)
            if target.scheme or link == "#":
                continue
            path = (page.parent / unquote(target.path)).resolve() if target.path else page
            is_there = path in pages or path.is_file()
            anchors = pages[path].anchors if path in pages else {target.fragment}
            if not is_there or (target.fragment and target.fragment not in anchors):
                dead.append(f"{page.relative_to(site)}: {link}")
    assert dead == []
    assert len(pages) > 40


def test_what_is_asked_for_lies_in_the_site(pages: dict[Path, Links]) -> None:
    """Links may lead out; what a page loads may not."""
    for page in pages:
        text = page.read_text("utf-8")
        loaded = re.findall(
            r"<(?:script|img|link|iframe|source)\b[^>]*(?:src|href)=\"([^\"]*)", text
        )
        assert [link for link in loaded if urlsplit(link).scheme not in ("", "data")] == [], page


def test_every_document_is_a_page(site: Path) -> None:
    source = load("docs_source")
    for path in source.documents():
        assert (site / source.page_of(path)).with_suffix(".html").is_file(), path


def test_settings_come_from_the_schema(site: Path) -> None:
    for lab in LABS:
        text = (site / "reference" / f"settings-{lab}.html").read_text("utf-8")
        for path in find_lab(lab).config_class.settings():
            assert f">{path}</span>" in text, f"{lab}: {path}"


def test_recipes_and_functions_are_there(site: Path) -> None:
    text = (site / "reference" / "recipes.html").read_text("utf-8")
    assert all(name in text for name in recipe_names() if name.split("/")[0] in LABS)
    text = (site / "reference" / "epoque.gan2d.html").read_text("utf-8")
    assert 'id="epoque.gan2d.film"' in text
    assert "In pixels." in text
    text = (site / "reference" / "commands.html").read_text("utf-8")
    assert all(f"epoque {words}" in text for words in ("sweep", "runs show", "gan2d film"))


def test_a_dead_link_is_refused(tmp_path: Path) -> None:
    source = load("docs_source")
    with pytest.raises(source.DeadLinkError, match=r"docs/gan2d\.md: gone\.md leads nowhere"):
        source.lead_links("See [it](gone.md).", "docs/gan2d.md", print)
    text = "A [file](../src/epoque/api.py), `[code](gone.md)`, [a page](runs.md#the-trash)."
    led = source.lead_links(text, "docs/gan2d.md", print)
    assert "(source/src/epoque/api.py.md)" in led
    assert "`[code](gone.md)`" in led
    assert "(runs.md#the-trash)" in led


# In a browser


class Quiet(SimpleHTTPRequestHandler):
    """Serves the site, and prints nothing."""

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    handler = functools.partial(Quiet, directory=str(site))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with open_chromium() as chromium:
        yield chromium


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Any]:
    """Yield a page; what it asks of another machine, or in vain, fails the test."""
    context = open_context(browser, viewport={"width": 360, "height": 740})
    page = context.new_page()
    wrong: list[str] = []
    page.on("request", lambda r: r.url.startswith((address, "data:")) or wrong.append(r.url))
    page.on("response", lambda r: r.status < 400 or wrong.append(f"{r.status} {r.url}"))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    yield page
    context.close()
    assert wrong == []


READ = ("index", "tutorials/neuron", "reference/settings-gan2d", "reference/epoque", "glossary")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_quiet_and_fit_a_phone(page: Any, address: str, scheme: str) -> None:
    if not AXE.is_file():
        pytest.skip("npm's packages are not installed: run `make client`")
    page.emulate_media(color_scheme=scheme)
    for name in READ:
        page.goto(f"{address}/{name}.html", wait_until="networkidle")
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 360, f"{name}: {width}"
        check_axe(page)


def test_search_finds_a_setting(page: Any, address: str) -> None:
    page.goto(f"{address}/search.html?q=equivariance")
    page.locator("#search-results li a").first.wait_for()
    assert "stylegan3" in page.locator("#search-results").inner_text().lower()
