"""make_dataset, check_dataset and draw_avatars as Python functions."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import epoque
from epoque import stylegan3


def test_a_set_is_made_and_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for i in range(4):
        levels = np.random.default_rng(i).integers(0, 256, (20, 24, 3), np.uint8)
        Image.fromarray(levels).save(photos / f"{i}.png")
    built = stylegan3.make_dataset(
        photos, tmp_path / "set.zip", resolution=16, transform="center-crop", channels=1
    )
    assert (built.count, built.resolution, built.channels) == (4, 16, 1)
    checked = stylegan3.check_dataset(tmp_path / "set.zip")
    assert checked
    assert checked.report.count == 4
    assert capsys.readouterr() == ("", "")


def test_portraits_are_drawn(tmp_path: Path) -> None:
    pytest.importorskip("python_avatars")
    built = stylegan3.draw_avatars(tmp_path / "faces.zip", count=2, resolution=32, workers=1)
    assert built.has_labels
    assert built.count == 2


def test_what_is_wrong_is_told_by_python_names(tmp_path: Path) -> None:
    with pytest.raises(epoque.ConfigError) as caught:
        stylegan3.make_dataset(tmp_path, tmp_path / "a.zip", resolution="64y", limit=0)
    assert [problem.field for problem in caught.value.problems] == ["resolution", "limit"]
