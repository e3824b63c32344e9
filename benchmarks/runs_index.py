"""The table of 50,000 runs."""

import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import median

from epoque.bench.files.atomic import encode_json
from epoque.bench.lab import find_lab
from epoque.bench.runs.creation_time import format_time
from epoque.bench.runs.index import RunsIndex
from epoque.bench.runs.index_filter import Query, parse_filters
from epoque.bench.runs.index_store import INDEX
from epoque.bench.runs.manifest import MANIFEST, digest_json
from epoque.bench.runs.run import Runs

COUNT = int(os.environ.get("EPOQUE_BENCH_RUNS", "50000"))
PAGE = 100
QUERIES = {
    "newest": ("", "created"),
    "of a lab, by a result": ("lab=gan2d", "sliced_w1"),
    "by a setting": ("", "generator.optimizer.learning_rate"),
    "by text": ("", "recipe"),
    "three filters": ("lab=gan2d generator.optimizer.learning_rate<0.005 sliced_w1>0.1", "seed"),
    "a part of a text": ("recipe~ring", "sliced_w1"),
    "two words": ("ring finished", "seconds"),
    "by a column that few have": ("", "final_error"),
}


def make_runs(root: Path, count: int) -> None:
    """Make finished runs of two labs as they leave them, metrics and checkpoints left out.

    The files are what a run writes, with its digests; they are written plainly, since a durable
    write takes 10 ms and this is about reading.
    """
    draw = random.Random(0)
    configs = {
        "gan2d": find_lab("gan2d").config_class().model_dump(mode="json"),
        "neuron": find_lab("neuron").config_class().model_dump(mode="json"),
    }
    began = datetime(2026, 1, 1, tzinfo=UTC)
    for number in range(count):
        moment = began + timedelta(seconds=number)
        lab = "gan2d" if number % 2 else "neuron"
        recipe = f"{lab}/{draw.choice(['ring', 'grid', 'moons', 'and', 'xor'])}"
        config = json.loads(json.dumps(configs[lab])) | {"seed": number}
        results: dict[str, float | str] = {f"result_{k}": draw.random() for k in range(12)}
        if lab == "gan2d":
            config["generator"]["optimizer"]["learning_rate"] = 10 ** draw.uniform(-4, -1)
            results["sliced_w1"] = draw.random()
        else:
            results["final_error"] = draw.random()
        path = root / f"{format_time(moment)}-{recipe.replace('/', '-')}"
        content = {"format": 1, "lab": lab, "recipe": recipe, "config": config}
        _write_run(path, content, results, moment.isoformat(timespec="milliseconds"))


def _write_run(path: Path, content: object, results: object, started: str) -> None:
    path.mkdir()
    files = {"config.json": content, "results.json": results}
    digests = {}
    for name, value in files.items():
        data = encode_json(value)
        (path / name).write_bytes(data)
        digests[name] = hashlib.sha256(data).hexdigest()
    environment = encode_json({"python": "3.11", "seed": 0})
    (path / "environment.json").write_bytes(environment)
    told = {"format": 1, "files": digests}
    manifest = encode_json(told | {"sha256": digest_json(told)})
    (path / MANIFEST).write_bytes(manifest)
    status = {"state": "finished", "reason": "", "started": started, "seconds": 1.0}
    status["files"] = {
        MANIFEST: hashlib.sha256(manifest).hexdigest(),
        "environment.json": hashlib.sha256(environment).hexdigest(),
    }
    (path / "status.json").write_bytes(encode_json(status | {"sha256": digest_json(status)}))


def _ask_anew(index: RunsIndex, query: Query) -> None:
    """Ask for a page of a question that was not asked before."""
    index._answers.clear()
    index.page(query)


def milliseconds(work: Callable[[], object], repetitions: int = 7) -> float:
    """Return the median of what some work takes."""
    times = []
    for _ in range(repetitions):
        began = time.perf_counter()
        work()
        times.append((time.perf_counter() - began) * 1000)
    return median(times)


def rows() -> list[dict[str, str]]:
    """Measure the first build, what a look at all folders takes, and pages of many kinds."""
    root = Path(tempfile.mkdtemp(prefix="epoque-runs-"))
    try:
        make_runs(root, COUNT)
        return measure(root)
    finally:
        shutil.rmtree(root, ignore_errors=True)


def measure(root: Path) -> list[dict[str, str]]:
    """Measure a folder of runs."""
    (root / INDEX).unlink(missing_ok=True)
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    told = list[int]()
    wall, cpu = time.perf_counter(), time.process_time()
    index = Runs(root).open_index()
    index.refresh(lambda done, *_: told.append(done))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    size = (root / INDEX).stat().st_size / 2**20
    made = [
        _row(f"first build of {COUNT:,} runs, load {load:.1f}", f"{wall:.1f} s, {cpu:.1f} s of CPU",
             f"progress told {len(told)} times; {size:.0f} MiB", "under 60 s"),
        _row("a look at every folder, nothing changed", f"{milliseconds(index.refresh, 3):.0f} ms",
             "", "none"),
    ]  # fmt: skip
    time.sleep(2.5)  # the last stamps are settled then
    for name, (line, sort) in QUERIES.items():
        filters, words = parse_filters(line)
        for place in ("first", "last"):
            query = Query(filters, words, sort, limit=PAGE)
            total = index.page(query).total
            offset = 0 if place == "first" else max(0, total - PAGE)
            query = Query(filters, words, sort, offset=offset, limit=PAGE)
            asked = milliseconds(partial(_ask_anew, index, query))
            again = milliseconds(partial(index.page, query))
            made.append(
                _row(f"{place} page of {PAGE}: {name}", f"{asked:.0f} ms, the next {again:.0f} ms",
                     f"{total:,} match", "under 100 ms")
            )  # fmt: skip
    index.close()
    command = [sys.executable, "-m", "epoque", "runs", "list", "--limit", "3", "--runs", str(root)]
    listed = milliseconds(lambda: subprocess.run(command, check=True, capture_output=True), 3)
    made.append(_row("`epoque runs list`, its process with all", f"{listed:.0f} ms", "", "none"))
    return made


def _row(name: str, measured: str, ratio: str, target: str) -> dict[str, str]:
    return {"name": name, "baseline": "", "measured": measured, "ratio": ratio, "target": target}


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        for one in rows():
            print(" | ".join(one[key] for key in ("name", "measured", "ratio", "target")))
