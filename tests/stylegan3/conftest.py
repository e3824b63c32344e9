import io
import json
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from epoque.bench.runs.execute import execute, start
from epoque.bench.runs.run import Run
from epoque.bench.seeds import numpy_rng
from epoque.stylegan3.config import StyleGan3Config
from epoque.stylegan3.lab import LAB
from epoque.stylegan3.ops.dispatch import use_backend

sys.path.insert(0, str(Path(__file__).parent))  # for the modules that tests share

TINY: dict[str, Any] = {
    "cbase": 64,
    "cmax": 8,
    "z_dim": 8,
    "w_dim": 8,
    "map_depth": 1,
    "batch": 4,
    "mbstd_group": 2,
    "log_every": 1,
    "snapshot_images": 3,
    "device": "cpu",
}
"""Networks and steps as small as they can be."""


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Compute on one thread: two gain nothing with networks this small."""
    torch.set_num_threads(1)


@pytest.fixture(params=["auto", "reference"])
def path(request):
    """Compute on each path in turn."""
    with use_backend(request.param):
        yield


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a set of ten pictures of two classes: bright at the left, bright at the right."""
    path = tmp_path_factory.mktemp("pictures") / "halves.zip"
    rng = numpy_rng(5, "pictures")
    labels = []
    with zipfile.ZipFile(path, "w") as file:
        for number in range(10):
            levels = rng.integers(0, 120, (16, 16, 3), np.uint8)
            side = number % 2
            levels[:, 8 * side : 8 * side + 8] += 130
            png = io.BytesIO()
            Image.fromarray(levels).save(png, "PNG")
            name = f"00000/img{number:08d}.png"
            file.writestr(name, png.getvalue())
            labels.append([name, side])
        file.writestr("dataset.json", json.dumps({"labels": labels}))
    return path


@pytest.fixture(scope="session")
def tiny(pictures: Path) -> Callable[..., StyleGan3Config]:
    """Return a config of a training of a second: so many steps, with some settings changed."""

    def make(steps: int = 3, **settings: Any) -> StyleGan3Config:
        told = {**TINY, "data": str(pictures), **settings}
        if told.get("cfg") != "stylegan2":
            told = {"layers": 4, **told}
        return StyleGan3Config(**{"kimg": steps * told["batch"] / 1000, **told})

    return make


@pytest.fixture(scope="session")
def finished_run(
    tiny: Callable[..., StyleGan3Config], tmp_path_factory: pytest.TempPathFactory
) -> Run:
    """Train a tiny run."""
    config = tiny(3, cond=True, snapshot_every=1)
    run = start(LAB, config, "stylegan3/tiny", tmp_path_factory.mktemp("runs"))
    return Run(execute(run, (), draw=False).path)
