"""A film becomes a sheet to play, and a strip for paper."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from epoque.bench.figures.film import STILLS, Film, encode_sheet, encode_strip


def film(count: int = 9, side: int = 40) -> Film:
    frames = [np.full((side, side + 10, 3), 20 * i, np.uint8) for i in range(count)]
    return Film(frames, [f"iteration {i}" for i in range(count)])


def pixels(data: bytes) -> np.ndarray:
    with Image.open(BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"))


def test_a_sheet_has_all_frames_below_one_another() -> None:
    sheet = pixels(encode_sheet(film()))
    assert sheet.shape == (9 * 40, 50, 3)
    assert [int(sheet[40 * i + 20, 25, 0]) for i in range(9)] == [20 * i for i in range(9)]


def test_a_strip_has_the_first_and_the_last_among_some() -> None:
    strip = pixels(encode_strip(film()))
    assert strip.shape[0] == 40
    shown = [int(v) for v in dict.fromkeys(strip[20, :, 0].tolist()) if v != 255]
    assert shown == [0, 40, 80, 120, 160]
    assert len(shown) == STILLS


def test_a_short_film_is_shown_whole() -> None:
    assert pixels(encode_strip(film(2))).shape[1] == 2 * 50 + 12


def test_frames_of_many_colors_are_kept_well_enough() -> None:
    rng = np.random.default_rng(0)
    smooth = np.linspace(0, 255, 64 * 64 * 3).reshape(64, 64, 3)
    frames = [(smooth + rng.integers(0, 2, smooth.shape)).clip(0, 255).astype(np.uint8)]
    sheet = pixels(encode_sheet(Film(frames, ["one"])))
    assert np.abs(sheet.astype(float) - frames[0]).mean() < 6


def test_frames_differ_in_nothing_but_their_content() -> None:
    with pytest.raises(AssertionError, match="differ in size"):
        Film([np.zeros((2, 2, 3), np.uint8), np.zeros((3, 2, 3), np.uint8)], ["a", "b"])
