"""A studio to ask without a socket, and its pages in Debian's Chromium, watched: what goes wrong in
one fails the test.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any
from urllib.parse import urlsplit

import pytest
from browser import open_chromium, open_context
from starlette.testclient import TestClient
from waiting import PATIENCE

from epoque.studio.app import create_app
from epoque.studio.security import Access
from epoque.studio.state import StudioOptions

ROOT = Path(__file__).parents[2]
CLIENT = ROOT / "src" / "epoque" / "studio" / "client"
SCREENS = ROOT / "build" / "screens"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
BASE = "http://127.0.0.1:8787"


@pytest.fixture(scope="session")
def built_client() -> Path:
    """Return the folder of the built client."""
    if not (CLIENT / "index.html").is_file():
        pytest.skip("the client is not built: run `make client`")
    return CLIENT


# Of a module, not of the whole session: Playwright keeps an event loop of its own in this thread
# while it is open, and no other test could run one, or Playwright anew.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """Yield Debian's Chromium, steered by Playwright."""
    with open_chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def studio_address(built_client: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield the address of an `epoque studio` of this test run, with runs of its own."""
    runs = tmp_path_factory.mktemp("studio-runs")
    command = [sys.executable, "-u", "-m", "epoque", "studio", "--port", "0", "--runs", str(runs)]
    yield from serve(command)


@pytest.fixture(scope="session")
def serve_runs(built_client: Path) -> Iterator[Callable[[Path], str]]:
    """Yield what starts an `epoque studio` over a folder of runs, and returns its address."""
    command = [sys.executable, "-u", "-m", "epoque", "studio", "--port", "0", "--runs"]
    with ExitStack() as servers:
        yield lambda root: servers.enter_context(contextmanager(serve)([*command, str(root)]))


@pytest.fixture(scope="session")
def static_address(built_client: Path) -> Iterator[str]:
    """Yield the address of the built client alone, as a static site serves it."""
    yield from serve_folder(built_client)


@pytest.fixture(scope="session", name="serve")
def serve_fixture() -> Callable[[list[str]], Iterator[str]]:
    """Return what starts a server by its command, yields its address, and ends it."""
    return serve


def serve_folder(folder: Path) -> Iterator[str]:
    """Yield the address at which `python -m http.server` serves a folder."""
    command = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1"]
    yield from serve([*command, "--directory", str(folder)])


def serve(command: list[str]) -> Iterator[str]:
    """Start a server, yield the address in the first line that it prints, end it."""
    # What it says goes to a file: a server whose pipe is full, which nobody reads, stands still.
    with TemporaryFile("w+") as said:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, stderr=said)
        try:
            yield _read_address(process, said)
        finally:
            process.terminate()
            process.communicate(timeout=PATIENCE)


def _read_address(process: "subprocess.Popen[str]", said: IO[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    words = [word.strip("()<>.,") for word in line.split()]
    addresses = [word for word in words if word.startswith("http://")]
    if not addresses:
        process.kill()
        process.communicate()
        said.seek(0)
        pytest.fail(f"{process.args} printed {line!r} and no address; it said:\n{said.read()}")
    return addresses[0].rstrip("/")


class SharedPages:
    """Pages that the tests of a module have one after the other.

    A page's process has the client compiled: a page of its own for each test takes three times as
    long to open. What a test leaves in it (storage, routes, emulated media) goes when it is over.
    """

    def __init__(self, browser: Any) -> None:
        self._browser = browser
        self._idle: dict[tuple[str, bool], list[Any]] = {}

    def take(self, language: str, *, touch: bool) -> Any:
        """Return a page without a past, in a context that no other page is in."""
        idle = self._idle.setdefault((language, touch), [])
        return idle.pop() if idle else self.make(language, touch=touch).new_page()

    def make(self, language: str, *, touch: bool) -> Any:
        """Return a new context."""
        return open_context(
            self._browser,
            locale={"en": "en-US", "fr": "fr-FR"}[language],
            has_touch=touch,
            accept_downloads=True,
        )

    def give_back(self, page: Any, language: str, *, touch: bool) -> None:
        """Take away what a test left in a page; one that it closed or broke is gone."""
        from playwright.sync_api import Error

        try:
            _forget_past(page)
            self._idle[language, touch].append(page)
        except Error:
            page.context.close()


def _forget_past(page: Any) -> None:
    address = urlsplit(page.url)
    origin = f"{address.scheme}://{address.netloc}"
    page.unroute_all()
    page.goto(f"{origin}/icon.svg")  # what the page runs ends; only a page there clears its tab's
    page.evaluate("sessionStorage.clear()")
    session = page.context.new_cdp_session(page)
    session.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "all"})
    session.detach()


@pytest.fixture(scope="module")
def shared_pages(chromium: Any) -> SharedPages:
    """Return the pages that the tests of a module share."""
    return SharedPages(chromium)


@dataclass
class Watched:
    """A browser's pages, and what went wrong in them."""

    shared: SharedPages
    shares: bool = False
    taken: list[tuple[Any, str, bool]] = field(default_factory=list)
    contexts: list[Any] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    allowed: list[str] = field(default_factory=list)
    """Parts of console messages that a test expects."""
    listeners: list[tuple[Any, str, Any]] = field(default_factory=list)

    def open(
        self,
        address: str,
        route: str = "/",
        *,
        language: str = "en",
        size: tuple[int, int] = (1280, 860),
        dark: bool = False,
        touch: bool = False,
        still: bool = False,
        alone: bool = False,
    ) -> Any:
        """Return a page of the studio that has drawn its frame.

        Args:
            address: of the server.
            route: what follows "#": "/gan2d?seed=7".
            language: of the browser.
            size: of the window, in CSS pixels.
            dark: whether the system prefers dark colors.
            touch: whether the screen is touched.
            still: whether the system asks for reduced motion.
            alone: whether no other test may have the page or its context afterwards, since this
                one changes it for good.
        """
        if alone or not self.shares:
            context = self.shared.make(language, touch=touch)
            self.contexts.append(context)
            page = context.new_page()
        else:
            page = self.shared.take(language, touch=touch)
            self.taken.append((page, language, touch))
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.emulate_media(
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce" if still else "no-preference",
            forced_colors="none",
        )
        self.watch(page)
        page.goto(f"{address}/#{route}")
        page.wait_for_selector("main h1, main p")
        return page

    def watch(self, page: Any) -> None:
        """Note the page's console errors, uncaught errors and requests that leave this machine."""
        for event, listener in {
            "console": self._hear,
            "pageerror": lambda error: self.faults.append(f"uncaught: {error}"),
            "request": lambda request: self._check_address(request.url),
        }.items():
            page.on(event, listener)
            self.listeners.append((page, event, listener))

    def look_away(self) -> None:
        """Note no more of what the pages do."""
        for page, event, listener in self.listeners:
            page.remove_listener(event, listener)

    def _hear(self, message: Any) -> None:
        if message.type not in ("error", "warning"):
            return
        if not any(part in message.text for part in self.allowed):
            self.faults.append(f"console {message.type}: {message.text} ({message.location})")

    def _check_address(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("data", "blob") and parts.hostname not in LOOPBACK:
            self.faults.append(f"request to {url}")


@pytest.fixture(scope="module")
def shares_pages() -> bool:
    """Return whether the tests of a module may have one another's pages; a module says so."""
    return False


@pytest.fixture
def watched(shared_pages: SharedPages, shares_pages: bool) -> Iterator[Watched]:
    """Yield what opens pages; the test fails if anything went wrong in one of them."""
    watch = Watched(shared_pages, shares_pages)
    yield watch
    watch.look_away()  # what follows is nobody's page
    for context in watch.contexts:
        context.close()
    for page, language, touch in watch.taken:
        shared_pages.give_back(page, language, touch=touch)
    assert watch.faults == []


@pytest.fixture
def take_picture() -> Callable[[Any, str], Path]:
    """Return what saves a picture of a page in build/screens/ under a name."""

    def save(page: Any, name: str) -> Path:
        SCREENS.mkdir(parents=True, exist_ok=True)
        path = SCREENS / f"{name}.png"
        page.screenshot(path=str(path))
        return path

    return save


@pytest.fixture
def client_files(tmp_path: Path) -> Path:
    """A client as the build writes it: a page, and a script whose name holds its digest."""
    folder = tmp_path / "client"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>Epoque</title>")
    (folder / "assets/index-1a2b3c.js").write_text("export {};")
    return folder


@pytest.fixture
def options(tmp_path: Path) -> StudioOptions:
    return StudioOptions(tmp_path / "runs")


@pytest.fixture
def ask(options: StudioOptions, client_files: Path) -> Iterator[TestClient]:
    """Ask the studio as a page of its own does."""
    app = create_app(options, Access.of("127.0.0.1", 8787, None), client_files)
    with TestClient(app, base_url=BASE) as client:
        yield client
