"""The studio: how soon it answers, what its page weighs, how often a training there is seen."""

import gzip
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from websockets.sync.client import connect

from epoque.studio.client_files import check_client
from epoque.studio.frames import HEADER, MAGIC, VERSION, Kind, pack_json, read_message

SECONDS = 10
UNCOVERED = {"data": "ring", "d_steps": 3, "r1": 0.1}
"""A GAN with a penalty that the live engine does not compute: JAX trains it on the server."""


def rows() -> list[dict[str, str]]:
    """Measure and return the rows."""
    firsts = [measure_first_page() for _ in range(5)]
    frames, iterations = measure_session()
    return [
        {
            "name": "studio: from its start to the first page",
            "baseline": "",
            "measured": f"{median(firsts):.2f} s",
            "ratio": "",
            "target": "< 1 s",
        },
        {
            "name": "studio: a GAN with an R1 penalty, trained by JAX on the server",
            "baseline": "",
            "measured": f"{frames:.0f} frames/s at {iterations:,.0f} iterations/s",
            "ratio": "",
            "target": "≥ 25 frames/s",
        },
        {
            "name": "studio: scripts, styles and engine of the client, gzipped",
            "baseline": "",
            "measured": f"{measure_size(check_client()) / 1000:.0f} kB",
            "ratio": "",
            "target": "< 250 kB",
        },
    ]


def measure_first_page() -> float:
    """Return the seconds from starting the command to its page."""
    begin = time.perf_counter()
    with start_studio() as link, urllib.request.urlopen(link) as page:
        page.read()
        return time.perf_counter() - begin


def measure_size(client: Path) -> int:
    """Return the bytes of all scripts, styles and the engine, each compressed."""
    parts = [path for kind in ("js", "css", "wasm") for path in client.rglob(f"*.{kind}")]
    return sum(len(gzip.compress(path.read_bytes(), 9)) for path in parts)


@contextmanager
def start_studio() -> Iterator[str]:
    """Start `epoque studio` over no runs, and yield its link."""
    with tempfile.TemporaryDirectory() as folder:
        words = [sys.executable, "-u", "-m", "epoque", "studio", "--port", "0", "--runs", folder]
        process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            yield next(word for word in line.split() if word.startswith("http"))
        finally:
            process.terminate()
            process.communicate()


def measure_session() -> tuple[float, float]:
    """Return frames and iterations a second of a training that plays, once it was compiled."""
    with (
        start_studio() as link,
        connect(f"{link.replace('http', 'ws')}api/ws", max_size=None) as page,
    ):
        page.send(pack_json({"id": 1, "do": "open", "lab": "gan2d", "config": UNCOVERED}))
        steps: list[int] = []
        begin = 0.0
        while not begin or time.perf_counter() - begin < SECONDS:
            step = receive(page)
            if step:
                begin = begin or time.perf_counter()
                steps.append(step)
    return len(steps) / SECONDS, (steps[-1] - steps[0]) / SECONDS


def receive(page: Any) -> int:
    """Take a message as a page does: return a frame's step, else 0."""
    message = read_message(page.recv())
    if message.kind is Kind.FRAME:
        page.send(HEADER.pack(MAGIC, VERSION, Kind.ACK, message.layout, message.step, 0))
        return message.step
    if message.kind is Kind.JSON and message.json().get("reply") == 1:
        page.send(pack_json({"id": 2, "do": "play", "session": message.json()["session"]}))
    return 0
