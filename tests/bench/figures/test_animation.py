"""Animations: as many frames as given, in WebP and GIF, the same bytes each time."""

import numpy as np
import pytest
from PIL import Image

from epoque.bench.errors import RunWriteError
from epoque.bench.figures.animation import choose_log_spaced, save_animation


@pytest.mark.parametrize(
    ("steps", "count", "chosen"),
    [
        ([0], 5, [0]),
        ([0, 1], 5, [0, 1]),
        (list(range(1001)), 4, [0, 9, 99, 1000]),
        (list(range(0, 1001, 10)), 4, [0, 10, 100, 1000]),
        ([5, 6, 7], 2, [5, 7]),
        ([0, 1, 2, 100], 3, [0, 2, 100]),
    ],
)
def test_log_spaced(steps, count, chosen):
    assert choose_log_spaced(steps, count) == chosen


def test_log_spaced_shows_the_beginning():
    chosen = choose_log_spaced(list(range(100_001)), 48)
    assert len(set(chosen)) == 48
    assert chosen[:4] == [0, 1, 2, 3]
    assert chosen[-1] == 100_000
    assert sum(step <= 1000 for step in chosen) > len(chosen) / 2


@pytest.mark.parametrize("length", [32, 33, 51, 500])
def test_as_many_are_chosen_as_there_are(length):
    chosen = choose_log_spaced(list(range(length)), 32)
    assert len(set(chosen)) == 32
    assert chosen == sorted(chosen)
    assert (chosen[0], chosen[-1]) == (0, length - 1)


def frames(count=5, height=40, width=60):
    pictures = np.full((count, height, width, 3), 255, np.uint8)
    for i, picture in enumerate(pictures):
        picture[:, : 10 * (i + 1)] = (0, 85, 165)
    return list(pictures)


@pytest.mark.parametrize("kind", ["webp", "gif"])
def test_every_frame_is_there(tmp_path, kind):
    save_animation(frames(), tmp_path / "boundary", frame_ms=70, hold_ms=1500)
    with Image.open(tmp_path / f"boundary.{kind}") as image:
        assert image.n_frames == 5
        assert image.size == (60, 40)
        assert image.info["loop"] == 0
        for i in range(5):
            image.seek(i)
            shown = np.asarray(image.convert("RGB"), int)
            assert np.abs(shown[20, 10 * i + 5] - [0, 85, 165]).max() < 12
            assert shown[20, min(10 * i + 15, 59)].min() > 240
            assert image.info.get("duration", 0) in ((70, 0) if i < 4 else (1500, 0))


def test_one_frame_is_enough(tmp_path):
    save_animation(frames(1), tmp_path / "one")
    with Image.open(tmp_path / "one.gif") as image:
        assert getattr(image, "n_frames", 1) == 1


def test_same_frames_same_bytes(tmp_path):
    save_animation(frames(), tmp_path / "a")
    save_animation(frames(), tmp_path / "b")
    for kind in ("webp", "gif"):
        assert (tmp_path / f"a.{kind}").read_bytes() == (tmp_path / f"b.{kind}").read_bytes()


def test_a_folder_that_is_gone_is_one_clear_error(tmp_path):
    with pytest.raises(RunWriteError, match="the folder does not exist"):
        save_animation(frames(), tmp_path / "gone" / "a")
