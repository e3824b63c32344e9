"""The images of a training: their order, their labels, what cannot be used."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from epoque.bench.errors import DataError
from epoque.stylegan3.config import StyleGan3Config
from epoque.stylegan3.pictures.picture_grid import grid_of
from epoque.stylegan3.training.data import avatars, load

Make = Callable[..., StyleGan3Config]
CPU = torch.device("cpu")


@pytest.mark.parametrize("count", [3, 10, 25])
def test_every_image_comes_once_before_any_comes_again(tiny: Make, count: int) -> None:
    images = load(tiny())
    rows = np.concatenate([images.rows(seen, count) for seen in range(0, 10 * count, count)])
    for start in range(0, len(rows), 10):
        assert sorted(rows[start : start + 10]) == list(range(10))
    assert rows[:10].tolist() != rows[10:20].tolist()


def test_mirror_images_follow_their_images(tiny: Make) -> None:
    images = load(tiny(mirror=True, cond=True))
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
    images = load(tiny())
    assert images.shape.labels == 0
    assert images.labels(np.arange(3), CPU).shape == (3, 0)
    assert images.fingerprint != load(tiny(cond=True)).fingerprint


def single(path: Path, size: int) -> str:
    png = io.BytesIO()
    Image.new("RGB", (size, size)).save(png, "PNG")
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("a.png", png.getvalue())
    return str(path)


@pytest.mark.parametrize("size", [8, 24])
def test_images_of_a_wrong_size_are_told(tiny: Make, tmp_path: Path, size: int) -> None:
    with pytest.raises(DataError, match=f"{size}×{size} pixels; a power of two from 16"):
        load(tiny(data=single(tmp_path / "one.zip", size)))


def test_missing_labels_and_images_are_told(tiny: Make, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has no labels; cond needs some"):
        load(tiny(data=single(tmp_path / "one.zip", 16), cond=True))
    with pytest.raises(DataError, match="does not exist"):
        load(tiny(data=str(tmp_path / "none.zip")))


def test_portraits_are_drawn_once() -> None:
    pytest.importorskip("python_avatars")
    pytest.importorskip("resvg_py")
    path = avatars(16, 16)
    drawn = path.stat().st_mtime_ns
    images = load(StyleGan3Config(avatars=16, resolution=16, cond=True))
    assert avatars(16, 16).stat().st_mtime_ns == drawn
    assert (len(images), images.shape.resolution, images.shape.channels) == (16, 16, 3)
    assert images.shape.labels > 10


def test_a_grid_is_filled_row_by_row() -> None:
    images = np.arange(5, dtype=np.uint8)[:, None, None, None].repeat(3, 3)
    assert grid_of(images, 3)[:, :, 0].tolist() == [[0, 1, 2], [3, 4, 255]]
    assert grid_of(images[..., :1]).shape == (2, 4)
