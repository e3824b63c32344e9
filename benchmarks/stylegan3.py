"""Image networks on the CPU: the compiled path against the plain one."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .commands import cpu_seconds

IMAGES = (
    # kind, resolution, images on the plain path, on the compiled one, what is hoped for
    ("t", 1024, 1, 4, "at least 20×, under 2 GB"),
    ("t", 256, 3, 8, "at least 15×"),
    ("r", 256, 2, 6, ""),
)
STEPS = (3, 9)
"""Of the training, on the plain path and on the compiled one."""


def rows() -> Iterator[dict[str, str]]:
    """Measure images, a training, and what comes before them; about 8 minutes on two cores."""
    for image in IMAGES:
        yield _image(*image)
    yield from _winograd()
    yield _training()
    yield _small()
    yield from _importing()


def _image(kind: str, size: int, plain: int, compiled: int, target: str) -> dict[str, str]:
    """Compare one image, made on both paths with the same weights."""
    with tempfile.TemporaryDirectory() as folder:
        files = [str(Path(folder) / f"{path}.npy") for path in ("reference", "auto")]
        before = _work("image", kind, size, "reference", plain, files[0])
        after = _work("image", kind, size, "auto", compiled, files[1])
        expected, image = (np.load(file) for file in files)
    off = abs(image - expected).max() / abs(expected).max()
    name = (
        f"config {kind.upper()}, one image of {size} × {size}, wall time; they differ by {off:.0e}"
    )
    return _row(name, before, after, "{:.2f} s", target)


def _winograd() -> Iterator[dict[str, str]]:
    """Compare images with Winograd's convolutions and without, and these with vectors or not."""
    with tempfile.TemporaryDirectory() as cache:  # compiled code does not tell its vectors' length
        scalar = _work("winograd", 256, 5, 1, env={"NUMBA_CACHE_DIR": cache})
    vectors = _work("winograd", 256, 5, 8)
    fast = statistics.median(vectors["with"])
    image = "config T, one image of 256 × 256, CPU time of one thread"
    for name, slow, target in (
        (f"{image}: 3 × 3 convolutions by Winograd's algorithm instead of PyTorch's",
         statistics.median(vectors["without"]), "at least 1.2×"),
        (f"{image}: Winograd's transforms on vectors (`ops.lanes`) instead of single samples",
         statistics.median(scalar["with"]), "at least 1.2×"),
    ):  # fmt: skip
        yield {
            "name": name,
            "baseline": f"{slow:.2f} s",
            "measured": f"{fast:.2f} s",
            "ratio": f"{slow / fast:.2f}×",
            "target": target,
        }


def _training() -> dict[str, str]:
    """Compare steps of a training of small networks."""
    before, after = _work("train", "reference", STEPS[0]), _work("train", "auto", STEPS[1])
    name = "training at 64 × 64, batch 8, widths up to 64: a step of both networks, wall time"
    return _row(name, before, after, "{:.2f} s", "at least 3×")


def _row(
    name: str, before: dict[str, Any], after: dict[str, Any], form: str, target: str
) -> dict[str, str]:
    slow, fast = (statistics.median(each["seconds"]) for each in (before, after))
    return {
        "name": name,
        "baseline": f"{form.format(slow)}, {before['peak'] / 1e9:.1f} GB",
        "measured": f"{form.format(fast)}, {after['peak'] / 1e9:.1f} GB",
        "ratio": f"{slow / fast:.1f}×",
        "target": target,
    }


def _small() -> dict[str, str]:
    """Measure an image of the package's own network."""
    process = _work("shipped", 12)
    return {
        "name": "avatars-t, one image of 64 × 64, once it is loaded, wall time",
        "baseline": "",
        "measured": f"{1000 * statistics.median(process['seconds']):.0f} ms",
        "ratio": "",
        "target": "under 100 ms",
    }


def _importing() -> Iterator[dict[str, str]]:
    """Measure what a listing waits for, and what an image does before anything is computed."""
    lab = "import epoque.stylegan3.lab"
    computing = f"{lab}, epoque.stylegan3.networks, epoque.stylegan3.ops.cpu"
    whats = {"the lab": lab, "the networks and the compiled path": computing}
    codes = ("import torch", *whats.values())
    torch, *ours = cpu_seconds(*((sys.executable, "-c", code) for code in codes))
    for what, measured in zip(whats, ours, strict=True):
        yield {
            "name": f"importing {what}, CPU time",
            "baseline": f"import torch {torch:.1f} s",
            "measured": f"{measured:.1f} s",
            "ratio": "",
            "target": "under 3 s",
        }


def _work(*words: object, env: Mapping[str, str] | None = None) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.stylegan3_work", *map(str, words)]
    process = subprocess.run(
        command, check=True, capture_output=True, text=True, env={**os.environ, **(env or {})}
    )
    result: dict[str, Any] = json.loads(process.stdout)
    return result
