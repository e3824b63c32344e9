"""Which share of a row's power stands still: of waves that stand, and of waves that run."""

import numpy as np
import pytest

from epoque.stylegan3.measures.slice_figure import still_power

FRAMES, WIDTH = 32, 64


def _row(cycles, periods):
    """A wave of so many cycles that runs through so many periods."""
    place, time = np.arange(WIDTH) / WIDTH, np.arange(FRAMES)[:, None] / FRAMES
    wave = 127 + 100 * np.sin(2 * np.pi * (cycles * place - periods * time))
    pixels = np.repeat(wave[..., None], 4, -1)
    pixels[..., 3] = 255
    return pixels.round().astype(np.uint8)


def test_what_stands_and_what_runs():
    still, running = still_power(_row(12, 0)), still_power(_row(12, 1))
    assert list(still) == ["1–2", "2–4", "4–8", "8–16", "16–32"]
    assert still["8–16"] == pytest.approx(1)
    assert running["8–16"] < 0.01


def test_a_row_without_power_has_no_share_and_unknown_columns_are_left_out():
    flat = np.full((FRAMES, WIDTH, 4), 255, np.uint8)
    assert set(still_power(flat).values()) == {None}
    pixels = _row(12, 1)
    pixels[FRAMES // 2 :, : WIDTH // 4, 3] = 0
    pixels[:, : WIDTH // 4, :3] = 0
    assert still_power(pixels)["8–16"] < 0.05
