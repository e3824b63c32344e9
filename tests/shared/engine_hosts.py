"""Trainings of the live engine in Node and in Chromium, to hold against those in Python."""

import base64
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from browser import open_chromium
from node import run_node

from epoque.bench.live_engine import read_manifest
from epoque.bench.live_engine.module import engine_bytes

__all__ = ["Jobs", "compute_in_chromium", "compute_in_node", "list_jobs"]

HOST = Path(__file__).with_name("engine_host.mjs")

Jobs = list[dict[str, Any]]


def list_jobs(
    lab: str,
    configs: Sequence[Mapping[str, Any]],
    iterations: int,
    points: Sequence[list[list[float]] | None] | None = None,
) -> Jobs:
    """Return trainings (path of a setting to value, points of one's own) as the host takes them."""
    manifest = read_manifest(lab)
    slots = [manifest.encode(values).tolist() for values in configs]
    plain = [[None if math.isnan(value) else value for value in row] for row in slots]
    rows = points or [None] * len(plain)
    return [
        {"lab": lab, "slots": slots, "points": own, "iterations": iterations}
        for slots, own in zip(plain, rows, strict=True)
    ]


def compute_in_node(jobs: Jobs, folder: Path) -> list[str]:
    """Return the digest of each training's state in Node."""
    (folder / "engine.wasm").write_bytes(engine_bytes())
    (folder / "jobs.json").write_text(json.dumps(jobs))
    text = run_node(HOST, folder / "engine.wasm", folder / "jobs.json")
    return [result["digest"] for result in json.loads(text)]


def compute_in_chromium(jobs: Jobs) -> list[str]:
    """Return the digest of each training's state in Chromium."""
    host = HOST.read_text().partition("if (typeof process")[0].replace("export ", "")
    module = base64.b64encode(engine_bytes()).decode()
    with open_chromium() as browser:
        page = browser.new_page()
        page.add_script_tag(content=host)
        results = page.evaluate(
            "({ module, jobs }) => computeDigests("
            "Uint8Array.from(atob(module), (letter) => letter.charCodeAt(0)), jobs)",
            {"module": module, "jobs": jobs},
        )
    return [result["digest"] for result in results]
