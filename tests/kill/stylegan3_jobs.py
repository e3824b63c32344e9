"""A training of image networks, the making of a set of images, and an import."""

import io
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "stylegan3"))

import numpy as np
import pandas  # noqa: F401
import torch
from killing import Job, files_in
from PIL import Image
from small import small

import epoque.stylegan3.training.evaluate
import epoque.stylegan3.training.train  # noqa: F401
from epoque import stylegan3
from epoque.bench.runs.execute import execute, start
from epoque.bench.seeds import numpy_rng
from epoque.stylegan3.config import StyleGan3Config
from epoque.stylegan3.dataset.build import build_dataset
from epoque.stylegan3.dataset.sources import open_source
from epoque.stylegan3.lab import LAB
from epoque.stylegan3.official import convert

TINY: dict[str, Any] = {
    "cbase": 64,
    "cmax": 8,
    "z_dim": 8,
    "w_dim": 8,
    "map_depth": 1,
    "layers": 4,
    "batch": 4,
    "mbstd_group": 2,
    "log_every": 1,
    "snapshot_images": 3,
    "device": "cpu",
    "kimg": 0.016,
    "checkpoint_every": 1,
}


torch.set_num_threads(1)


def jobs(root: Path) -> Iterator[Job]:
    """Yield the jobs."""
    pictures = _pictures(root / "pictures")
    for name in ("set.zip", "set"):
        work = partial(_make, pictures, name)
        yield Job(f"dataset-{name}", work, files_in)
    yield Job("import", partial(_import, root), _new)
    build_dataset(open_source(pictures), root / "set.zip")
    config = StyleGan3Config(**TINY, data=str(root / "set.zip"))
    yield Job("stylegan3", partial(_train, config), _run, warm=True)


def _pictures(folder: Path) -> Path:
    folder.mkdir()
    rng = numpy_rng(5, "pictures")
    for number in range(10):
        levels = rng.integers(0, 255, (16, 16, 3), np.uint8)
        Image.fromarray(levels).save(folder / f"{number}.png")
    return folder


def _run(folder: Path) -> dict[str, bytes]:
    return files_in(folder / "run")


def _new(folder: Path) -> dict[str, bytes]:
    return files_in(folder / "new")


def _make(pictures: Path, name: str, folder: Path) -> None:
    if not (folder / name).exists():
        build_dataset(open_source(pictures), folder / name)


def _import(root: Path, folder: Path) -> None:
    """Do as `epoque stylegan3 import` does, but for reading the file."""
    (root / "official.pkl").write_bytes(b"\x80\x04N.")
    read: Any = convert
    read.read_snapshot = lambda _: SimpleNamespace(name="official.pkl")
    read.make_card = lambda _snapshot, name: {"network": name}
    read.load_official_network = lambda _snapshot, name: small(seed=len(name)).generator
    if not (folder / "new/G_ema.json").exists():
        with redirect_stdout(io.StringIO()):
            stylegan3.import_network(root / "official.pkl", out=folder / "new")


def _train(config: StyleGan3Config, folder: Path) -> None:
    run = start(LAB, config, "stylegan3/tiny", folder, "run")
    if not run.is_complete:
        execute(run, draw=False)
