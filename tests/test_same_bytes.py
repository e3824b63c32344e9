"""The same seed gives the same bytes: every file of a run, in processes that differ in all else."""

import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("numba")

from PIL import Image

from epoque.bench.seeds import numpy_rng

CHILD = Path(__file__).with_name("train_each_lab.py")

SHORT = {"device": "cpu", "log_every": 2, "threads": 2}
LANGUAGE = {
    **SHORT, "train_files": "texts/train.txt", "valid_files": "texts/valid.txt", "vocabulary": 300,
    "block_size": 16, "layers": 1, "width": 32, "heads": 2, "batch_size": 8, "max_steps": 6,
    "head": "full",
}  # fmt: skip
IMAGES = {
    **SHORT, "data": "halves.zip", "cbase": 64, "cmax": 8, "z_dim": 8, "w_dim": 8, "map_depth": 1,
    "batch": 4, "mbstd_group": 2, "snapshot_images": 3, "kimg": 0.008, "layers": 4, "cond": True,
    "metrics": "swd", "metrics_images": 16,
}  # fmt: skip
CONFIGS: dict[str, tuple[str, dict[str, Any]]] = {
    "neuron": ("neuron", {"model": "mlp", "iterations": 60, "truth_table": "xor"}),
    "gan2d": ("gan2d", {"iterations": 60, "checkpoint_every": 30, "evaluate_every": 30}),
    "language": ("language", {**LANGUAGE, "dropout": 0.1, "optimizer": "muon", "ema": 0.9}),
    "stylegan3": ("stylegan3", IMAGES),
}
FREE = ("commit",)
"""What environment.json may tell otherwise of two runs of one machine: a tree may be committed."""


BUSY = "import os; parent = os.getppid()\nwhile os.getppid() == parent: pass"
"""Works until the tests end, also where they are killed."""


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Train each lab twice, side by side and beside a process that does nothing but work."""
    root = tmp_path_factory.mktemp("same")
    places = [root / "here", root / "there" / "another folder"]
    for number, place in enumerate(places):
        _fill(place, time=10**9 * (number + 1))
    plain = {"LC_ALL": "C", "TZ": "UTC", "PYTHONHASHSEED": "1", "OMP_NUM_THREADS": "2"}
    other = {"LC_ALL": "fr_FR.UTF-8", "TZ": "Asia/Tokyo", "PYTHONHASHSEED": "2"}
    other |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    load = subprocess.Popen([sys.executable, "-c", BUSY])
    try:
        trained = [_train(places[0], plain, 0), _train(places[1], other, 1)]
        assert [process.wait() for process in trained] == [0, 0]
    finally:
        load.kill()
        load.wait()
    return places[0] / "runs", places[1] / "runs"


def _train(place: Path, more: dict[str, str], cores: int) -> "subprocess.Popen[bytes]":
    """Start the child in a folder, with its own home and cache, on so many cores; 0 is all."""
    env = {**os.environ, **more, "HOME": str(place / "home"), "EPOQUE_CACHE": str(place / "cache")}
    env |= {"OMP_WAIT_POLICY": "PASSIVE"}
    with (place / "configs.json").open("rb") as configs:
        return subprocess.Popen(
            [sys.executable, str(CHILD), "runs", str(cores)], cwd=place, env=env, stdin=configs
        )


def _fill(place: Path, time: int) -> None:
    """Write the data of all labs, as files that were changed at some time."""
    (place / "texts").mkdir(parents=True)
    (place / "home").mkdir()
    (place / "configs.json").write_text(json.dumps(CONFIGS))
    for name, count in (("train", 200), ("valid", 40)):
        drawn = numpy_rng(7, name).integers(6, size=(count, 3))
        lines = (" ".join(f"word{number}" for number in row) for row in drawn)
        (place / "texts" / f"{name}.txt").write_text("\n".join(lines) + "\n")
    _pictures(place / "halves.zip")
    for path in (*place.glob("texts/*"), place / "halves.zip"):
        os.utime(path, (time, time))


def _pictures(path: Path) -> None:
    rng, labels = numpy_rng(5, "pictures"), []
    with zipfile.ZipFile(path, "w") as file:
        for number in range(8):
            png = io.BytesIO()
            Image.fromarray(rng.integers(0, 255, (16, 16, 3), np.uint8)).save(png, "PNG")
            labels.append([name := f"img{number:08d}.png", number % 2])
            file.writestr(zipfile.ZipInfo(name), png.getvalue())
        file.writestr(zipfile.ZipInfo("dataset.json"), json.dumps({"labels": labels}))


def _files(run: Path) -> Iterator[str]:
    for path in sorted(run.rglob("*")):
        if path.is_file() and path.name not in ("status.json", ".lock"):
            yield path.relative_to(run).as_posix()


@pytest.mark.slow
@pytest.mark.parametrize("name", CONFIGS)
def test_two_runs_have_the_same_files(folders: tuple[Path, Path], name: str) -> None:
    one, other = (folder / name for folder in folders)
    names = list(_files(one))
    assert names == list(_files(other))
    assert {"config.json", "results.json", "metrics.jsonl"} < set(names)
    assert any(name.startswith("figures/") for name in names)
    told = [json.loads((run / "environment.json").read_text()) for run in (one, other)]
    assert {k: v for k, v in told[0].items() if k not in FREE} == {
        k: v for k, v in told[1].items() if k not in FREE
    }
    names.remove("environment.json")
    differ = [n for n in names if (one / n).read_bytes() != (other / n).read_bytes()]
    assert not differ
