"""The 2-D GAN's page in Chromium: how soon it draws, how often, how fast it trains meanwhile.

    python -m benchmarks.pages --minutes 30     whether its memory stays flat while it plays

Needs Chromium and the built client. The page, its server and the engine share the machine's cores.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import quote

import psutil  # type: ignore[import-untyped]
from playwright.sync_api import sync_playwright
from websockets.sync.client import connect

from .studio import start_studio

SECONDS = 20
VISITS = 9
VISITS_TO_CACHE = 3
"""A browser keeps a page's compiled scripts once it was visited twice, and then uses them."""
PATIENCE = 60
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
PLAYING = "#/gan2d?v=1&recipe=ganlab-ring"
"""A link that names no pace: the page plays as fast as it goes."""
ON_SERVER = "#/gan2d?v=1&recipe=ganlab-ring&r1=0.1"
"""With a penalty that the browser's engine does not compute."""
FLAT = 0.05
"""By how much memory may grow between the first and the last quarter of a long play."""
WATCH = """
(() => {
  // A frame is drawn when the plane's canvas is filled with the color of its paper.
  window.frames_drawn = 0;
  const fill = CanvasRenderingContext2D.prototype.fillRect;
  CanvasRenderingContext2D.prototype.fillRect = function (x, y, width, height) {
    const isPlane = this.canvas.closest('.plate');
    if (isPlane && x === 0 && y === 0 && width >= 300) window.frames_drawn++;
    return fill.call(this, x, y, width, height);
  };
})()
"""
"""Runs before the page's own scripts: counts how often the plane is drawn."""
FIRST_FRAME = "performance.getEntriesByName('first frame')[0]?.startTime ?? 0"
"""The milliseconds from navigation to the plane's first points, 0 before: the page marks it."""
ALONE = 2.0
"""Seconds that a visit is left alone: whoever looks on makes a page slower."""


def rows() -> list[dict[str, str]]:
    """Measure and return the rows; none where there is no Chromium."""
    if shutil.which("chromium") is None:
        return []
    with start_studio() as address:
        cold = [_visit_anew(address) for _ in range(VISITS)]
        with _start_chromium() as port:
            cached = [_first_frame(port, address) for _ in range(VISITS_TO_CACHE + VISITS)]
        with _open_browser() as context:
            frames, rate = _play(context, address)
    load = f"load {os.getloadavg()[0]:.1f}"
    return [
        _row("from navigation to the first frame", f"{median(cold):.0f} ms", "< 600 ms"),
        _row(
            "the same, with the browser's cache",
            f"{median(cached[VISITS_TO_CACHE:]):.0f} ms",
            "< 300 ms",
        ),
        _row(
            f"ring, everything drawn ({load})",
            f"{frames:.1f} frames/s at {rate:,.0f} iterations/s",
            "≥ 30 frames/s at 6,000 iterations/s",
        ),
    ]


def _row(name: str, measured: str, target: str) -> dict[str, str]:
    name = f"GAN page: {name}"
    return {"name": name, "baseline": "", "measured": measured, "ratio": "", "target": target}


@contextmanager
def _open_browser() -> Iterator[Any]:
    """Yield a browser with a profile on disk, as a reader's has one: new, and gone afterwards."""
    executable = shutil.which("chromium")
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as profile:
        launch = playwright.chromium.launch_persistent_context
        context = launch(profile, executable_path=executable, args=FLAGS)
        try:
            yield context
        finally:
            context.close()


@contextmanager
def _start_chromium() -> Iterator[int]:
    """Yield the port at which a new browser, to which nothing is attached, opens pages."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        words = ["--headless=new", "--remote-debugging-port=0", "--window-size=1280,860"]
        command = [shutil.which("chromium") or "", *words, f"--user-data-dir={profile}", *FLAGS]
        with subprocess.Popen([*command, "about:blank"], stderr=subprocess.DEVNULL) as process:
            try:
                yield _read_port(Path(profile) / "DevToolsActivePort")
            finally:
                process.terminate()


def _read_port(path: Path) -> int:
    """Return what a browser writes into its profile once it listens."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        lines = path.read_text("utf-8").splitlines() if path.exists() else []
        if len(lines) > 1:
            return int(lines[0])
        time.sleep(0.05)
    raise TimeoutError(f"Chromium did not start in {PATIENCE} seconds")


def _visit_anew(address: str) -> float:
    with _start_chromium() as port:
        return _first_frame(port, address)


def _first_frame(port: int, address: str) -> float:
    """Open a tab and return the milliseconds from navigation to the first points on the plane."""
    page = quote(f"{address}{PLAYING}", safe="")
    tab = json.loads(_ask(port, f"new?{page}", "PUT"))
    time.sleep(ALONE)
    deadline = time.monotonic() + PATIENCE
    try:
        while time.monotonic() < deadline:
            if first := _evaluate(tab["webSocketDebuggerUrl"], FIRST_FRAME):
                return first
            time.sleep(ALONE)
    finally:
        _ask(port, f"close/{tab['id']}")
    raise TimeoutError(f"the page drew nothing in {PATIENCE} seconds")


def _ask(port: int, what: str, method: str = "GET") -> bytes:
    request = urllib.request.Request(f"http://127.0.0.1:{port}/json/{what}", method=method)
    with urllib.request.urlopen(request) as answer:
        content: bytes = answer.read()
    return content


def _evaluate(address: str, expression: str) -> float:
    """Return the number that an expression has in a tab."""
    with connect(address) as tab:
        asked = {"id": 1, "method": "Runtime.evaluate", "params": {"expression": expression}}
        tab.send(json.dumps(asked))
        return float(json.loads(tab.recv())["result"]["result"]["value"])


def _open(context: Any, address: str) -> Any:
    """Return the GAN's page once it has drawn the plane; it plays by itself."""
    page = context.new_page()
    page.add_init_script(WATCH)
    page.goto(address)
    # The page's policy forbids to evaluate text in it, as Playwright's own waiting does.
    _wait_for(page, lambda: page.evaluate(FIRST_FRAME), "the page drew nothing")
    return page


def _wait_until_playing(page: Any) -> None:
    _wait_for(page, lambda: _read_counter(page) > 0, "the page did not play")


def _wait_for(page: Any, is_so: Callable[[], Any], problem: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{problem} in {PATIENCE} seconds")
        page.wait_for_timeout(20)


def _play(context: Any, address: str) -> tuple[float, float]:
    """Return frames and iterations a second while it plays."""
    page = _open(context, f"{address}{PLAYING}")
    _wait_until_playing(page)
    page.wait_for_timeout(2000)
    before = _read_counter(page), page.evaluate("window.frames_drawn"), time.perf_counter()
    page.wait_for_timeout(SECONDS * 1000)
    after = _read_counter(page), page.evaluate("window.frames_drawn"), time.perf_counter()
    page.close()
    seconds = after[2] - before[2]
    return (after[1] - before[1]) / seconds, (after[0] - before[0]) / seconds


def _read_counter(page: Any) -> int:
    return int(re.sub(r"\D", "", page.text_content("output.counter")) or 0)


# --- A long play


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes in use while pages play.

    Attributes:
        heap: of the objects of both pages, after their garbage was collected.
        arrays: of the numbers that those hold.
        server: that the server and its workers have in memory.
        iterations: that the page with an engine of its own has done.
    """

    heap: int
    arrays: int
    server: int
    iterations: int


def measure_memory(minutes: float) -> list[Memory]:
    """Play two pages, one trained by the browser and one by the server; return their memory.

    Returns:
        A row for each of 32 moments, evenly over the time, printed as they come.
    """
    moments: list[Memory] = []
    with start_studio() as address, _open_browser() as context:
        pages = [_open(context, f"{address}{place}") for place in (PLAYING, ON_SERVER)]
        sessions = [context.new_cdp_session(page) for page in pages]
        for page in pages:
            _wait_until_playing(page)
        for _ in range(32):
            pages[0].wait_for_timeout(minutes * 60_000 / 32)
            usages = [_measure_heap(session) for session in sessions]
            heap, arrays = (sum(parts) for parts in zip(*usages, strict=True))
            moments.append(Memory(heap, arrays, _measure_server(), _read_counter(pages[0])))
            print(_write_moment(moments[-1]), flush=True)
    return moments


def _write_moment(moment: Memory) -> str:
    parts = {"heap": moment.heap, "arrays": moment.arrays, "server": moment.server}
    sizes = ", ".join(f"{name} {size / 1e6:.1f} MB" for name, size in parts.items())
    return f"{time.strftime('%H:%M:%S')}  {moment.iterations:,} iterations: {sizes}"


def find_growth(moments: list[Memory], part: str) -> float:
    """Return by what share a part's memory grew from the second quarter to the last.

    The first quarter fills what is kept of a training: the moments to scrub over, curves,
    checkpoints.
    """
    quarter = len(moments) // 4
    early = median(getattr(moment, part) for moment in moments[quarter : 2 * quarter])
    late = median(getattr(moment, part) for moment in moments[-quarter:])
    return late / early - 1


def _measure_heap(session: Any) -> tuple[int, int]:
    session.send("HeapProfiler.collectGarbage")
    usage = session.send("Runtime.getHeapUsage")
    return int(usage["usedSize"]), int(usage.get("backingStorageSize", 0))


def _measure_server() -> int:
    """Return the resident bytes of the studio that this process started, and of its workers."""
    commands = [child for child in psutil.Process().children() if "studio" in child.cmdline()]
    processes = [one for server in commands for one in (server, *server.children(recursive=True))]
    return sum(one.memory_info().rss for one in processes)


def main() -> int:
    """Play for some minutes and say whether the memory stayed flat; 1 if it grew."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pages", description=main.__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    moments = measure_memory(parser.parse_args().minutes)
    growths = {part: find_growth(moments, part) for part in ("heap", "arrays", "server")}
    print(", ".join(f"{part} {growth:+.1%}" for part, growth in growths.items()))
    return int(max(growths.values()) > FLAT)


if __name__ == "__main__":
    raise SystemExit(main())
