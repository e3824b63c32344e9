"""Sharpness: waves lie in their octave, and the Laplacian is the Laplacian."""

import numpy as np
import pytest
import torch

from epoque.stylegan3.measures.sharpness import (
    edge_energies,
    edge_energy_percent,
    octave_decibels,
    octave_names,
    octave_powers,
)


def _wave(cycles, side=64, height=100):
    along = torch.arange(side, dtype=torch.float64) / side
    wave = torch.sin(2 * np.pi * cycles * along)[:, None].expand(side, side)
    return (128 + height * wave).round().to(torch.uint8).expand(1, 3, side, side)


@pytest.mark.parametrize(
    ("cycles", "octave"), [(3, "2–4"), (6, "4–8"), (12, "8–16"), (25, "16–32")]
)
def test_a_wave_lies_in_its_octave(cycles, octave):
    powers = octave_powers(_wave(cycles))[0]
    assert octave_names(64)[powers.argmax()] == octave
    assert powers.max() > 0.75 * powers.sum()  # the window widens a line


def test_octaves_go_up_to_the_finest_frequency():
    assert octave_names(64) == ["1–2", "2–4", "4–8", "8–16", "16–32"]
    assert octave_names(16) == ["1–2", "2–4", "4–8"]
    assert octave_names(48)[-1] == "8–16"
    grey = _wave(6)[:, :1]
    assert octave_powers(grey) == pytest.approx(octave_powers(_wave(6)))


def test_half_the_contrast_is_six_decibels_less():
    one, half = octave_powers(_wave(12)), octave_powers(_wave(12, height=50))
    assert octave_decibels(half, one)[3] == pytest.approx(-6.02, abs=0.1)
    energies = edge_energies(_wave(12, height=50)), edge_energies(_wave(12))
    assert edge_energy_percent(*energies) == pytest.approx(25, abs=1)


def test_the_laplacian_of_a_ramp_is_nothing_and_of_a_point_is_known():
    ramp = torch.arange(16, dtype=torch.uint8).expand(1, 1, 16, 16)
    assert edge_energies(ramp)[0, 0] == pytest.approx(0)
    point = torch.zeros(1, 1, 9, 9, dtype=torch.uint8)
    point[..., 4, 4] = 255
    assert edge_energies(point)[0, 0] == pytest.approx(20 / 49)  # (4² + 4 · 1²) over 7 × 7 pixels
