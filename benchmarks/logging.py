"""How many metric lines a second reach a run folder, beside the plainest way to write them."""

import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np

from epoque.bench.events import Metrics
from epoque.bench.runs.run_writer import RunWriter, create_run
from epoque.neuron.config import NeuronConfig

__all__ = ["rows"]

LINES = 50_000
TARGET = 50_000
NAMES = ("error", "error_max", "error_mean", "error_rms", "cross_entropy", "w0", "w1", "w2")


def rows() -> list[dict[str, str]]:
    """Return the measurement: lines a second of 8 numbers each, the median of five rounds.

    The baseline is `json.dumps`, `write` and `flush` for each line, which is what a script does
    that wants its curve on the disk if it crashes. Both are measured in turn.
    """
    events = _events()
    with tempfile.TemporaryDirectory() as folder:
        rounds = [(_rate(_plain, events, folder), _rate(_ours, events, folder)) for _ in range(5)]
    baseline, measured = (median(rates) for rates in zip(*rounds, strict=True))
    return [
        {
            "name": "metric lines a second into a run folder, 8 numbers each",
            "baseline": f"json.dumps, write, flush: {baseline:,.0f}",
            "measured": f"{measured:,.0f}",
            "ratio": f"{measured / baseline:.1f}×",
            "target": f"at least {TARGET:,}",
        }
    ]


def _events() -> list[Metrics]:
    table = np.random.default_rng(0).normal(size=(LINES, len(NAMES))).tolist()
    return [Metrics(step, dict(zip(NAMES, row, strict=True))) for step, row in enumerate(table, 1)]


def _rate(write: Callable[[list[Metrics], Path], int], events: list[Metrics], folder: str) -> float:
    place = Path(tempfile.mkdtemp(dir=folder))
    began = time.perf_counter()
    written = write(events, place)
    seconds = time.perf_counter() - began
    assert written == len(events)
    return written / seconds


def _plain(events: list[Metrics], place: Path) -> int:
    with (place / "metrics.jsonl").open("w") as file:
        for event in events:
            file.write(json.dumps({"step": event.step, **event.values}) + "\n")
            file.flush()
    return (place / "metrics.jsonl").read_bytes().count(b"\n")


def _ours(events: list[Metrics], place: Path) -> int:
    """Create a run folder, log to it, close it."""
    run = create_run(place, "neuron", "neuron/and", NeuronConfig())
    folder = RunWriter(run)
    for event in events:
        folder.log(event)
    folder.close("finished")
    return (run.path / "metrics.jsonl").read_bytes().count(b"\n")


if __name__ == "__main__":
    for row in rows():
        print(row)
