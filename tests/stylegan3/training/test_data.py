"""The images of a training: their order, their labels, what cannot be used."""

import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from epoque.bench.errors import DataError
from epoque.bench.progress import Progress
from epoque.bench.runs.run import Run
from epoque.bench.seeds import numpy_rng
from epoque.stylegan3.config import StyleGan3Config
from epoque.stylegan3.generation.image_grid import make_grid
from epoque.stylegan3.lab import LAB
from epoque.stylegan3.official import fetch as official_fetch
from epoque.stylegan3.training import data, transfer
from epoque.stylegan3.training import metrics as measuring
from epoque.stylegan3.training.data import draw_avatars, load_images
from epoque.stylegan3.training.train import train

Make = Callable[..., StyleGan3Config]
CPU = torch.device("cpu")


@pytest.mark.parametrize("count", [3, 10, 25])
def test_every_image_comes_once_before_any_comes_again(tiny: Make, count: int) -> None:
    images = load_images(tiny())
    rows = np.concatenate([images.rows(seen, count) for seen in range(0, 10 * count, count)])
    for start in range(0, len(rows), 10):
        assert sorted(rows[start : start + 10]) == list(range(10))
    assert rows[:10].tolist() != rows[10:20].tolist()


def test_mirror_images_follow_their_images(tiny: Make) -> None:
    images = load_images(tiny(mirror=True, cond=True))
    assert len(images) == 20
    rows = np.arange(20)
    levels = images.levels(rows)
    assert np.array_equal(levels[10:], levels[:10, :, :, ::-1])
    assert np.array_equal(images.levels(rows), levels)  # from memory
    labels = images.labels(rows, CPU)
    assert torch.equal(labels[:10], labels[10:])
    assert labels[:4].tolist() == [[1, 0], [0, 1], [1, 0], [0, 1]]
    pixels = images.pixels(rows[:1], CPU)
    assert float(pixels.min()) >= -1
    assert float(pixels.max()) <= 1
    assert torch.equal(((pixels + 1) * 127.5).round().byte(), torch.from_numpy(levels[:1]))


def test_labels_are_left_out_unless_they_are_learned(tiny: Make) -> None:
    images = load_images(tiny())
    assert images.shape.labels == 0
    assert images.labels(np.arange(3), CPU).shape == (3, 0)
    assert images.fingerprint != load_images(tiny(cond=True)).fingerprint


def single(path: Path, size: int) -> str:
    png = io.BytesIO()
    Image.new("RGB", (size, size)).save(png, "PNG")
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("a.png", png.getvalue())
    return str(path)


@pytest.mark.parametrize("size", [8, 24])
def test_images_of_a_wrong_size_are_told(tiny: Make, tmp_path: Path, size: int) -> None:
    with pytest.raises(DataError, match=f"{size}×{size} pixels; a power of two from 16"):
        load_images(tiny(data=single(tmp_path / "one.zip", size)))


def test_missing_labels_and_images_are_told(tiny: Make, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has no labels; cond needs some"):
        load_images(tiny(data=single(tmp_path / "one.zip", 16), cond=True))
    with pytest.raises(DataError, match="there is no such file"):
        load_images(tiny(data=str(tmp_path / "none.zip")))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder of 40 pictures."""
    path = tmp_path / "set"
    path.mkdir()
    for number in range(40):
        levels = numpy_rng(number, "picture").integers(0, 256, (16, 16, 3), np.uint8)
        Image.fromarray(levels).save(path / f"{number:02d}.png")
    return path


@pytest.mark.parametrize("kept", [2**31, 0])
def test_a_bad_picture_is_told_before_the_first_step(
    tiny: Make, folder: Path, kept: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data, "KEPT", kept)
    bad = folder / "37.png"
    bad.write_bytes(bad.read_bytes()[:300])
    config = tiny(data=str(folder))
    told = rf"37.png is damaged .*; `epoque stylegan3 dataset check {folder}` tells all\.$"
    with pytest.raises(DataError, match=told):
        next(train(config))
    Image.new("RGB", (32, 32)).save(bad)
    with pytest.raises(DataError, match=r"not all alike: 37.png is 32×32"):
        next(train(config))
    bad.unlink()
    next(train(config))


def test_the_same_files_are_looked_at_once(
    tiny: Make, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("epoque.stylegan3.training.estimate.describe_cost", lambda *_: None)
    told: list[tuple[Any, ...]] = []
    config = tiny(data=str(folder))
    LAB.prepare(config, None, lambda *what: told.append(what))
    assert told == [(32, 40, "checking pictures"), (40, 40, "checking pictures")]
    LAB.prepare(config, None, lambda *what: told.append(what))
    assert len(told) == 2
    Image.new("RGB", (16, 16), "teal").save(folder / "40.png")
    LAB.prepare(config, None, lambda *what: told.append(what))
    assert told[2:] == [(32, 41, "checking pictures"), (41, 41, "checking pictures")]
    no_folder = folder / "00.png"
    monkeypatch.setenv("EPOQUE_CACHE", str(no_folder))
    LAB.prepare(config, None, lambda *what: told.append(what))  # nothing can be remembered there
    assert len(told) == 6


def test_other_pictures_of_the_same_names_are_another_set(
    tiny: Make, folder: Path, tmp_path: Path
) -> None:
    config = tiny(data=str(folder))
    first = load_images(config).fingerprint
    assert load_images(config).fingerprint == first
    changed = folder / "20.png"
    at = changed.stat().st_mtime_ns
    Image.new("RGB", (16, 16), (20, 0, 1)).save(changed)
    os.utime(changed, ns=(at, at + 1))
    assert load_images(config).fingerprint != first
    prints = set()
    for color in ("teal", "navy", "navy"):
        png = io.BytesIO()
        Image.new("RGB", (16, 16), color).save(png, "PNG", compress_level=0)
        with zipfile.ZipFile(tmp_path / "set.zip", "w") as file:
            file.writestr("0.png", (folder / "00.png").read_bytes())
            file.writestr("1.png", png.getvalue())
        prints.add(load_images(tiny(data=str(tmp_path / "set.zip"))).fingerprint)
    assert len(prints) == 2  # of the same bytes the same, whenever they were packed


def test_what_is_fetched_before_a_run_is_told(
    tiny: Make, monkeypatch: pytest.MonkeyPatch, finished_run: Run
) -> None:
    asked: list[str] = []

    def fetch(told: str, progress: Progress) -> None:
        asked.append(told)
        progress(1, 4, "fetching networks")
        progress(2, None, "fetching networks")

    for place in (official_fetch, transfer, measuring):
        monkeypatch.setattr(place, "fetch", fetch)
    monkeypatch.setattr("epoque.stylegan3.training.estimate.describe_cost", lambda *_: None)
    told: list[tuple[Any, ...]] = []
    settings = {"resume_from": "ffhq-256-t", "metrics": ("kid",), "inception": "https://x/i.pkl"}
    LAB.prepare(tiny(**settings), None, lambda *what: told.append(what))
    assert asked == ["ffhq-256-t", "https://x/i.pkl"]
    assert told[-2:] == [(1, 4, "fetching networks"), (2, None, "fetching networks")]
    LAB.prepare(tiny(resume_from=str(finished_run.path)), None, lambda *_: None)
    assert len(asked) == 2
    ours = str(finished_run.path)
    examined = StyleGan3Config(task="analyze", network="ffhq-256-r", against=ours)
    LAB.prepare(examined, None, lambda *_: None)
    assert asked[2:] == ["ffhq-256-r"]


def test_portraits_are_drawn_once() -> None:
    pytest.importorskip("python_avatars")
    pytest.importorskip("resvg_py")
    path = draw_avatars(16, 16)
    drawn = path.stat().st_mtime_ns
    images = load_images(StyleGan3Config(avatars=16, resolution=16, cond=True))
    assert draw_avatars(16, 16).stat().st_mtime_ns == drawn
    assert (len(images), images.shape.resolution, images.shape.channels) == (16, 16, 3)
    assert images.shape.labels > 10


def test_a_grid_is_filled_row_by_row() -> None:
    images = np.arange(5, dtype=np.uint8)[:, None, None, None].repeat(3, 3)
    assert make_grid(images, 3)[:, :, 0].tolist() == [[0, 1, 2], [3, 4, 255]]
    assert make_grid(images[..., :1]).shape == (2, 4)
